/* Atomic files: see output.h. */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/temporary.h"

/* A pending message of exhausted memory is kept. */
static int fail(const neap_output *o)
{
    return neap_fail("%s: cannot be written: %s", o->path, strerror(errno));
}

/* --- Opening ----------------------------------------------------------------------------------------------------- */

static int clean(const neap_output *o)
{
    char *folder = neap_target_folder(o->target.path);
    if (!folder)
        return -1;
    neap_temporary_clean(folder, neap_target_name(o->target.path));
    neap_free(folder);
    return 0;
}

/* Only the owner may read the temporary until it has the mode of the file that it replaces. */
static int open_temporary(neap_output *o)
{
    mode_t mode = o->target.exists ? 0600 : 0666;
    if (clean(o) < 0)
        return -1;
    o->held = neap_temporary_make(o->target.path, mode, &o->temporary);
    return o->held < 0 ? -1 : fcntl(o->held, F_DUPFD_CLOEXEC, 0);
}

int neap_output_open(neap_output *o, const char *path)
{
    *o = (neap_output){.path = neap_strdup(path), .held = -1};
    if (!o->path || neap_target_find(&o->target, path) < 0)
        return -1;
    int descriptor = o->target.direct ? neap_target_open(&o->target) : open_temporary(o);
    o->file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (o->file)
        return 0;
    fail(o);
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

int neap_output_write(neap_output *o, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, o->file) == size ? 0 : fail(o);
}

/* Pipes and most devices cannot be flushed and return EINVAL. */
int neap_output_flush(neap_output *o)
{
    if (fflush(o->file) == 0 && (fsync(fileno(o->file)) == 0 || (o->target.direct && errno == EINVAL)))
        return 0;
    return fail(o);
}

/* --- The end ----------------------------------------------------------------------------------------------------- */

/* Copies owner and mode of the replaced file. If the owner or group cannot be kept, the group gets the rights of
 * others, so nobody gains access. On a file system without modes the file stays readable by its owner only. */
static void keep_mode(const neap_output *o)
{
    const struct stat *old = &o->target.about;
    mode_t mode = old->st_mode & 07777;
    if (fchown(o->held, old->st_uid, (gid_t)-1) < 0)
        mode &= ~(mode_t)S_ISUID;
    if (fchown(o->held, (uid_t)-1, old->st_gid) < 0)
        mode = (mode & ~(mode_t)(S_ISGID | 070)) | (mode & 07) << 3;
    fchmod(o->held, mode);
}

/* Flushes the folder, which makes the rename durable. Some file systems refuse to flush folders; the file is whole
 * anyway. Truncates the path in place, since after the rename nothing may fail, not even an allocation. */
static void flush_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = 0; /* keeps the slash of the root */
    int descriptor = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

static int replace(neap_output *o)
{
    if (rename(o->temporary, o->target.path) < 0)
        return fail(o);
    flush_folder(o->target.path);
    return 0;
}

/* Releases the lock only after the temporary was renamed or removed. */
static void release(neap_output *o)
{
    if (o->held >= 0)
        close(o->held);
    neap_target_free(&o->target);
    neap_free(o->path);
    neap_free(o->temporary);
    *o = (neap_output){.held = -1};
}

int neap_output_commit(neap_output *o)
{
    if (o->temporary && o->target.exists)
        keep_mode(o);
    int status = neap_output_flush(o);
    if (fclose(o->file) < 0 && status == 0)
        status = fail(o);
    o->file = NULL;
    if (status < 0 || (o->temporary && replace(o) < 0))
        return neap_output_abandon(o);
    release(o);
    return 0;
}

int neap_output_abandon(neap_output *o)
{
    if (o->file)
        fclose(o->file);
    if (o->temporary)
        unlink(o->temporary);
    release(o);
    return -1;
}
