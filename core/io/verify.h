/*
 * Reads back the header of a newly written safetensors file before it replaces the old one.
 */
#ifndef NEAP_IO_VERIFY_H
#define NEAP_IO_VERIFY_H

#include <neap/io.h>

#include "io/output.h"
#include "io/text.h"

/* The intended contents; all members are borrowed. */
typedef struct neap_saved {
    neap_text header;
    const neap_named_tensor *tensors; /* in the order of their data */
    int count;
    const neap_pair *metadata;
    int pairs;
} neap_saved;

/* Compares the size and parsed header of a flushed output with the intended contents: name, dtype, shape and offsets of
 * the tensors, and metadata. The data are not read: their writes and the flush have succeeded. An output that is
 * written to its target directly cannot be read back, and passes. */
int neap_saved_verify(const neap_output *output, const neap_saved *saved);

#endif
