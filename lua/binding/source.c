/* Data sets in Lua: what they hold, examples, batches. */
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

/* source(component) */
static int new_source(lua_State *L)
{
    neap_instance *instance = neap_lua_check_instance(L, 1);
    void **handle = neap_lua_handle(L, NEAP_LUA_SOURCE);
    *handle = neap_source_open(instance);
    return *handle ? 1 : neap_lua_raise(L);
}

static int spec(lua_State *L)
{
    neap_lua_push_spec(L, neap_source_spec(check(L)));
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
    lua_pushstring(L, neap_source_label_name(check(L), luaL_checkinteger(L, 2)));
    return 1;
}

typedef struct pair {
    neap_tensor **x, **labels;
} pair;

static pair slots(lua_State *L)
{
    neap_tensor **x = neap_lua_slot(L);
    return (pair){x, neap_lua_slot(L)};
}

static int finish(lua_State *L, neap_scope scope, int status, const pair *to, neap_tensor *x, neap_tensor *labels)
{
    if (status == 0) {
        *to->x = neap_keep(x);
        *to->labels = neap_keep(labels);
    }
    neap_scope_close(scope);
    if (status < 0)
        return neap_lua_raise(L);
    if (!*to->labels) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return 2;
}

/* read({ index, ... }) -> x, labels; indices from 0 */
static int read_examples(lua_State *L)
{
    neap_source *source = check(L);
    neap_tensor *x, *labels;
    if (!lua_istable(L, 2))
        return neap_lua_error(L, "read: expected a table of indices, got %s", luaL_typename(L, 2));
    lua_Integer rows = luaL_len(L, 2);
    int64_t *indices = lua_newuserdatauv(L, ((size_t)rows + 1) * sizeof *indices, 0);
    for (lua_Integer i = 0; i < rows; i++) {
        int whole;
        lua_geti(L, 2, i + 1);
        indices[i] = lua_tointegerx(L, -1, &whole);
        if (!whole)
            return neap_lua_error(L, "read: expected whole numbers, got %s", luaL_tolstring(L, -1, NULL));
        lua_pop(L, 1);
    }
    pair to = slots(L);
    neap_scope scope = neap_scope_open();
    int status = neap_source_read(source, indices, rows, &x, &labels);
    return finish(L, scope, status, &to, x, labels);
}

/* batch(step, count [, seed]) -> x, labels: batch number `step`, from 1, of an endless shuffled pass */
static int batch(lua_State *L)
{
    neap_source *source = check(L);
    lua_Integer step = luaL_checkinteger(L, 2), rows = luaL_checkinteger(L, 3);
    neap_random root = {(uint64_t)luaL_optinteger(L, 4, 0), 0};
    neap_tensor *x, *labels;
    if (step < 1 || rows < 1)
        return neap_lua_error(L, "batch: expected a step and a count from 1, got %d and %d", (int)step, (int)rows);
    pair to = slots(L);
    neap_scope scope = neap_scope_open();
    int status = neap_source_batch(source, neap_random_fork(root, "order"), step, rows, &x, &labels);
    return finish(L, scope, status, &to, x, labels);
}

static const luaL_Reg methods[] = {
    {"spec", spec}, {"count", count}, {"component", component}, {"label_name", label_name}, {"read", read_examples},
    {"batch", batch}, {NULL, NULL},
};

void neap_lua_open_source(lua_State *L)
{
    neap_lua_class(L, NEAP_LUA_SOURCE, methods, source_close);
    luaL_getmetatable(L, NEAP_LUA_SOURCE);
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -3, "source_methods"); /* Lua files add to them */
    lua_pop(L, 1);
    lua_pushcfunction(L, new_source);
    lua_setfield(L, -2, "source");
}
