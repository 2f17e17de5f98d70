/* Atomic files: see output.h. */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

static int fail(const neap_output *o, const char *what)
{
    return neap_fail("%s: cannot %s: %s", o->path, what, strerror(errno));
}

/* The mode that a plainly created file would have; mkstemp's is for its owner alone. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

int neap_output_open(neap_output *o, const char *path)
{
    *o = (neap_output){.path = neap_strdup(path), .temporary = neap_format("%s.XXXXXX", path)};
    int descriptor = o->path && o->temporary ? mkstemp(o->temporary) : -1;
    if (descriptor < 0) {
        neap_free(o->temporary); /* there is nothing to remove */
        o->temporary = NULL;
        return o->path ? fail(o, "be written") : -1; /* a message that memory ran out stands */
    }
    o->file = fchmod(descriptor, usual_mode()) == 0 ? fdopen(descriptor, "wb") : NULL;
    if (o->file)
        return 0;
    close(descriptor);
    return fail(o, "be written");
}

int neap_output_write(neap_output *o, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, o->file) == size ? 0 : fail(o, "be written");
}

static void release(neap_output *o)
{
    neap_free(o->path);
    neap_free(o->temporary);
    *o = (neap_output){0};
}

/* A rename is on the disk when its folder is. Some file systems refuse to flush folders; the file is whole then, too.
 * Cuts the path off behind the folder: the file stands by now, and nothing may fail any more, not even for memory. */
static void flush_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = 0; /* the root's own slash stays */
    int descriptor = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

int neap_output_commit(neap_output *o)
{
    bool flushed = fflush(o->file) == 0 && fsync(fileno(o->file)) == 0;
    bool closed = fclose(o->file) == 0;
    o->file = NULL;
    if (!flushed || !closed || rename(o->temporary, o->path) < 0) {
        fail(o, "be written");
        return neap_output_abandon(o);
    }
    flush_folder(o->path);
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
