/*
 * What a safetensors file will hold, and its header. For the two ways to write one: tensors in memory (save.c), and tensors
 * that are added in pieces (save_pieces.c).
 */
#ifndef NEAP_IO_SAVED_H
#define NEAP_IO_SAVED_H

#include <neap/io.h>

#include "io/output.h"
#include "io/text.h"

typedef struct neap_saved_tensor {
    const char *name;
    neap_dtype dtype;
    neap_shape shape;
    neap_tensor *tensor; /* NULL where it is added in pieces */
} neap_saved_tensor;

/* All members but the header's text are borrowed. */
typedef struct neap_saved {
    neap_text header;
    neap_saved_tensor *tensors; /* in the order of their data */
    int count;
    const neap_pair *metadata;
    int pairs;
} neap_saved;

size_t neap_saved_bytes(const neap_saved_tensor *entry);

/* Checks names and metadata, and makes the header. With `sort`, brings the tensors into the order of the file: by descending
 * element size, then by name; without it, fails unless their element sizes descend. The caller frees header.bytes, also
 * after a failure. */
int neap_saved_prepare(neap_saved *saved, bool sort);
int neap_saved_write_header(const neap_saved *saved, neap_output *out);
/* Writes the elements in row-major order for any strides. */
int neap_saved_write_tensor(neap_output *out, neap_tensor *x);

#endif
