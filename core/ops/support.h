/*
 * What the families of ops share beside op.h: results made in ops, rows split over threads, [B, D] beside [B, .., D].
 */
#ifndef NEAP_OPS_SUPPORT_H
#define NEAP_OPS_SUPPORT_H

#include <neap/parallel.h>

#include "ops/op.h"

/* The end of a forward pass that was itself written in ops: copies value to the output; -1 where value is NULL. */
int neap_forward_put(const neap_call *call, const neap_tensor *value);

/* Rows of x [.., D]: how many, and x as [rows, D]. */
int64_t neap_row_count(neap_shape shape);
neap_tensor *neap_as_rows(neap_tensor *x);

/* v [B, D] as [B, 1, .., D], to meet x of `shape` [B, .., D]; and the adjoint: x summed to [B, D]. */
neap_tensor *neap_per_sample(neap_tensor *v, neap_shape shape);
neap_tensor *neap_sum_samples(neap_tensor *x);

/* x itself where elements of its last axis are adjacent, else a contiguous copy with the same history. */
neap_tensor *neap_pack_last(neap_tensor *x);

/* Windows of `kernel` pixels that fit n pixels with `padding` on both sides; 0 where none does. */
int64_t neap_window_count(int64_t n, int64_t kernel, int64_t stride, int64_t padding);

/* Rows that one thread should take at least, so that the split pays. */
int64_t neap_row_grain(int64_t row_size);

#endif
