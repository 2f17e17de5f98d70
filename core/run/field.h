/* The field that a sampler integrates: a network with its objective, condition, guidance, and what a mask keeps. */
#ifndef NEAP_RUN_FIELD_H
#define NEAP_RUN_FIELD_H

#include <neap/run.h>
#include <neap/sampling.h>

/* The kept part of each sample: keep u8 [B, H, W, C]; picture and noise f32 of the same shape. keep NULL: no mask. */
typedef struct neap_mask {
    neap_tensor *keep, *picture, *noise;
} neap_mask;

typedef struct neap_guided {
    neap_network *network;
    const neap_instance *guidance; /* or NULL */
    neap_conditional conditional;
    neap_mask mask;
    const neap_network *other; /* the last other network that a guidance evaluated */
    neap_condition *prepared;  /* the batch's condition, as that network prepared it; the caller releases it */
    int64_t batch;        /* number of samples */
    int64_t *evaluations; /* [batch], of each sample so far; the caller owns it and zeroes it */
    const neap_watch *watch; /* the caller's; or NULL */
    bool named;           /* a message is pending that names its component: it is not the sampler's or the guidance's own */
} neap_guided;

/* The field over g, which must outlive it. The caller sets from, to and first. */
neap_field neap_guided_field(neap_guided *g);

/* Fails unless the settings fit each other, the network, the sampler and the guidance. */
int neap_sampling_check(neap_network *network, const neap_sampling *s);

/* x at times t f64 [B], with each kept pixel replaced by its value at t on the straight path from noise to picture.
 * Without a mask returns x itself. */
neap_tensor *neap_mask_kept(const neap_mask *mask, neap_tensor *x, neap_tensor *t);

#endif
