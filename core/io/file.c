/* Small files and folders. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/output.h"
#include "io/target.h"

int neap_file_save(const char *path, const void *bytes, size_t size)
{
    neap_output out;
    if (neap_output_open(&out, path) < 0 || neap_output_write(&out, bytes, size) < 0)
        return neap_output_abandon(&out);
    return neap_output_commit(&out);
}

static int not_writable(const char *path, int reason)
{
    return neap_fail("%s: cannot be written: %s", path, strerror(reason));
}

/* Creates a temporary file to test the folder: permissions are not enough, since root has all of them. Devices and
 * pipes are not opened, which would have effects. */
int neap_file_check(const char *path)
{
    neap_target target;
    neap_output out;
    if (neap_target_find(&target, path) < 0)
        return -1;
    const bool direct = target.direct, denied = direct && target.descriptor < 0 && access(target.path, W_OK) < 0;
    const int reason = errno;
    neap_target_free(&target);
    if (direct)
        return denied ? not_writable(path, reason) : 0;
    const int status = neap_output_open(&out, path);
    neap_output_abandon(&out);
    return status;
}

bool neap_file_is_direct(const char *path)
{
    neap_target target;
    const bool pending = neap_failed();
    if (neap_target_find(&target, path) < 0) {
        if (!pending)
            neap_error_clear(); /* writing reports it */
        return false;
    }
    const bool direct = target.direct;
    neap_target_free(&target);
    return direct;
}

char *neap_file_place(const char *path)
{
    neap_target target;
    if (neap_target_find(&target, path) < 0)
        return NULL;
    char *folder = neap_target_folder(target.path), *real = folder ? realpath(folder, NULL) : NULL, *place = NULL;
    if (real)
        place = neap_format("%s/%s", strcmp(real, "/") == 0 ? "" : real, neap_target_name(target.path));
    else if (folder)
        neap_fail("%s: %s", path, strerror(errno));
    free(real); /* realpath's own */
    neap_free(folder);
    neap_target_free(&target);
    return place;
}

int neap_file_save_parts(const char *path, int (*next)(void *user, const void **bytes, size_t *size), void *user)
{
    neap_output out;
    const void *bytes;
    size_t size;
    int status = neap_output_open(&out, path) < 0 ? -1 : 1;
    while (status > 0 && (status = next(user, &bytes, &size)) > 0)
        status = neap_output_write(&out, bytes, size) < 0 ? -1 : 1;
    return status < 0 ? neap_output_abandon(&out) : neap_output_commit(&out);
}

static void *read_all(FILE *file, const char *path, size_t limit, size_t *size)
{
    size_t room = 4096, got = 0;
    char *bytes = NULL;
    for (;;) {
        char *more = neap_realloc(bytes, room + 1);
        if (!more)
            break;
        bytes = more;
        got += fread(bytes + got, 1, room - got, file);
        if (got > limit) {
            neap_fail("%s: expected at most %zu bytes", path, limit);
            break;
        }
        if (got < room) {
            bytes[got] = 0;
            *size = got;
            return bytes;
        }
        room *= 2;
    }
    neap_free(bytes);
    return NULL;
}

void *neap_file_load(const char *path, size_t limit, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return neap_fail_null("%s: cannot be read: %s", path, strerror(errno));
    void *bytes = read_all(file, path, limit, size);
    int reason = !ferror(file) ? 0 : errno ? errno : EIO; /* opening a folder succeeds, reading it fails */
    fclose(file);
    if (!reason)
        return bytes;
    neap_free(bytes);
    return neap_fail_null("%s: cannot be read: %s", path, strerror(reason));
}

/* Makes the missing folder that a link leads to. */
static int make_target(const char *link)
{
    char target[PATH_MAX];
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length <= 0)
        return neap_fail("%s: cannot be made: %s", link, strerror(errno));
    target[length] = 0;
    const char *slash = *target == '/' ? NULL : strrchr(link, '/'); /* relative to the folder of the link */
    char *path = neap_format("%.*s%s", slash ? (int)(slash - link) + 1 : 0, link, target);
    int status = path ? neap_folder_make(path) : -1;
    neap_free(path);
    return status;
}

static int make_one(const char *path)
{
    struct stat about;
    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return 0;
    if (reason == EEXIST && errno == ENOENT && lstat(path, &about) == 0 && S_ISLNK(about.st_mode))
        return make_target(path);
    return neap_fail("%s: cannot be made: %s", path, strerror(reason));
}

int neap_folder_make(const char *path)
{
    char *part = neap_strdup(path);
    int status = part ? 0 : -1;
    for (char *end = part; status == 0 && *end && (end = strchr(end + 1, '/'));) {
        *end = 0;
        status = make_one(part);
        *end = '/';
    }
    if (status == 0)
        status = make_one(path);
    neap_free(part);
    return status;
}
