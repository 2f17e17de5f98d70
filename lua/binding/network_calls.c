/* Calls of models in Lua: velocity, generate, encode, ... */
#include "binding.h"

static neap_network *check(lua_State *L)
{
    return neap_lua_check(L, 1, NEAP_LUA_NETWORK);
}

/* t, or where it is NULL the number `all` for each row of x. */
static neap_tensor *time_of(neap_tensor *x, neap_tensor *t, double all)
{
    return t ? t : neap_full(NEAP_F32, neap_dims(neap_dim(x, 0)), all);
}

/* A tensor of times, or NULL for a number; messages begin with `what`. */
static neap_tensor *check_time(lua_State *L, int index, const char *what)
{
    neap_tensor *t = neap_lua_test_tensor(L, index);
    if (!t && lua_type(L, index) != LUA_TNUMBER)
        neap_lua_error(L, "%s: expected a number or a tensor, got %s", what, luaL_typename(L, index));
    return t;
}

/* velocity(x, t [, condition]); t is a number for all rows or f32 [B]; the condition as neap_lua_check_condition takes
 * it */
static int velocity(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), *t = check_time(L, 3, "velocity: t");
    double all = lua_tonumber(L, 3);
    const neap_lua_parts parts = neap_lua_check_condition(L, "velocity", 4);
    neap_lua_check_takes(L, "velocity", network, &parts);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_velocity(network, x, time_of(x, t, all), neap_lua_condition(&parts, neap_dim(x, 0))));
}

/* average(x, t, r [, condition]); t and r as t of velocity */
static int average(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    neap_tensor *t = check_time(L, 3, "average: t"), *r = check_time(L, 4, "average: r");
    double all_t = lua_tonumber(L, 3), all_r = lua_tonumber(L, 4);
    const neap_lua_parts parts = neap_lua_check_condition(L, "average", 5);
    neap_lua_check_takes(L, "average", network, &parts);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_network_average(network, x, time_of(x, t, all_t), time_of(x, r, all_r),
                                                  neap_lua_condition(&parts, neap_dim(x, 0))));
}

typedef neap_tensor *conditional(neap_network *network, neap_tensor *x, const neap_condition *condition);
typedef neap_tensor *plain(neap_network *network, neap_tensor *x);

static int call_conditional(lua_State *L, const char *name, conditional *call)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2);
    const neap_lua_parts parts = neap_lua_check_condition(L, name, 3);
    neap_lua_check_takes(L, name, network, &parts);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, call(network, x, neap_lua_condition(&parts, neap_dim(x, 0))));
}

static int call_plain(lua_State *L, plain *call)
{
    neap_network *network = check(L);
    neap_tensor *x = neap_lua_check_tensor(L, 2), **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, call(network, x));
}

static int generate(lua_State *L)
{
    return call_conditional(L, "generate", neap_network_generate);
}

static int discriminate(lua_State *L)
{
    return call_conditional(L, "discriminate", neap_network_discriminate);
}

static int encode(lua_State *L)
{
    return call_plain(L, neap_network_encode);
}

static int decode(lua_State *L)
{
    return call_plain(L, neap_network_decode);
}

static int features(lua_State *L)
{
    return call_plain(L, neap_network_features);
}

static int classify(lua_State *L)
{
    return call_plain(L, neap_network_classify);
}

/* Empty handles for the kinds of a condition, the last one on top of the stack. */
static void make_slots(lua_State *L, neap_tensor **slots[NEAP_CONDITION_KINDS])
{
    luaL_checkstack(L, NEAP_CONDITION_KINDS + 3, "no room for a condition");
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        slots[kind] = neap_lua_slot(L);
}

/* Pushes { kind = tensor } of the handles on top of the stack. */
static int push_slots(lua_State *L, neap_tensor **const slots[NEAP_CONDITION_KINDS])
{
    const int first = lua_gettop(L) - NEAP_CONDITION_KINDS + 1;
    lua_newtable(L);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++) {
        if (!*slots[kind])
            continue;
        lua_pushvalue(L, first + kind);
        lua_setfield(L, -2, neap_condition_kind_name(kind));
    }
    return 1;
}

/* prepare(condition, rows) -> what the network makes of a condition, { kind = tensor }: tokens and pooled vectors of texts */
static int prepare(lua_State *L)
{
    neap_network *network = check(L);
    neap_tensor **slots[NEAP_CONDITION_KINDS];
    const neap_lua_parts parts = neap_lua_check_condition(L, "prepare", 2);
    const lua_Integer rows = neap_lua_check_whole(L, 3);
    make_slots(L, slots);
    neap_scope scope = neap_scope_open();
    const neap_condition *prepared = neap_network_prepare(network, neap_lua_condition(&parts, rows), rows);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        *slots[kind] = neap_keep(neap_condition_get(prepared, kind));
    neap_scope_close(scope);
    return neap_failed() ? neap_lua_raise(L) : push_slots(L, slots);
}

static const luaL_Reg methods[] = {
    {"velocity", velocity}, {"average", average}, {"generate", generate}, {"discriminate", discriminate},
    {"encode", encode}, {"decode", decode}, {"features", features}, {"classify", classify}, {"prepare", prepare},
    {NULL, NULL},
};

void neap_lua_add_calls(lua_State *L)
{
    luaL_getmetatable(L, NEAP_LUA_NETWORK);
    lua_getfield(L, -1, "__index");
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
    lua_pushcfunction(L, velocity); /* model(x, t, condition) */
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
}
