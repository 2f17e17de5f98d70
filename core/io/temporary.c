/* Temporary files: see temporary.h. */
#include "io/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <neap/io.h>
#include <neap/memory.h>

#include "io/target.h"

#define MARK ".neap-"
#define MOST_NAME 64 /* bytes of the target's name, within the limit of file systems */
#define MOST_TRIES 1000
#define DAY (24 * 60 * 60)

/* FNV-1a of the machine's name. */
static uint32_t host(void)
{
    struct utsname about = {0};
    uint32_t hash = 2166136261u;
    uname(&about);
    for (const char *c = about.nodename; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return hash;
}

/* The length to which a name is cut, at the boundary of a UTF-8 character. */
static int kept_length(const char *name)
{
    return (int)neap_text_cut(name, strnlen(name, MOST_NAME + 1), MOST_NAME);
}

/* flock without waiting: 0 or an errno. */
static int lock(int descriptor)
{
    int status;
    do {
        status = flock(descriptor, LOCK_EX | LOCK_NB);
    } while (status < 0 && errno == EINTR);
    return status < 0 ? errno : 0;
}

/* --- Making ------------------------------------------------------------------------------------------------------ */

/* If a cleaning process locks or removes the file between its creation and our lock, another one is made. On a file
 * system without locks the unlocked file is used. */
static bool claim(int descriptor)
{
    struct stat about;
    return lock(descriptor) != EWOULDBLOCK && fstat(descriptor, &about) == 0 && about.st_nlink > 0;
}

static int make_one(const char *path, mode_t mode)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0 || claim(descriptor))
        return descriptor;
    close(descriptor);
    errno = EEXIST;
    return -1;
}

int neap_temporary_make(const char *target, mode_t mode, char **path)
{
    const char *name = neap_target_name(target);
    for (int n = 0; n < MOST_TRIES; n++) {
        *path = neap_format("%.*s.%.*s" MARK "%08x-%ld-%d", (int)(name - target), target, kept_length(name), name, host(),
                            (long)getpid(), n);
        int descriptor = *path ? make_one(*path, mode) : -1;
        if (descriptor >= 0)
            return descriptor;
        int reason = *path ? errno : ENOMEM;
        neap_free(*path);
        *path = NULL;
        errno = reason;
        if (reason != EEXIST)
            return -1;
    }
    return -1;
}

/* --- Cleaning ---------------------------------------------------------------------------------------------------- */

static const char *skip_digits(const char *c)
{
    return c + strspn(c, "0123456789");
}

/* Parses HOST-PID-N after the mark, to the end. */
static bool read_rest(const char *rest, uint32_t *of_host)
{
    if (strspn(rest, "0123456789abcdef") != 8 || rest[8] != '-')
        return false;
    const char *pid = rest + 9, *n = skip_digits(pid);
    if (n == pid || *n != '-' || skip_digits(n + 1) == n + 1 || *skip_digits(n + 1))
        return false;
    *of_host = (uint32_t)strtoul(rest, NULL, 16);
    return true;
}

/* Whether an entry of a folder is a temporary of `name`, or of any file if that is NULL. */
static bool is_temporary(const char *entry, const char *name, uint32_t *of_host)
{
    const char *mark = NULL;
    if (*entry != '.')
        return false;
    for (const char *at = entry + 1; (at = strstr(at, MARK)); at++)
        mark = at;
    if (!mark || !read_rest(mark + strlen(MARK), of_host))
        return false;
    int length = (int)(mark - entry) - 1;
    return !name || (length == kept_length(name) && strncmp(entry + 1, name, (size_t)length) == 0);
}

static bool is_abandoned(int descriptor, const struct stat *about, bool own_host)
{
    bool old = time(NULL) - about->st_mtime > DAY;
    int reason = lock(descriptor);
    return reason == 0 ? own_host || old : reason != EWOULDBLOCK && old;
}

/* Some network file systems lock only descriptors open for writing; the file may have the mode of a read-only target.
 * */
static int open_entry(int folder, const char *entry)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int descriptor = openat(folder, entry, O_RDWR | flags);
    return descriptor < 0 && errno == EACCES ? openat(folder, entry, O_RDONLY | flags) : descriptor;
}

/* Holds the lock until the file is removed, and checks that the name still is that of the locked file: a writer may
 * have renamed it and used the name again. */
static bool remove_abandoned(int folder, const char *entry, bool own_host)
{
    struct stat about, now;
    int descriptor = open_entry(folder, entry);
    if (descriptor < 0)
        return false;
    bool removed = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
                   is_abandoned(descriptor, &about, own_host) &&
                   fstatat(folder, entry, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == about.st_dev &&
                   now.st_ino == about.st_ino && unlinkat(folder, entry, 0) == 0;
    close(descriptor);
    return removed;
}

int neap_temporary_clean(const char *path, const char *name)
{
    int removed = 0;
    DIR *folder = opendir(path);
    uint32_t own = host(), other;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (is_temporary(entry->d_name, name, &other))
            removed += remove_abandoned(dirfd(folder), entry->d_name, other == own);
    if (folder)
        closedir(folder);
    return removed;
}

int neap_folder_clean(const char *path)
{
    return neap_temporary_clean(path, NULL);
}
