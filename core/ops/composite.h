/*
 * Functions made of ops that the families share: rows, [B, D] beside [B, .., D], and the adjoint of broadcasting. They keep
 * the history, so gradients may use them.
 */
#ifndef NEAP_OPS_COMPOSITE_H
#define NEAP_OPS_COMPOSITE_H

#include "ops/rules.h"

/* x [.., D] as [rows, D]. */
neap_tensor *neap_as_rows(neap_tensor *x);

/* v [B, D] as [B, 1, .., D], to broadcast against x of `shape` [B, .., D]; and the adjoint: x summed to [B, D]. */
neap_tensor *neap_per_sample(neap_tensor *v, neap_shape shape);
neap_tensor *neap_sum_samples(neap_tensor *x);

/* Sums g down to a shape that was broadcast to g's. */
neap_tensor *neap_sum_to(neap_tensor *g, neap_shape shape);

/* The derivative of silu at x. */
neap_tensor *neap_silu_slope(neap_tensor *x);

#endif
