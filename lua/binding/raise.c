/* Errors in Lua: the message of the core after the file and line of the recipe. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"

static char library[4096] = "@"; /* the prefix of `source` of every library file */

void neap_lua_library(const char *folder)
{
    snprintf(library, sizeof library, "@%s/neap/", folder);
}

bool neap_lua_is_recipe(const lua_Debug *frame)
{
    return frame->currentline > 0 && strncmp(frame->source, library, strlen(library)) != 0;
}

void neap_lua_push_where(lua_State *L)
{
    lua_Debug frame;
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (neap_lua_is_recipe(&frame)) {
            bool file = *frame.source == '@';
            lua_pushfstring(L, "%s:%d: ", file ? frame.source + 1 : frame.short_src, frame.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

void neap_lua_push_reason(lua_State *L, const char *message)
{
    size_t length;
    neap_lua_push_where(L);
    const char *where = lua_tolstring(L, -1, &length);
    lua_pushstring(L, message + (strncmp(message, where, length) == 0 ? length : 0));
    lua_remove(L, -2);
}

int neap_lua_raise(lua_State *L)
{
    neap_lua_push_where(L);
    lua_pushstring(L, neap_failed() ? neap_error_message() : "failed without a message");
    neap_error_clear();
    lua_concat(L, 2);
    return lua_error(L);
}

/* The program compares its last message with this one: usage errors end with status 2. */
static void note_usage(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "neap.usage");
}

int neap_lua_raise_usage(lua_State *L)
{
    neap_lua_push_where(L);
    lua_pushstring(L, neap_error_message());
    neap_error_clear();
    lua_concat(L, 2);
    note_usage(L);
    return lua_error(L);
}

int neap_lua_error(lua_State *L, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    neap_lua_push_where(L);
    lua_pushstring(L, text);
    lua_concat(L, 2);
    return lua_error(L);
}
