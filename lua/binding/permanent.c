/* What a definition keeps as long as its table: userdata, and lists of texts. */
#include <string.h>

#include "define.h"

#define KEPT "kept" /* the field of the table that holds its userdata */

void neap_lua_permanent_start(lua_State *L)
{
    lua_newtable(L);
    lua_setfield(L, 1, KEPT);
}

void *neap_lua_permanent(lua_State *L, size_t bytes)
{
    void *block = memset(lua_newuserdatauv(L, bytes, 0), 0, bytes);
    lua_getfield(L, 1, KEPT);
    lua_pushvalue(L, -2);
    lua_seti(L, -2, luaL_len(L, -2) + 1);
    lua_pop(L, 1);
    return block;
}

const char *const *neap_lua_permanent_texts(lua_State *L, const char *key)
{
    lua_getfield(L, 1, key);
    const lua_Integer count = luaL_len(L, -1);
    const char **texts = neap_lua_permanent(L, (size_t)(count + 1) * sizeof *texts);
    for (lua_Integer i = 0; i < count; i++) {
        lua_geti(L, -2, i + 1);
        texts[i] = luaL_checkstring(L, -1); /* the table keeps it */
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return texts;
}

bool neap_lua_defines(lua_State *L, const char *function)
{
    const bool found = lua_getfield(L, 1, function) == LUA_TFUNCTION;
    lua_pop(L, 1);
    return found;
}
