/*
 * The locale in Lua. Numbers are written and read with a decimal point and texts compared byte by byte, in figures, JSON and
 * settings as in a recipe: the same recipe makes the same files everywhere. os.setlocale changes the rest.
 */
#include <locale.h>
#include <string.h>

#include "binding.h"

/* Overrides the process's locale on this thread, so that neither a recipe nor a library changes what is kept. */
static void keep_point(void)
{
    locale_t global = duplocale(LC_GLOBAL_LOCALE);
    locale_t mixed = global ? newlocale(LC_NUMERIC_MASK | LC_COLLATE_MASK, "C", global) : (locale_t)0;
    if (mixed) {
        locale_t before = uselocale(mixed);
        if (before != LC_GLOBAL_LOCALE)
            freelocale(before);
    } else if (global) {
        freelocale(global);
    }
}

/* os.setlocale(locale [, category]); the library's own is the upvalue. What is kept cannot be honoured: nil. */
static int set_locale(lua_State *L)
{
    const bool asks = lua_isnoneornil(L, 1);
    const char *category = luaL_optstring(L, 2, "all");
    const bool kept = strcmp(category, "numeric") == 0 || strcmp(category, "collate") == 0;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    setlocale(LC_NUMERIC, "C");
    setlocale(LC_COLLATE, "C");
    keep_point();
    if (!asks && kept && lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), "C") != 0)
        lua_pushnil(L);
    return 1;
}

void neap_lua_locale_start(lua_State *L)
{
    keep_point();
    lua_getglobal(L, LUA_OSLIBNAME);
    lua_getfield(L, -1, "setlocale");
    lua_pushcclosure(L, set_locale, 1);
    lua_setfield(L, -2, "setlocale");
    lua_pop(L, 1);
}
