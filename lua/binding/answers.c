/* Optional functions of components that tell Lua about their configs. */
#include <neap/sampling.h>

#include "binding.h"

static const neap_objective *objective_of(lua_State *L)
{
    return neap_instance_component(neap_lua_check_instance(L, 1))->functions;
}

/* objective_predicts(objective) -> "v=z-x", ...: the target of the network's velocity */
static int objective_predicts(lua_State *L)
{
    const char *(*predicts)(const void *) = NEAP_MEMBER(objective_of(L), predicts);
    lua_pushstring(L, predicts ? predicts(neap_instance_config(neap_lua_check_instance(L, 1))) : "v=z-x");
    return 1;
}

/* objective_guard(objective) -> the reported value that guards its training, or nil */
static int objective_guard(lua_State *L)
{
    lua_pushstring(L, NEAP_MEMBER(objective_of(L), guard)); /* NULL gives nil */
    return 1;
}

/* objective_dropout(objective) -> the probability with which training makes a condition null, or nil when unknown */
static int objective_dropout(lua_State *L)
{
    double (*dropout)(const void *) = NEAP_MEMBER(objective_of(L), dropout);
    if (dropout)
        lua_pushnumber(L, dropout(neap_instance_config(neap_lua_check_instance(L, 1))));
    else
        lua_pushnil(L);
    return 1;
}

/* guidance_uses_null(guidance) -> does it, or one inside it, use the null condition? */
static int guidance_uses_null(lua_State *L)
{
    lua_pushboolean(L, neap_guidance_uses_null(neap_lua_check_instance(L, 1)));
    return 1;
}

static bool compares(const neap_instance *guidance)
{
    const neap_param *param = guidance ? neap_instance_component(guidance)->params : NULL;
    for (; param && param->type != NEAP_PARAM_END; param++)
        if (param->type == NEAP_PARAM_NETWORK ||
            (param->type == NEAP_PARAM_COMPONENT && compares(neap_instance_get(guidance, param).component)))
            return true;
    return false;
}

/* guidance_compares(guidance): does it, or one inside it, compare with a network of its own? */
static int guidance_compares(lua_State *L)
{
    lua_pushboolean(L, compares(neap_lua_check_instance(L, 1)));
    return 1;
}

/* dataset_part(dataset, "train" or "test", draw, count) -> component, is the data set generated? See neap_source_part. */
static int dataset_part(lua_State *L)
{
    static const char *const parts[] = {"train", "test", NULL};
    neap_instance *dataset = neap_lua_check_instance(L, 1);
    const neap_part part = luaL_checkoption(L, 2, NULL, parts);
    const int64_t draw = neap_lua_check_whole(L, 3), count = neap_lua_check_whole(L, 4);
    void **handle = neap_lua_handle(L, NEAP_LUA_INSTANCE);
    bool drawn = false;
    *handle = neap_source_part(dataset, part, draw, count, &drawn);
    if (!*handle)
        return neap_lua_raise(L);
    lua_pushboolean(L, drawn);
    return 2;
}

static const luaL_Reg functions[] = {
    {"objective_predicts", objective_predicts}, {"objective_guard", objective_guard},
    {"objective_dropout", objective_dropout},
    {"guidance_uses_null", guidance_uses_null},
    {"guidance_compares", guidance_compares},
    {"dataset_part", dataset_part},
    {NULL, NULL},
};

void neap_lua_open_answers(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
