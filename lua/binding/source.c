/* Data sets in Lua: sizes, examples, batches. */
#include "binding.h"

static neap_source *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_SOURCE);
}

static int source_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, NEAP_LUA_SOURCE);
    neap_source_close(*handle);
    *handle = NULL;
    return 0;
}

/* source(component) -> open data set */
static int new_source(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    void **handle = neap_lua_handle(L, NEAP_LUA_SOURCE);
    *handle = neap_source_open(instance);
    return *handle ? 1 : neap_lua_raise(L);
}

static int spec(lua_State *L)
{
    neap_spec own = {.size = sizeof own};
    neap_source_spec(check(L), &own);
    neap_lua_push_spec(L, &own);
    return 1;
}

static int count(lua_State *L)
{
    lua_pushinteger(L, neap_source_count(check(L)));
    return 1;
}

static int component(lua_State *L)
{
    neap_lua_push_instance(L, neap_source_instance(check(L)));
    return 1;
}

static int label_name(lua_State *L)
{
    lua_pushstring(L, neap_source_label_name(check(L), neap_lua_check_whole(L, 2)));
    return 1;
}

/* encoded_by() -> the fingerprint of the autoencoder whose moments these are, or nil */
static int encoded_by(lua_State *L)
{
    lua_pushstring(L, neap_source_encoded_by(check(L)));
    return 1;
}

/* encoded_from() -> the data set of the pictures as JSON, or nil */
static int encoded_from(lua_State *L)
{
    lua_pushstring(L, neap_source_encoded_from(check(L)));
    return 1;
}

/* Empty handles for a batch: x, then each kind of its condition. They are made before a scope is open. */
typedef struct slots {
    neap_tensor **x, **part[NEAP_CONDITION_KINDS];
} slots;

static slots make_slots(lua_State *L)
{
    slots to;
    luaL_checkstack(L, NEAP_CONDITION_KINDS + 4, "no room for a batch");
    to.x = neap_lua_slot(L);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        to.part[kind] = neap_lua_slot(L);
    return to;
}

static void fill_slots(const slots *to, const neap_batch *batch)
{
    *to->x = neap_keep(batch->x);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        *to->part[kind] = neap_keep(neap_condition_get(batch->condition, kind));
}

/* Pushes x, labels or nil, { kind = tensor }. */
static int push_batch(lua_State *L, const slots *to)
{
    const int first = lua_gettop(L) - NEAP_CONDITION_KINDS; /* the slot of x */
    lua_pushvalue(L, first);
    if (*to->part[NEAP_LABELS])
        lua_pushvalue(L, first + 1 + NEAP_LABELS);
    else
        lua_pushnil(L);
    lua_newtable(L);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++) {
        if (!*to->part[kind])
            continue;
        lua_pushvalue(L, first + 1 + kind);
        lua_setfield(L, -2, neap_condition_kind_name(kind));
    }
    return 3;
}

/* The whole numbers of the table at index 2, in a userdata that is left on the stack. */
static int64_t *read_indices(lua_State *L, lua_Integer *count)
{
    if (!lua_istable(L, 2))
        neap_lua_error(L, "read: expected a table of indices, got %s", luaL_typename(L, 2));
    *count = luaL_len(L, 2);
    int64_t *indices = lua_newuserdatauv(L, ((size_t)*count + 1) * sizeof *indices, 0);
    for (lua_Integer i = 0; i < *count; i++) {
        int whole;
        lua_geti(L, 2, i + 1);
        indices[i] = lua_tointegerx(L, -1, &whole);
        if (!whole || lua_type(L, -1) != LUA_TNUMBER)
            neap_lua_error(L, "read: expected whole numbers, got %s", luaL_tolstring(L, -1, NULL));
        lua_pop(L, 1);
    }
    return indices;
}

/* read({ index, ... }) -> x, labels, condition; indices from 0. labels may be nil; the condition is { kind = tensor }. */
static int read_examples(lua_State *L)
{
    neap_source *source = check(L);
    neap_batch read;
    lua_Integer rows;
    const int64_t *indices = read_indices(L, &rows);
    const slots to = make_slots(L);
    neap_scope scope = neap_scope_open();
    int status = neap_source_read(source, indices, rows, &read);
    if (status == 0)
        fill_slots(&to, &read);
    neap_scope_close(scope);
    return status < 0 ? neap_lua_raise(L) : push_batch(L, &to);
}

/* batch(step, count [, seed]) -> x, labels, condition: batch number `step`, from 1, of an endless shuffled pass */
static int batch(lua_State *L)
{
    neap_source *source = check(L);
    lua_Integer step = neap_lua_check_whole(L, 2), rows = neap_lua_check_whole(L, 3);
    neap_random root = {(uint64_t)neap_lua_opt_whole(L, 4, 0), 0};
    neap_batch read;
    if (step < 1 || rows < 1)
        return neap_lua_error(L, "batch: expected a step and a count from 1, got %d and %d", (int)step, (int)rows);
    const slots to = make_slots(L);
    neap_scope scope = neap_scope_open();
    const neap_batch_rows whole = {.count = rows};
    int status = neap_source_batch(source, neap_random_fork(root, "order"), step, &whole, &read);
    if (status == 0)
        fill_slots(&to, &read);
    neap_scope_close(scope);
    return status < 0 ? neap_lua_raise(L) : push_batch(L, &to);
}

static const luaL_Reg methods[] = {
    {"spec", spec}, {"count", count}, {"component", component}, {"label_name", label_name}, {"read", read_examples},
    {"batch", batch}, {"encoded_by", encoded_by}, {"encoded_from", encoded_from}, {NULL, NULL},
};

void neap_lua_open_source(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_SOURCE, methods, source_close);
    luaL_getmetatable(L, NEAP_LUA_SOURCE);
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -3, "source_methods"); /* lua/neap/dataset.lua adds to them */
    lua_pop(L, 1);
    lua_pushcfunction(L, new_source);
    lua_setfield(L, -2, "source");
}
