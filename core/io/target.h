/*
 * The target of an output: the file behind symbolic links, and whether it is replaced or written to directly.
 */
#ifndef NEAP_IO_TARGET_H
#define NEAP_IO_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

typedef struct neap_target {
    char *path;         /* owned: the file that links lead to, or that will be created */
    bool exists;        /* `about` is set */
    bool direct;        /* written to, not replaced: a device, a pipe, an open descriptor */
    int descriptor;     /* of this process, for /dev/stdout and similar paths; else -1 */
    struct stat about;
} neap_target;

/* Refuses folders, and files that this user may not write. On failure there is nothing to free. */
int neap_target_find(neap_target *target, const char *path);
/* Opens a direct target for writing; returns a descriptor, or -1 with errno set. Blocks on a pipe without a reader. */
int neap_target_open(const neap_target *target);
void neap_target_free(neap_target *target);

/* The folder of a path, "." for a plain name. Owned by the caller. */
char *neap_target_folder(const char *path);
/* The last part of a path. */
const char *neap_target_name(const char *path);

#endif
