/* Sampling in Lua, with a watcher for its steps. */
#include <string.h>

#include <neap/sampling.h>

#include "define.h"

/* A watcher in Lua: a function that the registry of Lua holds by the address of this struct. It may be called below other functions
 * of Lua, as by a sampler that is written in Lua. */
typedef struct watcher {
    bool given;
} watcher;

typedef struct moment {
    const watcher *watcher;
    int64_t step, steps;
    double t;
    neap_tensor *x;
} moment;

/* (moment): calls function(step, steps, t, x) */
static int call_watcher(lua_State *L)
{
    const moment *now = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, now->watcher);
    lua_pushinteger(L, now->step);
    lua_pushinteger(L, now->steps);
    lua_pushnumber(L, now->t);
    neap_lua_push_tensor(L, now->x);
    lua_call(L, 4, 0);
    return 0;
}

static int watch(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    const watcher *w = user;
    moment now = {w, step, steps, t, x};
    if (!w->given)
        return 0;
    const bool held = neap_cancel_hold(true); /* a signal ends the sampling at its next step, and not the watcher */
    const int status = neap_lua_enter(call_watcher, &now);
    neap_cancel_hold(held);
    return status;
}

static neap_instance *instance_field(lua_State *L, int index, const char *key)
{
    lua_getfield(L, index, key);
    neap_instance *instance = neap_lua_test_instance(L, -1);
    lua_pop(L, 1); /* the table keeps it alive */
    return instance;
}

/* NULL when the field is nil; the table keeps the tensor alive. */
static neap_tensor *tensor_field(lua_State *L, int index, const char *key)
{
    int type = lua_getfield(L, index, key);
    neap_tensor *x = neap_lua_test_tensor(L, -1);
    if (!x && type != LUA_TNIL)
        neap_lua_error(L, "sample: %s: expected a tensor, got %s", key, luaL_typename(L, -1));
    lua_pop(L, 1);
    return x;
}

/* Reads where sampling starts, and what is kept. */
static void read_start(lua_State *L, int index, neap_sampling *s)
{
    s->noise = tensor_field(L, index, "noise");
    s->picture = tensor_field(L, index, "picture");
    s->keep = tensor_field(L, index, "keep");
    s->level = neap_lua_number(L, index, "level", 0);
    const int kind = lua_getfield(L, index, "invert");
    if (kind != LUA_TBOOLEAN && kind != LUA_TNIL)
        neap_lua_error(L, "sample: invert: expected true or false, got %s", lua_typename(L, kind));
    s->invert = lua_toboolean(L, -1);
    lua_pop(L, 1);
}

static void read_watcher(lua_State *L, int index, watcher *w)
{
    const int kind = lua_getfield(L, index, "watch");
    if (kind != LUA_TFUNCTION && kind != LUA_TNIL)
        neap_lua_error(L, "sample: watch: expected a function, got %s", luaL_typename(L, -1));
    w->given = kind == LUA_TFUNCTION;
    lua_rawsetp(L, LUA_REGISTRYINDEX, w);
}

static void forget_watcher(lua_State *L, const watcher *w)
{
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, w);
}

static neap_lua_parts read_condition(lua_State *L, int index, const char *key)
{
    lua_getfield(L, index, key);
    const neap_lua_parts parts = neap_lua_check_condition(L, "sample", lua_gettop(L));
    lua_pop(L, 1); /* the table keeps the tensors alive */
    return parts;
}

/* Samples into the empty handle at `slot`. */
static int fill_sample(lua_State *L, neap_network *network, neap_sampling *s, const neap_lua_parts *condition,
                       const neap_lua_parts *negative, neap_tensor **slot)
{
    neap_scope scope = neap_scope_open();
    s->condition = neap_lua_condition(condition, s->count);
    s->negative = neap_lua_condition(negative, s->count);
    *slot = neap_failed() ? NULL : neap_keep(neap_sample(network, s));
    neap_scope_close(scope);
    forget_watcher(L, s->watch->user);
    return *slot ? 1 : neap_lua_raise(L);
}

/* sample(model, { sampler, guidance, count, batch, seed, condition, negative, watch, noise, picture, keep, level,
 * invert })
 * -> f32 [count, H, W, C], evaluations per sample, seconds of decoding latents */
static int sample(lua_State *L)
{
    neap_network *network = neap_lua_check(L, 1, NEAP_LUA_NETWORK);
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t evaluations = 0;
    double decoding = 0;
    neap_sampling s = {.sampler = instance_field(L, 2, "sampler"), .guidance = instance_field(L, 2, "guidance"),
                       .count = neap_lua_integer(L, 2, "count", 1), .batch = neap_lua_integer(L, 2, "batch", 0),
                       .seed = (uint64_t)neap_lua_integer(L, 2, "seed", 0), .evaluations = &evaluations,
                       .decoding = &decoding};
    if (!s.sampler)
        return neap_lua_error(L, "sample: expected a sampler");
    read_start(L, 2, &s);
    const neap_lua_parts condition = read_condition(L, 2, "condition"), negative = read_condition(L, 2, "negative");
    watcher w;
    const neap_watch watching = {sizeof watching, &w, watch};
    s.watch = &watching;
    neap_tensor **slot = neap_lua_slot(L);
    read_watcher(L, 2, &w);
    fill_sample(L, network, &s, &condition, &negative, slot);
    lua_pushinteger(L, evaluations);
    lua_pushnumber(L, decoding);
    return 3;
}

/* sample_noise(seed, first, shape): the noise that samples first, first + 1, ... of a seed start from */
static int sample_noise(lua_State *L)
{
    uint64_t seed = (uint64_t)neap_lua_check_whole(L, 1);
    int64_t first = neap_lua_check_whole(L, 2);
    neap_shape shape = neap_lua_check_shape(L, 3);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_sample_noise(seed, first, shape));
}

/* sampler_fits(model, sampler): raises an error unless the model offers what the sampler needs */
static int sampler_fits(lua_State *L)
{
    const neap_network *network = neap_lua_check(L, 1, NEAP_LUA_NETWORK);
    const neap_component *component = neap_instance_component(neap_lua_check_instance(L, 2));
    const neap_sampler *functions = component->functions;
    return neap_network_require(network, component->name, functions->needs) < 0 ? neap_lua_raise(L) : 0;
}

/* grid_times(steps, shift, times, from, to) -> the times of a grid, both ends included */
static int grid_times(lua_State *L)
{
    const neap_grid grid = {neap_lua_check_whole(L, 1), neap_lua_check_number(L, 2), luaL_checkstring(L, 3)};
    int64_t steps;
    double *times = neap_grid_times(&grid, neap_lua_check_number(L, 4), neap_lua_check_number(L, 5), &steps);
    if (!times)
        return neap_lua_raise_usage(L);
    double *copy = lua_newuserdatauv(L, (size_t)(steps + 1) * sizeof *copy, 0);
    memcpy(copy, times, (size_t)(steps + 1) * sizeof *copy);
    neap_free(times);
    lua_createtable(L, (int)steps + 1, 0);
    for (int64_t i = 0; i <= steps; i++) {
        lua_pushnumber(L, copy[i]);
        lua_seti(L, -2, i + 1);
    }
    return 1;
}

/* sampler_needs(sampler, what): does the sampler call this function of a network? */
static int sampler_needs(lua_State *L)
{
    const neap_sampler *functions = neap_instance_component(neap_lua_check_instance(L, 1))->functions;
    const char *what = luaL_checkstring(L, 2);
    bool found = false;
    for (int i = 0; functions->needs[i]; i++)
        found = found || strcmp(functions->needs[i], what) == 0;
    lua_pushboolean(L, found);
    return 1;
}

static const luaL_Reg functions[] = {
    {"sampler_needs", sampler_needs}, {"grid_times", grid_times}, {"sampler_fits", sampler_fits}, {"sample", sample},
    {"sample_noise", sample_noise}, {NULL, NULL},
};

void neap_lua_open_sampling(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
