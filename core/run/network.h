/* What a network is made of; for core/run. */
#ifndef NEAP_RUN_NETWORK_H
#define NEAP_RUN_NETWORK_H

#include <neap/run.h>

#include "plugin/handle.h"

struct neap_network {
    neap_network_handle handle;
    neap_instance *instance;
    const neap_architecture *functions;
    neap_model *model;
    void *self;
    neap_spec spec;
    neap_instance *objective;    /* or NULL */
    bool frozen;                 /* its calls are never in training, and no parameter wants a gradient */
    neap_network *autoencoder;   /* owned, or NULL */
    neap_tensor *mean, *deviation; /* of an autoencoder's latents, by channel: buffers of its model; else NULL */
};

/* The architecture's name, which stands before messages. */
const char *neap_network_name(const neap_network *network);

/* A condition for `rows` rows in the form that the architecture takes: kinds that it does not take left out, missing ones
 * filled up, null labels numbered, and encoded by its `prepare`. *fitted is NULL where it takes nothing. Returns -1 with a message
 * where something does not fit. */
int neap_condition_fit(neap_network *network, const neap_condition *condition, int64_t rows, neap_condition **fitted);

/* keep f32 [B, H, W, 1] in the height and width of latents: 1 where all pixels that a latent covers are kept. */
neap_tensor *neap_latent_keep(neap_tensor *keep, const neap_spec *to);

#endif
