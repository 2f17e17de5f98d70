/* Paths in Lua: checks of outputs before the work, and which file a path leads to. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "binding.h"

/* file_check(path): raises if no file can be written there */
static int file_check(lua_State *L)
{
    return neap_file_check(neap_lua_check_text(L, 1)) < 0 ? neap_lua_raise_usage(L) : 0;
}

/* picture_check(path, height, width): raises if a picture of this size is too large for a file */
static int picture_check(lua_State *L)
{
    const lua_Integer height = neap_lua_check_whole(L, 2), width = neap_lua_check_whole(L, 3);
    return neap_picture_check_size(neap_lua_check_text(L, 1), width, height) < 0 ? neap_lua_raise_usage(L) : 0;
}

/* is_special(path): is it a device or a pipe, which is written into, not replaced, and has no format? */
static int is_special(lua_State *L)
{
    lua_pushboolean(L, neap_file_is_direct(neap_lua_check_text(L, 1)));
    return 1;
}

/* real_path(path) -> the absolute path, without links, of the file that would be written; nil if none can be */
static int real_path(lua_State *L)
{
    char *place = neap_file_place(neap_lua_check_text(L, 1));
    neap_error_clear();
    lua_pushstring(L, place);
    neap_free(place);
    return 1;
}

/* file_stamp(path) -> a text that changes when another file replaces the one at a path; nil for none */
static int file_stamp(lua_State *L)
{
    struct stat info;
    char text[96];
    if (stat(neap_lua_check_text(L, 1), &info) < 0)
        return 0;
    snprintf(text, sizeof text, "%lld %lld %lld.%09ld", (long long)info.st_ino, (long long)info.st_size,
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    lua_pushstring(L, text);
    return 1;
}

/* found_path(path) -> the absolute path, without links, of a file that is there, writable or not; nil for none */
static int found_path(lua_State *L)
{
    char *place = realpath(neap_lua_check_text(L, 1), NULL);
    lua_pushstring(L, place);
    free(place); /* realpath's own */
    return 1;
}

static const luaL_Reg functions[] = {
    {"file_check", file_check}, {"picture_check", picture_check}, {"is_special", is_special}, {"real_path", real_path},
    {"found_path", found_path}, {"file_stamp", file_stamp}, {NULL, NULL},
};

void neap_lua_open_paths(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
