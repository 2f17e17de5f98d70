/* Files in Lua: pictures, NumPy arrays, files written atomically, folders. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binding.h"

static int done(lua_State *L, int status)
{
    return status < 0 ? neap_lua_raise(L) : 0;
}

static int by_key(const void *left, const void *right)
{
    return strcmp(((const neap_pair *)left)->key, ((const neap_pair *)right)->key);
}

/* The text at an index, without NUL, at which the format would cut it off. */
static const char *check_text(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) != LUA_TSTRING)
        neap_lua_error(L, "text of a picture: expected %s, got %s", what, luaL_typename(L, index));
    const char *text = lua_tostring(L, index);
    if (strlen(text) != lua_rawlen(L, index))
        neap_lua_error(L, "text of a picture: expected no NUL, got one in '%s'", text);
    return text;
}

static size_t count_entries(lua_State *L, int index)
{
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        count++;
    return count;
}

/* The array points to strings of Lua. It is sorted because the order of a table differs between processes, and the same run has to
 * write the same file. */
const neap_pair *neap_lua_read_pairs(lua_State *L, int index, int *count)
{
    *count = 0;
    if (lua_isnoneornil(L, index))
        return NULL;
    if (!lua_istable(L, index))
        neap_lua_error(L, "text of a picture: expected a table of texts by name, got %s", luaL_typename(L, index));
    neap_pair *pairs = lua_newuserdatauv(L, (count_entries(L, index) + 1) * sizeof *pairs, 0);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const char *key = check_text(L, -2, "names as keys");
        pairs[(*count)++] = (neap_pair){key, check_text(L, -1, "a text for each name")};
    }
    qsort(pairs, (size_t)*count, sizeof *pairs, by_key);
    return pairs;
}

/* png_save(path, picture [, { key = text }]) */
static int png_save(lua_State *L)
{
    int count;
    const char *path = neap_lua_check_text(L, 1);
    neap_tensor *picture = neap_lua_check_tensor(L, 2);
    const neap_pair *pairs = neap_lua_read_pairs(L, 3, &count);
    return done(L, neap_png_save(path, picture, pairs, count));
}

/* picture_load(path) -> picture over white; picture_load(path, true) -> picture, alpha or nil */
static int picture_load(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    bool apart = lua_toboolean(L, 2);
    neap_tensor *alpha = NULL, **slot = neap_lua_slot(L), **second = neap_lua_slot(L);
    neap_scope scope = neap_scope_open();
    *slot = neap_keep(neap_picture_load(path, apart ? &alpha : NULL));
    *second = *slot && alpha ? neap_keep(alpha) : NULL;
    neap_scope_close(scope);
    if (!*slot)
        return neap_lua_raise(L);
    if (!*second) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return 2;
}

static int npy_save(lua_State *L)
{
    return done(L, neap_npy_save(neap_lua_check_text(L, 1), neap_lua_check_tensor(L, 2)));
}

static int npy_load(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    neap_tensor **slot = neap_lua_slot(L);
    NEAP_LUA_RETURN(L, slot, neap_npy_load(path));
}

/* Gets the next part of the text from the function at 2. Its error becomes a failure of the core: a Lua error must not jump over
 * the open file. */
static int next_part(void *user, const void **bytes, size_t *size)
{
    lua_State *L = user;
    lua_settop(L, 2); /* drops the previous part */
    lua_pushvalue(L, 2);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        return neap_fail("%s", message ? message : "the text cannot be read");
    }
    if (lua_type(L, -1) != LUA_TNIL && lua_type(L, -1) != LUA_TSTRING)
        return neap_fail("file_save: expected a string or nil, got %s", luaL_typename(L, -1));
    *bytes = lua_tolstring(L, -1, size);
    return *bytes != NULL;
}

/* file_save(path, text); or file_save(path, f), where f returns the next part of the text, and nil at the end */
static int file_save(lua_State *L)
{
    size_t size;
    if (lua_isfunction(L, 2))
        return done(L, neap_file_save_parts(luaL_checkstring(L, 1), next_part, L));
    const char *bytes = luaL_checklstring(L, 2, &size);
    return done(L, neap_file_save(neap_lua_check_text(L, 1), bytes, size));
}

static int folder_make(lua_State *L)
{
    return done(L, neap_folder_make(neap_lua_check_text(L, 1)));
}

/* folder_clean(path) removes temporary files of killed processes -> their number */
static int folder_clean(lua_State *L)
{
    lua_pushinteger(L, neap_folder_clean(neap_lua_check_text(L, 1)));
    return 1;
}

/* After a failed stat: is there nothing at the path? Raises any other failure, such as missing permission. */
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
    const char *path = neap_lua_check_text(L, 1);
    if (stat(path, &about) < 0 && is_absent(L, path))
        lua_pushnil(L);
    else
        lua_pushstring(L, S_ISDIR(about.st_mode) ? "folder" : "file");
    return 1;
}

/* writable(path) -> nil, or the reason why the folder is not writable */
static int writable(lua_State *L)
{
    if (access(neap_lua_check_text(L, 1), W_OK | X_OK) == 0)
        lua_pushnil(L);
    else
        lua_pushstring(L, strerror(errno));
    return 1;
}

#define FOLDER_TYPE "neap.folder"

static int folder_close(lua_State *L)
{
    void **handle = luaL_checkudata(L, 1, FOLDER_TYPE);
    if (*handle)
        closedir(*handle);
    *handle = NULL;
    return 0;
}

/* Pushes the names; returns 0, or the errno after which some may be missing. */
static int push_names(lua_State *L, DIR *folder)
{
    struct dirent *entry;
    lua_newtable(L);
    for (lua_Integer i = 1; errno = 0, (entry = readdir(folder));) {
        if (*entry->d_name == '.')
            continue;
        lua_pushstring(L, entry->d_name);
        lua_seti(L, -2, i++);
    }
    return errno;
}

/* folder_list(path) -> { name, ... } without names that begin with a dot; empty if there is no folder. Raises if the folder
 * cannot be read. */
static int folder_list(lua_State *L)
{
    const char *path = neap_lua_check_text(L, 1);
    void **handle = neap_lua_handle(L, FOLDER_TYPE);
    *handle = opendir(path);
    int reason = *handle ? push_names(L, *handle) : errno;
    if (reason && reason != ENOENT && reason != ENOTDIR)
        return neap_lua_error(L, "%s: cannot be read: %s", path, strerror(reason));
    if (!*handle)
        lua_newtable(L);
    else
        closedir(*handle);
    *handle = NULL;
    return 1;
}

/* temporary() -> the path of a new empty file in the first folder that allows it; the caller removes the file. */
static int temporary(lua_State *L)
{
    const char *const folders[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "."};
    for (int i = 0; i < 4; i++) {
        if (!folders[i] || !*folders[i])
            continue;
        lua_pushfstring(L, "%s/neap-XXXXXX", folders[i]);
        char *path = lua_newuserdatauv(L, lua_rawlen(L, -1) + 1, 0);
        strcpy(path, lua_tostring(L, -2));
        const int descriptor = mkstemp(path);
        if (descriptor < 0)
            continue;
        close(descriptor);
        lua_pushstring(L, path);
        return 1;
    }
    return neap_lua_error(L, "cannot create a temporary file in TMPDIR, /tmp, /var/tmp or the current folder: %s",
                          strerror(errno));
}

static const luaL_Reg functions[] = {
    {"png_save", png_save},       {"picture_load", picture_load}, {"npy_save", npy_save},
    {"npy_load", npy_load},       {"file_save", file_save},     {"folder_make", folder_make},   {"exists", exists},
    {"writable", writable},       {"folder_list", folder_list}, {"folder_clean", folder_clean}, {"temporary", temporary},
    {NULL, NULL},
};

void neap_lua_open_files(lua_State *L)
{
    static const luaL_Reg no_methods[] = {{NULL, NULL}};
    neap_lua_class(L, FOLDER_TYPE, no_methods, folder_close);
    luaL_setfuncs(L, functions, 0);
}
