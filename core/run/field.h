/* The field that a sampler walks: a network with its objective, labels, guidance, and what a mask keeps. */
#ifndef NEAP_RUN_FIELD_H
#define NEAP_RUN_FIELD_H

#include <neap/run.h>
#include <neap/sampling.h>

typedef struct neap_guided {
    neap_network *network, *worse;  /* worse: or NULL */
    const neap_instance *guidance;  /* or NULL */
    neap_conditional conditional;
    neap_tensor *keep, *picture, *noise; /* keep u8 [B, H, W, C], or all NULL: no mask */
    int64_t batch, rows;                 /* rows evaluated so far */
} neap_guided;

/* The field over g, which outlives it; `from` and `to` are the caller's to set. */
neap_field neap_guided_field(neap_guided *g);

/* At time t, x with what the mask keeps put on its straight way from noise to picture; x itself without a mask. */
neap_tensor *neap_guided_kept(const neap_guided *g, neap_tensor *x, double t);

#endif
