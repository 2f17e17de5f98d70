/*
 * The locale in Lua. Numbers have a decimal point and texts are compared byte by byte, in recipes, figures, JSON and settings:
 * the same recipe writes the same files under every locale. os.setlocale changes the other categories.
 */
#include <locale.h>
#include <string.h>

#include "binding.h"

/* Overrides the locale of the process on this thread; neither a recipe nor a library can change these categories. */
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

/* os.setlocale(locale [, category]); the original is the upvalue. Returns nil for the categories that are fixed. */
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
