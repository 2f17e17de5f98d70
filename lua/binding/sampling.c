/* Sampling in Lua: a sampler over a model, told step by step. */
#include "binding.h"

/* A watcher in Lua. Its error becomes a failure of the core, because nothing may jump over C frames that hold scopes. */
typedef struct watcher {
    lua_State *L;
    int function; /* its index on the stack, 0: none */
} watcher;

static int watch(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    const watcher *w = user;
    (void)t, (void)x;
    if (neap_lua_interrupted())
        return neap_fail("interrupted");
    if (!w->function || !lua_checkstack(w->L, 4))
        return 0;
    lua_pushvalue(w->L, w->function);
    lua_pushinteger(w->L, step);
    lua_pushinteger(w->L, steps);
    if (lua_pcall(w->L, 2, 0, 0) == LUA_OK)
        return 0;
    const char *message = lua_tostring(w->L, -1);
    neap_fail("%s", message ? message : "the watcher failed");
    lua_pop(w->L, 1);
    return -1;
}

static neap_instance *instance_field(lua_State *L, int index, const char *key)
{
    lua_getfield(L, index, key);
    neap_instance *instance = neap_lua_test_instance(L, -1);
    lua_pop(L, 1); /* the table holds it */
    return instance;
}

/* Leaves the labels on the stack as a userdata. */
static const int32_t *labels_field(lua_State *L, int index, int64_t count)
{
    if (lua_getfield(L, index, "labels") == LUA_TNIL)
        return NULL;
    if (!lua_istable(L, -1) || luaL_len(L, -1) != count)
        neap_lua_error(L, "sample: labels: expected a table of %d numbers", (int)count);
    int table = lua_gettop(L);
    int32_t *labels = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *labels, 0);
    for (int64_t i = 0; i < count; i++) {
        lua_geti(L, table, i + 1);
        labels[i] = (int32_t)luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return labels;
}

/* sample(model, { sampler, guidance, count, batch, seed, labels, watch }) -> f32 [count, H, W, C] */
static int sample(lua_State *L)
{
    neap_network *network = neap_lua_check(L, 1, NEAP_LUA_NETWORK);
    luaL_checktype(L, 2, LUA_TTABLE);
    neap_sampling s = {.sampler = instance_field(L, 2, "sampler"), .guidance = instance_field(L, 2, "guidance"),
                       .count = neap_lua_integer(L, 2, "count", 1), .batch = neap_lua_integer(L, 2, "batch", 0),
                       .seed = (uint64_t)neap_lua_integer(L, 2, "seed", 0)};
    if (!s.sampler)
        return neap_lua_error(L, "sample: expected a sampler");
    s.labels = labels_field(L, 2, s.count);
    int kind = lua_getfield(L, 2, "watch");
    if (kind != LUA_TFUNCTION && kind != LUA_TNIL)
        return neap_lua_error(L, "sample: watch: expected a function, got %s", luaL_typename(L, -1));
    watcher w = {L, kind == LUA_TFUNCTION ? lua_gettop(L) : 0};
    const neap_watch told = {&w, watch};
    s.watch = &told;
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_sample(network, &s));
}

void neap_lua_open_sampling(lua_State *L)
{
    lua_pushcfunction(L, sample);
    lua_setfield(L, -2, "sample");
}
