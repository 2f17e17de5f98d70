/* For tests of the architecture vae_gan: its inputs, the shapes of its results, and counts of its parameters. */
#ifndef NEAP_VAE_GAN_TEST_H
#define NEAP_VAE_GAN_TEST_H

#include "tests/core/run/training.h"

#define ALONE "discriminator", "false"
#define SMALL "rows", "16", "columns", "12", "width", "8", "groups", "4", "d_width", "8", "d_layers", "1"

static inline neap_tensor *pictures(const neap_network *network, int64_t batch)
{
    const neap_spec s = spec_of(network);
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, s.height, s.width, s.channels));
}

static inline neap_tensor *latents(const neap_network *network, int64_t batch)
{
    const neap_extent e = spec_of(network).latent;
    return neap_randn((neap_random){4, 0}, 0, neap_dims(batch, e.height, e.width, e.channels));
}

static inline void check_shape(const char *what, const neap_tensor *x, neap_shape want)
{
    char text[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    ck_assert_msg(x != NULL, "%s: %s", what, neap_error_message());
    ck_assert_msg(neap_shape_equal(neap_shape_of(x), want), "%s: expected %s, got %s", what, neap_shape_text(want, text),
                  neap_shape_text(neap_shape_of(x), got));
}

/* The elements of the parameters whose names begin with the prefix. */
static inline int64_t count(const neap_network *network, const char *prefix)
{
    const neap_model *model = neap_network_model(network);
    int64_t n = 0;
    for (int i = 0; i < neap_model_count(model); i++)
        if (!neap_model_is_buffer(model, i) && strncmp(neap_model_name(model, i), prefix, strlen(prefix)) == 0)
            n += neap_size(neap_model_tensor(model, i));
    return n;
}

#endif
