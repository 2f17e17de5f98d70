/* The members of a network, for core/run. */
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
    bool frozen;                 /* its calls are never in training, and no parameter requires a gradient */
    neap_network *autoencoder;   /* owned, or NULL */
    neap_tensor *mean, *deviation; /* of an autoencoder: buffers of its model, [channels of latents]; else NULL */
};

/* The architecture's name, borrowed; messages begin with it. */
static inline const char *neap_network_name(const neap_network *network)
{
    return neap_instance_component(network->instance)->name;
}

/* Is it a generator that starts from latents, and not from noise of the pictures' shape? */
bool neap_network_takes_latents(const neap_network *network);

/* Does the tensor of this name belong to the extra part of the network (see `extra` in neap/plugin.h)? */
bool neap_network_is_extra(const neap_network *network, const char *name);
/* A copy of the network without its extra part, with the same values; the network itself when it has none. The caller owns
 * the result. */
neap_network *neap_network_without_extra(neap_network *network);

/* Brings a condition of `rows` rows, or NULL, into the form that the architecture takes: leaves out kinds that it does
 * not take, fills missing ones, replaces the label -1 by the null class, and calls the architecture's `prepare`. *fitted
 * belongs to the innermost scope and is NULL when the architecture takes no condition. Returns -1 with a message when
 * something does not fit. */
int neap_condition_fit(neap_network *network, const neap_condition *condition, int64_t rows, neap_condition **fitted);

/* What an autoencoder must offer; ends with NULL. */
extern const char *const neap_autoencoder_needs[];

/* The means of moments [B, h, w, 2 C], or with `random` a draw, as neap_latents_draw. */
neap_tensor *neap_latents_of(neap_tensor *moments, const neap_random *random, uint64_t first);

/* Normalised latents [B, h, w, C] from the moments of the network's autoencoder; otherwise as neap_network_to_latents. */
neap_tensor *neap_network_from_moments(neap_network *network, neap_tensor *moments, const neap_random *random,
                                       uint64_t first);

/* Reduces keep, f32 [B, H, W, 1], to the height and width of latents: the least value of the pixels that a latent
 * covers. */
neap_tensor *neap_latent_keep(neap_tensor *keep, const neap_spec *to);

#endif
