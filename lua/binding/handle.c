/* Handles, and readers of texts and table fields. */
#include <string.h>

#include "binding.h"

void **neap_lua_handle(lua_State *L, const char *type)
{
    void **handle = lua_newuserdatauv(L, sizeof *handle, 3);
    *handle = NULL;
    luaL_setmetatable(L, type);
    return handle;
}

void *neap_lua_check(lua_State *L, int index, const char *type)
{
    void **handle = luaL_testudata(L, index, type);
    const char *name = type + strlen("neap.");
    if (!handle)
        neap_lua_error(L, "expected a %s, got %s", name, luaL_typename(L, index));
    if (!*handle)
        neap_lua_error(L, "%s: closed already", name);
    return *handle;
}

int neap_lua_no_name(lua_State *L, const char *class, const char *key, int methods, const char **names, int count)
{
    for (lua_pushnil(L); lua_next(L, methods) && count < NEAP_LUA_MOST_NAMES; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            names[count++] = lua_tostring(L, -2);
    const char *nearest = neap_nearest(key, names, count);
    return nearest ? neap_lua_error(L, "%s: there is no '%s'; did you mean '%s'?", class, key, nearest)
                   : neap_lua_error(L, "%s: there is no '%s'; `neap help %s` lists what there is", class, key, class);
}

/* Called as (methods, key) for a key that names no method; the class is the upvalue. */
static int no_method(lua_State *L)
{
    const char *names[NEAP_LUA_MOST_NAMES], *key = luaL_tolstring(L, 2, NULL);
    return neap_lua_no_name(L, lua_tostring(L, lua_upvalueindex(1)), key, 1, names, 0);
}

void neap_lua_class(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction close)
{
    luaL_newmetatable(L, type);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_createtable(L, 0, 1);
    lua_pushstring(L, type + strlen("neap."));
    lua_pushcclosure(L, no_method, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}

const char *neap_lua_check_text(lua_State *L, int index)
{
    size_t length;
    const char *text = luaL_checklstring(L, index, &length);
    if (strlen(text) != length)
        neap_lua_error(L, "expected a text without NUL bytes, got one after '%s'", text);
    return text;
}

static void refuse_text(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TSTRING)
        neap_lua_error(L, "expected a number, got text '%s'", lua_tostring(L, index));
}

lua_Integer neap_lua_check_whole(lua_State *L, int index)
{
    refuse_text(L, index);
    return luaL_checkinteger(L, index);
}

lua_Integer neap_lua_opt_whole(lua_State *L, int index, lua_Integer fallback)
{
    return lua_isnoneornil(L, index) ? fallback : neap_lua_check_whole(L, index);
}

double neap_lua_check_number(lua_State *L, int index)
{
    refuse_text(L, index);
    return luaL_checknumber(L, index);
}

double neap_lua_opt_number(lua_State *L, int index, double fallback)
{
    return lua_isnoneornil(L, index) ? fallback : neap_lua_check_number(L, index);
}

/* Raises for the value on top of the stack. */
static void refuse(lua_State *L, const char *key, const char *expected)
{
    const char *format = lua_type(L, -1) == LUA_TSTRING ? "%s: expected %s, got text '%s'" : "%s: expected %s, got %s";
    neap_lua_error(L, format, key, expected, luaL_tolstring(L, -1, NULL));
}

lua_Integer neap_lua_integer(lua_State *L, int index, const char *key, lua_Integer fallback)
{
    int whole;
    if (lua_getfield(L, index, key) == LUA_TNIL) {
        lua_pop(L, 1);
        return fallback;
    }
    lua_Integer value = lua_tointegerx(L, -1, &whole);
    if (!whole || lua_type(L, -1) != LUA_TNUMBER)
        refuse(L, key, "a whole number");
    lua_pop(L, 1);
    return value;
}

double neap_lua_number(lua_State *L, int index, const char *key, double fallback)
{
    if (lua_getfield(L, index, key) == LUA_TNIL) {
        lua_pop(L, 1);
        return fallback;
    }
    if (lua_type(L, -1) != LUA_TNUMBER)
        refuse(L, key, "a number");
    const double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}
