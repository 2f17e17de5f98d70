/*
 * A safetensors file that has just been written is read back, header and all, before it replaces the last.
 */
#ifndef NEAP_IO_VERIFY_H
#define NEAP_IO_VERIFY_H

#include <neap/io.h>

#include "io/output.h"
#include "io/text.h"

/* What was to be written; everything is borrowed. */
typedef struct neap_saved {
    neap_text header;
    const neap_named_tensor *tensors; /* in the order of their data */
    int count;
    const neap_pair *metadata;
    int pairs;
} neap_saved;

/* Compares the size of a flushed output, and its header, parsed, with what was to be written: tensors by name, dtype, shape
 * and place, and metadata. The data are not read: their writes and the flush have succeeded. An output that was written into
 * its target cannot be read back, and passes. */
int neap_saved_verify(const neap_output *output, const neap_saved *saved);

#endif
