/*
 * What the families of ops share beside op.h, without calling an op: rows, windows, and the ends of a forward pass.
 */
#ifndef NEAP_OPS_RULES_H
#define NEAP_OPS_RULES_H

#include <neap/parallel.h>

#include "ops/op.h"

/* Rows of x [.., D]. */
int64_t neap_row_count(neap_shape shape);

/* The least number of rows for a thread, so that the split pays. */
int64_t neap_row_grain(int64_t row_size);

/* Windows of `kernel` pixels that fit n pixels with `padding` on both sides; 0 where none fits. */
int64_t neap_window_count(int64_t n, int64_t kernel, int64_t stride, int64_t padding);

/* Copies value, the result of ops, to the output of a forward pass. -1 where value is NULL. */
int neap_forward_put(const neap_call *call, const neap_tensor *value);

/* x itself where elements of its last axis are adjacent, else a contiguous copy with the same history. */
neap_tensor *neap_pack_last(neap_tensor *x);

#endif
