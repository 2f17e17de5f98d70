/*
 * Reads back the header of a newly written safetensors file before it replaces the old one.
 */
#ifndef NEAP_IO_VERIFY_H
#define NEAP_IO_VERIFY_H

#include "io/saved.h"

/* Compares the size and parsed header of a flushed output with the intended contents: name, dtype, shape and offsets of
 * the tensors, and metadata. The data are not read: their writes and the flush have succeeded. An output that is
 * written to its target directly cannot be read back, and passes. */
int neap_saved_verify(const neap_output *output, const neap_saved *saved);

#endif
