/*
 * Files written whole or not at all: beside the old one, flushed, then renamed over it.
 */
#ifndef NEAP_IO_OUTPUT_H
#define NEAP_IO_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

typedef struct neap_output {
    FILE *file;
    char *path, *temporary; /* owned */
} neap_output;

/* Opens a temporary file in the folder of path. After any failure, here or later, call neap_output_abandon. */
int neap_output_open(neap_output *output, const char *path);
int neap_output_write(neap_output *output, const void *bytes, size_t size);
/* Flushes file and folder to the disk and renames; then everything is released, whether it succeeds or not. */
int neap_output_commit(neap_output *output);
/* Removes the temporary file; always returns -1. */
int neap_output_abandon(neap_output *output);

#endif
