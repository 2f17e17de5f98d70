/* The field that a sampler integrates: a network with its objective, condition, guidance, and what a mask keeps. */
#ifndef NEAP_RUN_FIELD_H
#define NEAP_RUN_FIELD_H

#include <neap/run.h>
#include <neap/sampling.h>

/* What is kept of each sample; keep u8 [B, H, W, C], or NULL: nothing. */
typedef struct neap_mask {
    neap_tensor *keep, *picture, *noise;
} neap_mask;

typedef struct neap_guided {
    neap_network *network;
    const neap_instance *guidance; /* or NULL */
    neap_conditional conditional;
    neap_mask mask;
    int64_t batch, *evaluations; /* of each sample so far; the caller's, zero at first */
} neap_guided;

/* The field over g, which outlives it; `from` and `to` are the caller's to set. */
neap_field neap_guided_field(neap_guided *g);

/* x at times t f64 [B], with the kept pixels at their places on the straight path from noise to picture; x itself without a
 * mask. */
neap_tensor *neap_mask_kept(const neap_mask *mask, neap_tensor *x, neap_tensor *t);

#endif
