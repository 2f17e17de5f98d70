/* Gradients in Lua: require_grad, backward, gradients of given tensors, recording. */
#include <string.h>

#include "binding.h"

static int require_grad(lua_State *L)
{
    bool on = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
    if (neap_require_grad(neap_lua_check_tensor(L, 1), on) < 0)
        return neap_lua_raise(L);
    lua_settop(L, 1);
    return 1;
}

static const char *const flag_names[] = {"create_graph", "keep_graph"};
static const unsigned flag_bits[] = {NEAP_CREATE_GRAPH, NEAP_KEEP_GRAPH};
#define FLAGS 2

static int find_flag(lua_State *L, const char *who, const char *key)
{
    for (int i = 0; i < FLAGS; i++)
        if (strcmp(flag_names[i], key) == 0)
            return i;
    const char *nearest = neap_nearest(key, flag_names, FLAGS);
    return nearest ? neap_lua_error(L, "%s: unknown flag '%s'; did you mean '%s'?", who, key, nearest)
                   : neap_lua_error(L, "%s: unknown flag '%s'", who, key);
}

/* Flags from a table { name = true or false } or nil. */
static unsigned flags_at(lua_State *L, const char *who, int index)
{
    unsigned flags = 0;
    if (lua_isnoneornil(L, index))
        return 0;
    if (lua_type(L, index) != LUA_TTABLE)
        neap_lua_error(L, "%s: expected a table of flags, got %s", who, luaL_typename(L, index));
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            neap_lua_error(L, "%s: expected flags by name", who);
        unsigned bit = flag_bits[find_flag(L, who, lua_tostring(L, -2))];
        flags |= lua_toboolean(L, -1) ? bit : 0;
    }
    return flags;
}

/* y:backward([seed] [, { keep_graph, create_graph }]): adds to .grad of each leaf. */
static int backward(lua_State *L)
{
    neap_tensor *y = neap_lua_check_tensor(L, 1), *seed = neap_lua_test_tensor(L, 2);
    unsigned flags = flags_at(L, "backward", seed ? 3 : 2);
    neap_lua_collect_pace(L); /* memory of a step peaks here */
    neap_scope scope = neap_scope_open();
    int status = neap_backward(y, seed, flags);
    neap_scope_close(scope);
    return status < 0 ? neap_lua_raise(L) : 0;
}

#define MAX_GRADIENTS 4096

static int read_list(lua_State *L, int index, neap_tensor **x)
{
    int count = 0;
    if (lua_type(L, index) != LUA_TTABLE)
        neap_lua_error(L, "gradients: expected a table of tensors, got %s", luaL_typename(L, index));
    for (; lua_geti(L, index, count + 1) != LUA_TNIL; lua_pop(L, 1)) {
        if (count == MAX_GRADIENTS)
            neap_lua_error(L, "gradients: expected at most %d tensors", MAX_GRADIENTS);
        x[count++] = neap_lua_check_tensor(L, lua_gettop(L));
    }
    lua_pop(L, 1);
    return count;
}

static int compute(neap_tensor *y, neap_tensor **x, int count, unsigned flags, neap_tensor **g)
{
    neap_scope scope = neap_scope_open();
    int status = neap_gradients(y, NULL, x, count, flags, g);
    for (int i = 0; status == 0 && i < count; i++)
        neap_keep(g[i]);
    neap_scope_close(scope);
    return status;
}

/* y:gradients({ x, ... } [, flags]) -> { dy/dx, ... } */
static int gradients(lua_State *L)
{
    neap_tensor *y = neap_lua_check_tensor(L, 1);
    lua_settop(L, 3);
    unsigned flags = flags_at(L, "gradients", 3);
    neap_tensor **x = lua_newuserdatauv(L, 2 * MAX_GRADIENTS * sizeof *x, 0), **g = x + MAX_GRADIENTS;
    int count = read_list(L, 2, x);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) { /* handles first: no Lua error may occur while C owns the gradients */
        neap_lua_slot(L);
        lua_seti(L, -2, i + 1);
    }
    if (compute(y, x, count, flags, g) < 0)
        return neap_lua_raise(L);
    for (int i = 0; i < count; i++) {
        lua_geti(L, -1, i + 1);
        *(neap_tensor **)lua_touserdata(L, -1) = g[i];
        lua_pop(L, 1);
    }
    return 1;
}

static int clear_grad(lua_State *L)
{
    neap_grad_clear(neap_lua_check_tensor(L, 1));
    return 0;
}

static int detach(lua_State *L)
{
    neap_tensor *x = neap_lua_check_tensor(L, 1), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_detach(x));
}

/* training(on) -> the previous state */
static int training(lua_State *L)
{
    lua_pushboolean(L, neap_training_set(lua_toboolean(L, 1)));
    return 1;
}

/* record(on) -> the previous state */
static int record(lua_State *L)
{
    lua_pushboolean(L, neap_record(lua_toboolean(L, 1)));
    return 1;
}

static const luaL_Reg methods[] = {
    {"require_grad", require_grad}, {"backward", backward}, {"gradients", gradients}, {"clear_grad", clear_grad},
    {"detach", detach}, {NULL, NULL},
};

void neap_lua_open_gradient(lua_State *L)
{
    lua_getfield(L, -1, "methods");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
    lua_pushcfunction(L, record);
    lua_setfield(L, -2, "record");
    lua_pushcfunction(L, training);
    lua_setfield(L, -2, "training");
}
