/* The folder of a run: moves an earlier run aside, and tells the free space on its disk. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "binding.h"

/* Is `inner` the folder `outer` or inside it? Both are real paths. */
static bool is_inside(const char *inner, const char *outer)
{
    size_t length = strlen(outer);
    return strncmp(inner, outer, length) == 0 && (inner[length] == 0 || inner[length] == '/' || length == 1);
}

/* Writes the absolute path of a folder, with links resolved, to `real`, and that of the parent of `path` to `parent`. False with
 * errno set on failure. */
static bool resolve(const char *path, char real[PATH_MAX], char parent[PATH_MAX])
{
    char up[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(up, sizeof up, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return realpath(path, real) && realpath(up, parent);
}

/* Renames to the first free number. An empty folder reserves the name, so that two processes cannot take the same one. */
static int rename_aside(const char *from, char *to, size_t room)
{
    for (int number = 1;; number++) {
        if (snprintf(to, room, "%s.%d", from, number) >= (int)room) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (mkdir(to, 0777) < 0) {
            if (errno == EEXIST)
                continue;
            return -1;
        }
        if (rename(from, to) == 0)
            return 0;
        if (rmdir(to) == 0)
            return rename(from, to); /* some file systems cannot replace even an empty folder */
    }
}

static const char *why_not(const char *real, const char *parent)
{
    char here[PATH_MAX];
    if (!realpath(".", here))
        return strerror(errno);
    if (is_inside(here, real))
        return "the current folder is inside it";
    return is_inside(parent, real) ? "the link to it is inside it" : NULL;
}

/*
 * folder_aside(path) moves a folder to path.1 or the next free number -> its new path; or nil and why it cannot be moved.
 * A link stays: the folder that it leads to is moved, within its own parent.
 */
static int folder_aside(lua_State *L)
{
    char real[PATH_MAX], parent[PATH_MAX], to[PATH_MAX];
    struct stat about;
    const char *path = luaL_checkstring(L, 1), *reason = NULL;
    if (lstat(path, &about) < 0 || !resolve(path, real, parent))
        reason = strerror(errno);
    else if (!(reason = why_not(real, parent)) &&
             rename_aside(S_ISLNK(about.st_mode) ? real : path, to, sizeof to) < 0)
        reason = strerror(errno);
    lua_pushstring(L, reason ? NULL : to);
    lua_pushstring(L, reason);
    return 2;
}

/* --- Room --------------------------------------------------------------------------------------------------------------- */

/* statvfs of the longest part of a path that exists. */
static bool measure(const char *path, struct statvfs *disk)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return false;
    while (statvfs(part, disk) < 0) {
        char *slash = strrchr(part, '/');
        if (errno != ENOENT || strcmp(part, ".") == 0 || strcmp(part, "/") == 0)
            return false;
        if (!slash)
            snprintf(part, sizeof part, ".");
        else
            slash[slash == part] = 0; /* keeps the slash of the root */
    }
    return true;
}

/* folder_room(path) -> free bytes for this user on the disk of a folder, which need not exist; nil if the file system cannot
 * tell */
static int folder_room(lua_State *L)
{
    struct statvfs disk;
    if (!measure(luaL_checkstring(L, 1), &disk) || disk.f_blocks == 0) {
        lua_pushnil(L);
        return 1;
    }
    uint64_t blocks = geteuid() == 0 ? disk.f_bfree : disk.f_bavail, bytes; /* some blocks are reserved for root */
    if (__builtin_mul_overflow(blocks, (uint64_t)disk.f_frsize, &bytes) || bytes > INT64_MAX)
        bytes = INT64_MAX;
    lua_pushinteger(L, (lua_Integer)bytes);
    return 1;
}

static const luaL_Reg functions[] = {{"folder_aside", folder_aside}, {"folder_room", folder_room}, {NULL, NULL}};

void neap_lua_open_folder(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
