/* Files in Lua: pictures, NumPy arrays, small files written whole, folders. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"

#define MOST_PAIRS 64

static int done(lua_State *L, int status)
{
    return status < 0 ? neap_lua_raise(L) : 0;
}

static int by_key(const void *left, const void *right)
{
    return strcmp(((const neap_pair *)left)->key, ((const neap_pair *)right)->key);
}

/* In order of their keys: that of a table differs from process to process, and the same run should write the same file. */
static int read_pairs(lua_State *L, int index, neap_pair *pairs)
{
    int count = 0;
    if (!lua_istable(L, index))
        return 0;
    for (lua_pushnil(L); lua_next(L, index) && count < MOST_PAIRS; lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING)
            pairs[count++] = (neap_pair){lua_tostring(L, -2), lua_tostring(L, -1)};
    qsort(pairs, (size_t)count, sizeof *pairs, by_key);
    return count;
}

/* png_save(path, picture [, { key = text }]) */
static int png_save(lua_State *L)
{
    neap_pair pairs[MOST_PAIRS];
    int count = read_pairs(L, 3, pairs);
    return done(L, neap_png_save(luaL_checkstring(L, 1), neap_lua_check_tensor(L, 2), pairs, count));
}

/* apng_save(path, frames, seconds a frame [, { key = text }]) */
static int apng_save(lua_State *L)
{
    neap_pair pairs[MOST_PAIRS];
    int count = read_pairs(L, 4, pairs);
    const char *path = luaL_checkstring(L, 1);
    return done(L, neap_apng_save(path, neap_lua_check_tensor(L, 2), luaL_checknumber(L, 3), pairs, count));
}

static int png_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_png_load(path));
}

static int jpeg_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_jpeg_load(path));
}

static int npy_save(lua_State *L)
{
    return done(L, neap_npy_save(luaL_checkstring(L, 1), neap_lua_check_tensor(L, 2)));
}

static int npy_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_npy_load(path));
}

static int file_save(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 2, &size);
    return done(L, neap_file_save(luaL_checkstring(L, 1), bytes, size));
}

static int folder_make(lua_State *L)
{
    return done(L, neap_folder_make(luaL_checkstring(L, 1)));
}

/* Is there nothing at a path? Any other failure, as of rights or memory, says nothing about that, and is raised. */
static bool is_absent(lua_State *L, const char *path)
{
    if (errno != ENOENT && errno != ENOTDIR) {
        neap_fail("%s: cannot be read: %s", path, strerror(errno));
        neap_lua_raise(L);
    }
    return true;
}

/* exists(path) -> "file", "folder" or nil */
static int exists(lua_State *L)
{
    struct stat about;
    const char *path = luaL_checkstring(L, 1);
    if (stat(path, &about) < 0 && is_absent(L, path))
        lua_pushnil(L);
    else
        lua_pushstring(L, S_ISDIR(about.st_mode) ? "folder" : "file");
    return 1;
}

/* writable(path): nil, or why not */
static int writable(lua_State *L)
{
    if (access(luaL_checkstring(L, 1), W_OK | X_OK) == 0)
        lua_pushnil(L);
    else
        lua_pushstring(L, strerror(errno));
    return 1;
}

/* folder_list(path) -> { name, ... } without those that begin with a dot; empty where there is no folder */
static int folder_list(lua_State *L)
{
    struct dirent *entry;
    const char *path = luaL_checkstring(L, 1);
    lua_newtable(L);
    DIR *folder = opendir(path);
    if (!folder)
        is_absent(L, path);
    for (lua_Integer i = 1; folder && (entry = readdir(folder));) {
        if (*entry->d_name == '.')
            continue;
        lua_pushstring(L, entry->d_name);
        lua_seti(L, -2, i++);
    }
    if (folder)
        closedir(folder);
    return 1;
}

static const luaL_Reg functions[] = {
    {"apng_save", apng_save},
    {"png_save", png_save},   {"png_load", png_load},       {"jpeg_load", jpeg_load}, {"npy_save", npy_save},
    {"npy_load", npy_load},   {"file_save", file_save},     {"folder_make", folder_make}, {"exists", exists},
    {"writable", writable},   {"folder_list", folder_list}, {NULL, NULL},
};

void neap_lua_open_files(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
