/* Networks as parameters: a Lua function loads the model of a path. */
#include "binding.h"

/* Calls the function and adds an owner to its result. The caller resets the stack. */
static neap_network *call_loader(lua_State *L, const char *path)
{
    if (!lua_checkstack(L, 8))
        return neap_fail_null("no memory to load '%s'", path);
    if (lua_getfield(L, LUA_REGISTRYINDEX, "neap.loader") != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return neap_fail_null("expected a network, got the path '%s' before anything can load one", path);
    }
    lua_pushstring(L, path);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        neap_lua_push_reason(L, luaL_tolstring(L, -1, NULL));
        return neap_fail_null("%s", lua_tostring(L, -1));
    }
    void **handle = luaL_testudata(L, -1, NEAP_LUA_NETWORK);
    return handle ? neap_network_keep(*handle) : neap_fail_null("'%s': the loader returned no model", path);
}

static neap_network *load(void *user, const char *path)
{
    lua_State *L = user;
    const int top = lua_gettop(L);
    neap_network *network = call_loader(L, path);
    lua_settop(L, top);
    return network;
}

/* set_loader(f): f(path) -> model loads networks from now on */
static int set_loader(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "neap.loader");
    return 0;
}

void neap_lua_load_with(lua_State *L)
{
    neap_network_set_loader(load, L);
}

void neap_lua_open_loader(lua_State *L)
{
    lua_pushcfunction(L, set_loader);
    lua_setfield(L, -2, "set_loader");
}
