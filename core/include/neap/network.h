/*
 * Networks: an architecture built into a model. What objectives, guidances and hosts call.
 *
 * A call checks its arguments and its result, so a component that relies on shapes need not. It fails with the
 * architecture's name before the message. From one thread at a time.
 */
#ifndef NEAP_NETWORK_H
#define NEAP_NETWORK_H

#include <neap/condition.h>
#include <neap/plugin.h>

/* Fills *out, whose size the caller sets: neap_spec spec = {.size = sizeof spec}. An architecture's spec is what it works on: with
 * an autoencoder, latents. */
void neap_network_spec(const neap_network *network, neap_spec *out);

/* The spec with the sizes of the pictures that users see: those of the autoencoder where there is one. */
void neap_network_picture_spec(const neap_network *network, neap_spec *out);

/* "velocity", "generate", ...: a function of neap_architecture. */
bool neap_network_offers(const neap_network *network, const char *what);

/* Fails by name when something needed is not offered: `flow_matching needs 'velocity'; gan offers 'generate',
 * 'discriminate'`. `needs` ends with NULL. */
int neap_network_require(const neap_network *network, const char *who, const char *const *needs);

/* The functions of neap_architecture, by the same names. Kinds of a condition that the network does not take are left out, and
 * those that it takes and that were not told are filled up (see condition.h). Calls that take a condition prepare it
 * first where the network offers that and it is not prepared yet. */
neap_tensor *neap_network_velocity(neap_network *network, neap_tensor *x, neap_tensor *t, const neap_condition *condition);
neap_tensor *neap_network_average(neap_network *network, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                                  const neap_condition *condition);
neap_tensor *neap_network_generate(neap_network *network, neap_tensor *z, const neap_condition *condition);
neap_tensor *neap_network_discriminate(neap_network *network, neap_tensor *x, const neap_condition *condition);
neap_tensor *neap_network_encode(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_decode(neap_network *network, neap_tensor *z);
neap_tensor *neap_network_features(neap_network *network, neap_tensor *x);
neap_tensor *neap_network_classify(neap_network *network, neap_tensor *x);

/* The condition as the calls above want it: checked, filled up, encoded. Sampling does this once for all steps. NULL where the
 * network takes nothing. */
neap_condition *neap_network_prepare(neap_network *network, const neap_condition *condition, int64_t rows);

#endif
