/*
 * The lock of a run's folder.
 *
 * It is flock() on the file neap.lock in the folder. The kernel releases it when the process ends in any way, so the lock file
 * of a killed process blocks nobody. The file holds process, host and command for the message.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"

#define LOCK_TYPE "neap.lock"
#define LOCK_FILE "neap.lock"
#define OWNER_TEXT 1024

typedef struct run_lock {
    int folder, file; /* descriptors; -1 when closed */
} run_lock;

/* --- The owner ---------------------------------------------------------------------------------------------------------- */

/* The command line of this process, in one line: arguments separated by blanks, control characters as '?'. */
static void command_line(char *text, size_t room)
{
    ssize_t length = -1;
    int descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        length = read(descriptor, text, room - 1);
        close(descriptor);
    }
    while (length > 0 && !text[length - 1])
        length--;
    for (ssize_t i = 0; i < length; i++)
        text[i] = text[i] == 0 ? ' ' : (unsigned char)text[i] < ' ' || text[i] == 127 ? '?' : text[i];
    text[length > 0 ? length : 0] = 0;
}

/* The command line from the name of the program on, without its folder. */
static const char *without_folder(const char *command)
{
    const char *end = command + strcspn(command, " "), *name = end;
    while (name > command && name[-1] != '/')
        name--;
    return name;
}

static void host_name(char *name, size_t room)
{
    if (gethostname(name, room) < 0 || !*name)
        snprintf(name, room, "unknown");
    name[room - 1] = 0;
}

/* Best effort: on failure the lock still holds, and the message cannot name its owner. */
static void write_owner(int file)
{
    char command[OWNER_TEXT], host[256], text[2 * OWNER_TEXT];
    command_line(command, sizeof command);
    host_name(host, sizeof host);
    int length = snprintf(text, sizeof text, "%ld\n%s\n%s\n", (long)getpid(), host, without_folder(command));
    if (ftruncate(file, 0) < 0 || pwrite(file, text, (size_t)length, 0) < length)
        return;
}

/* "process 12 (neap run a.lua)", with the host if it is another one. False if the owner has not written it yet. */
static bool read_owner(int file, char *phrase, size_t room)
{
    char text[2 * OWNER_TEXT], owner_host[256], command[OWNER_TEXT] = "", host[256];
    long process;
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    host_name(host, sizeof host);
    if (sscanf(text, "%ld %255s %1023[^\n]", &process, owner_host, command) < 2)
        return false;
    bool here = strcmp(host, owner_host) == 0;
    snprintf(phrase, room, "process %ld%s%s%s%s%s", process, here ? "" : " on ", here ? "" : owner_host, *command ? " (" : "",
             command, *command ? ")" : "");
    return true;
}

/* --- The lock ----------------------------------------------------------------------------------------------------------- */

static void drop(run_lock *lock)
{
    if (lock->file >= 0)
        close(lock->file);
    if (lock->folder >= 0)
        close(lock->folder);
    lock->file = lock->folder = -1;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is the folder at `path` the one that was opened? */
static bool is_at(const run_lock *lock, const char *path)
{
    struct stat folder, at;
    return fstat(lock->folder, &folder) == 0 && stat(path, &at) == 0 && same(&folder, &at);
}

/* Is the lock file in the folder still the locked one? */
static bool is_whole(const run_lock *lock)
{
    struct stat file, at;
    return fstat(lock->file, &file) == 0 && fstatat(lock->folder, LOCK_FILE, &at, AT_SYMLINK_NOFOLLOW) == 0 &&
           same(&file, &at);
}

/* Returns 0, or -1 with errno set. */
static int open_lock(run_lock *lock, const char *path)
{
    struct stat about;
    lock->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->folder < 0)
        return -1;
    lock->file = openat(lock->folder, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (lock->file < 0)
        return -1;
    if (fstat(lock->file, &about) == 0 && S_ISREG(about.st_mode))
        return 0;
    errno = EEXIST; /* the name is taken by something that is no regular file */
    return -1;
}

typedef enum { LOCKED, IN_USE, CHANGED, FAILED } outcome;

static outcome try_lock(run_lock *lock, const char *path)
{
    if (open_lock(lock, path) < 0) {
        /* ENOENT: the folder was removed after it was opened. */
        return lock->folder >= 0 && errno == ENOENT ? CHANGED
               : (neap_fail("%s/%s: cannot be opened: %s", path, LOCK_FILE, strerror(errno)), FAILED);
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return IN_USE;
        neap_warn("%s: cannot be locked: %s; another run can use this folder at the same time", path, strerror(errno));
    }
    return is_at(lock, path) && is_whole(lock) ? LOCKED : CHANGED;
}

/* Retries every two milliseconds while the folder is being moved or the owner has not written its name. */
static outcome take(run_lock *lock, const char *path, char *owner, size_t room)
{
    outcome now;
    snprintf(owner, room, "another process");
    for (int tries = 0; tries < 100; tries++) {
        now = try_lock(lock, path);
        if (now == LOCKED || now == FAILED || (now == IN_USE && read_owner(lock->file, owner, room)))
            break;
        drop(lock);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return now;
}

/* folder_lock(path) -> a lock, which close() releases; or nil and its owner: "process 12 (neap run a.lua)" */
static int folder_lock(lua_State *L)
{
    char owner[2 * OWNER_TEXT];
    const char *path = luaL_checkstring(L, 1);
    run_lock *lock = lua_newuserdatauv(L, sizeof *lock, 0);
    *lock = (run_lock){-1, -1};
    luaL_setmetatable(L, LOCK_TYPE);
    outcome now = take(lock, path, owner, sizeof owner);
    if (now == LOCKED) {
        write_owner(lock->file);
        return 1;
    }
    drop(lock);
    if (now == FAILED)
        return neap_lua_raise(L);
    lua_pushnil(L);
    lua_pushstring(L, owner);
    return 2;
}

/* Is the process that a lock file names alive on this host? True where it cannot be told: on another host. */
static bool owner_may_live(int file)
{
    char text[2 * OWNER_TEXT], owner_host[256], host[256];
    long process;
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    host_name(host, sizeof host);
    if (sscanf(text, "%ld %255s", &process, owner_host) < 2 || strcmp(host, owner_host) != 0)
        return true;
    return kill((pid_t)process, 0) == 0 || errno == EPERM;
}

/* folder_owner(path) -> who holds the lock of a folder, "process 12 (neap run a.lua)"; nil for nobody. A lock that may be held
 * is tried as a shared one, for a moment; that of a process that is gone is left alone, so that a run that begins now gets it. */
static int folder_owner(lua_State *L)
{
    char owner[2 * OWNER_TEXT] = "another process";
    lua_pushfstring(L, "%s/%s", neap_lua_check_text(L, 1), LOCK_FILE);
    const int file = open(lua_tostring(L, -1), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool held = file >= 0 && owner_may_live(file) && flock(file, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    if (held)
        read_owner(file, owner, sizeof owner);
    if (file >= 0)
        close(file);
    lua_pushstring(L, held ? owner : NULL);
    return 1;
}

/* Removes the file while it is locked: a process that has opened it meanwhile sees that it is gone, and retries. */
static int lock_close(lua_State *L)
{
    run_lock *lock = luaL_checkudata(L, 1, LOCK_TYPE);
    if (lock->file >= 0 && is_whole(lock))
        unlinkat(lock->folder, LOCK_FILE, 0);
    drop(lock);
    return 0;
}

/* holds(path) -> is the folder at `path` the locked one?, is its lock file still the locked one? */
static int lock_holds(lua_State *L)
{
    const run_lock *lock = luaL_checkudata(L, 1, LOCK_TYPE);
    lua_pushboolean(L, is_at(lock, luaL_checkstring(L, 2)));
    lua_pushboolean(L, is_whole(lock));
    return 2;
}

static const luaL_Reg methods[] = {{"close", lock_close}, {"holds", lock_holds}, {NULL, NULL}};

void neap_lua_open_lock(lua_State *L)
{
    neap_lua_class(L, LOCK_TYPE, methods, lock_close);
    lua_pushcfunction(L, folder_lock);
    lua_setfield(L, -2, "folder_lock");
    lua_pushcfunction(L, folder_owner);
    lua_setfield(L, -2, "folder_owner");
}
