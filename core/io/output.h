/*
 * Atomic writing, used for every file: to a temporary beside the old file, flushed, then renamed over it.
 *
 * Symbolic links are followed: the file at their end is replaced in its own folder, or created, and the links stay. The
 * mode of a replaced file stays, and its owner where the system permits. A file that this user may not write is
 * refused, although its folder would let it be replaced. What is no regular file (a device, a pipe) and the open
 * descriptors behind /dev/stdout and /proc/self/fd are written into as they are; there a failure leaves what was
 * written up to it.
 */
#ifndef NEAP_IO_OUTPUT_H
#define NEAP_IO_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "io/target.h"

typedef struct neap_output {
    FILE *file;
    char *path;         /* owned: as it was given, for messages */
    neap_target target;
    char *temporary;    /* owned; NULL where the target is written into */
    int held;           /* descriptor of the temporary, which can be read and holds its lock; or -1 */
} neap_output;

/* Opens a temporary file beside the target, after removing those that killed processes left there for it. After any
 * failure, here or later, call neap_output_abandon. */
int neap_output_open(neap_output *output, const char *path);
int neap_output_write(neap_output *output, const void *bytes, size_t size);
/* Flushes the file to the disk; it can then be read from `held`. */
int neap_output_flush(neap_output *output);
/* Flushes, renames and flushes the folder; releases everything, also on failure. */
int neap_output_commit(neap_output *output);
/* Removes the temporary file; always returns -1. */
int neap_output_abandon(neap_output *output);

#endif
