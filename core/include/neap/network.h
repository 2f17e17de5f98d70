/*
 * Networks: architectures built into models. Objectives, guidances and hosts call them.
 *
 * Each call checks the shapes of its arguments and of its result, so callers need not. A result belongs to the innermost
 * scope. A call that fails returns NULL, and its message begins with the architecture's name. A network may be used from
 * one thread at a time.
 */
#ifndef NEAP_NETWORK_H
#define NEAP_NETWORK_H

#include <neap/condition.h>
#include <neap/plugin.h>

/* Fills *out, whose size the caller sets: neap_spec spec = {.size = sizeof spec}. With an autoencoder, height, width and
 * channels are those of its latents. */
void neap_network_spec(const neap_network *network, neap_spec *out);

/* The same with the sizes of the pictures that users see: those that the autoencoder, if there is one, encodes. */
void neap_network_picture_spec(const neap_network *network, neap_spec *out);

/* Does the architecture have this optional function of neap_architecture, "velocity", "generate", ...? False for other
 * names. */
bool neap_network_offers(const neap_network *network, const char *what);

/* Returns -1 when the network does not offer all of `needs`, which ends with NULL. The message says who needs what:
 * `flow_matching needs 'velocity'; gan offers 'generate', 'discriminate'`. */
int neap_network_require(const neap_network *network, const char *who, const char *const *needs);

/* Call the functions of neap_architecture of the same names, with the same shapes. Kinds of a condition that the network
 * does not take are left out; missing kinds are filled with null rows (see condition.h). A condition that this network
 * has not prepared yet is prepared first. NULL: all rows are null. */
neap_tensor *neap_network_velocity(neap_network *network, neap_tensor *x, neap_tensor *t, const neap_condition *condition);
neap_tensor *neap_network_average(neap_network *network, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                                  const neap_condition *condition);
neap_tensor *neap_network_generate(neap_network *network, neap_tensor *z, const neap_condition *condition);
neap_tensor *neap_network_discriminate(neap_network *network, neap_tensor *x, const neap_condition *condition);
neap_tensor *neap_network_encode(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_decode(neap_network *network, neap_tensor *z);
neap_tensor *neap_network_features(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_classify(neap_network *network, neap_tensor *x);

/* Checks a condition of `rows` rows, fills missing kinds and encodes it, so that the calls above need not; sampling does
 * this once for all steps. Returns NULL without a message when the network takes no condition. */
neap_condition *neap_network_prepare(neap_network *network, const neap_condition *condition, int64_t rows);

/* Splits moments [B, h, w, 2 C], as neap_network_encode returns them, into means and log variances, which are clamped to
 * [-30, 20]. Returns 0, or -1 with a message. */
int neap_moments_split(neap_tensor *moments, neap_tensor **mean, neap_tensor **log_variance);

/* A draw from these Gaussians: mean + exp(log variance / 2) noise, in which row i uses sample first + i (Kingma and Welling
 * 2014, section 2.4). */
neap_tensor *neap_latents_draw(neap_tensor *mean, neap_tensor *log_variance, neap_random random, uint64_t first);

#endif
