/*
 * Tracks the running coroutine. Each coroutine has its own debug hook, and Lua cannot tell from outside which one runs, so the
 * functions of the coroutine library that enter one are wrapped here.
 */
#include "binding.h"

/* Calls the function below its arguments, all from index 1, inside `co`. */
static int call_inside(lua_State *L, lua_State *co)
{
    lua_State *outside = neap_lua_running(co);
    const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    neap_lua_running(outside);
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* coroutine.resume and coroutine.close; the original is the upvalue. */
static int enter(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    return call_inside(L, co);
}

/* The result of coroutine.wrap; the upvalues are the library's result and its coroutine. */
static int enter_wrapped(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    return call_inside(L, lua_tothread(L, lua_upvalueindex(2)));
}

static int wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    if (!lua_getupvalue(L, 1, 1) || !lua_isthread(L, -1))
        return luaL_error(L, "coroutine.wrap: this Lua keeps its coroutine elsewhere than Lua 5.4");
    lua_pushcclosure(L, enter_wrapped, 2);
    return 1;
}

static void replace(lua_State *L, const char *name, lua_CFunction wrapper)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, wrapper, 1);
    lua_setfield(L, -2, name);
}

void neap_lua_coroutines_start(lua_State *L)
{
    neap_lua_running(L);
    lua_getglobal(L, LUA_COLIBNAME);
    replace(L, "resume", enter);
    replace(L, "close", enter);
    replace(L, "wrap", wrap);
    lua_pop(L, 1);
}
