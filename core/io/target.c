/* Targets of outputs: see target.h. */
#include "io/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

#define MOST_LINKS 40 /* the limit of Linux */

const char *neap_target_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *neap_target_folder(const char *path)
{
    size_t length = (size_t)(neap_target_name(path) - path);
    return length ? neap_format("%.*s", (int)length, path) : neap_strdup(".");
}

/* --- Links ------------------------------------------------------------------------------------------------------- */

/* The path that a link holds, relative to the link's folder. NULL with errno set, or with a message if memory ran out.
 * */
static char *follow(const char *path)
{
    char held[PATH_MAX];
    ssize_t length = readlink(path, held, sizeof held - 1);
    if (length < 0)
        return NULL;
    held[length] = 0;
    int folder = *held == '/' ? 0 : (int)(neap_target_name(path) - path);
    return neap_format("%.*s%s", folder, path, held);
}

/* Links in /proc represent open files: their content need not be a path. */
static bool is_open_file(const struct stat *link)
{
    struct stat proc;
    return stat("/proc/self", &proc) == 0 && proc.st_dev == link->st_dev;
}

/* The descriptor of this process that such a link represents; -1 for another process. */
static int descriptor_of(const neap_target *t)
{
    char *end;
    struct stat own;
    const char *name = neap_target_name(t->path);
    long number = strtol(name, &end, 10);
    bool same = *name && !*end && number >= 0 && number <= INT_MAX && fstat((int)number, &own) == 0 &&
                own.st_dev == t->about.st_dev && own.st_ino == t->about.st_ino;
    return same ? (int)number : -1;
}

static int follow_links(neap_target *t)
{
    struct stat link;
    for (int links = 0; lstat(t->path, &link) == 0 && S_ISLNK(link.st_mode); links++) {
        if (t->exists && is_open_file(&link)) {
            t->direct = true;
            t->descriptor = descriptor_of(t);
            return 0;
        }
        errno = ELOOP;
        char *next = links < MOST_LINKS ? follow(t->path) : NULL;
        if (!next)
            return -1;
        neap_free(t->path);
        t->path = next;
    }
    return 0;
}

/* --- Targets ----------------------------------------------------------------------------------------------------- */

/* A read-only file is protected, even if its folder permits replacing it. */
static int check(const neap_target *t)
{
    int reason = 0;
    if (t->exists && S_ISDIR(t->about.st_mode))
        reason = EISDIR;
    else if (!*neap_target_name(t->path))
        reason = *t->path ? EISDIR : ENOENT;
    else if (t->exists && !t->direct && faccessat(AT_FDCWD, t->path, W_OK, AT_EACCESS) < 0)
        reason = errno;
    errno = reason;
    return reason ? -1 : 0;
}

static int find(neap_target *t, const char *path)
{
    t->exists = stat(path, &t->about) == 0;
    if (!t->exists && errno != ENOENT)
        return -1;
    t->direct = t->exists && !S_ISREG(t->about.st_mode) && !S_ISDIR(t->about.st_mode);
    t->path = neap_strdup(path);
    return t->path && follow_links(t) == 0 ? check(t) : -1;
}

int neap_target_find(neap_target *t, const char *path)
{
    *t = (neap_target){.descriptor = -1};
    if (find(t, path) == 0)
        return 0;
    neap_fail("%s: cannot be written: %s", path, strerror(errno)); /* keeps a pending message of exhausted memory */
    neap_target_free(t);
    return -1;
}

/* A descriptor is duplicated: reopening it would overwrite its file from the start. */
int neap_target_open(const neap_target *t)
{
    if (t->descriptor >= 0)
        return fcntl(t->descriptor, F_DUPFD_CLOEXEC, 0);
    return open(t->path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
}

void neap_target_free(neap_target *t)
{
    neap_free(t->path);
    t->path = NULL;
}
