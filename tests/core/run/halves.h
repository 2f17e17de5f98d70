/*
 * A linear autoencoder, whose latents are the sums of the two rows of a picture [2, 2, 1] and whose pictures repeat half of a
 * latent in both rows; and its pictures.
 */
#ifndef NEAP_HALVES_H
#define NEAP_HALVES_H

#include "field.h"
#include "training.h"

#define EXAMPLES 10

/* --- The autoencoder and its pictures -------------------------------------------------------------------------------- */

typedef struct halves_config {
    int64_t latents;    /* channels of a latent, 1 unless it is to be wrong */
    double log_variance;
} halves_config;

typedef struct halves {
    const halves_config *config;
    neap_tensor *scale; /* [1], 1 at first */
} halves;

static bool saw_training; /* was it called in training? */

static void *halves_build(const void *config, neap_model *model)
{
    halves *h = neap_calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->config = config;
    h->scale = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "scale");
    return h;
}

static int halves_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 2, .width = 2, .channels = 1,
                                           .latent = {1, 2, ((const halves *)self)->config->latents}});
}

static neap_tensor *halves_encode(void *self, neap_tensor *x)
{
    const halves *h = self;
    saw_training = saw_training || neap_training();
    neap_tensor *sum = neap_mul(neap_sum(x, (int[]){1}, 1, true), h->scale);
    neap_tensor *log_variance = neap_full(NEAP_F32, neap_shape_of(sum), h->config->log_variance);
    return neap_concat((neap_tensor *[]){sum, log_variance}, 2, 3);
}

static neap_tensor *halves_decode(void *self, neap_tensor *z)
{
    const neap_shape pictures = neap_dims(neap_dim(z, 0), 2, 2, 1);
    return neap_contiguous(neap_expand(neap_affine(neap_mul(z, ((const halves *)self)->scale), 0.5, 0), pictures));
}

static const neap_architecture halves_functions = {.size = sizeof halves_functions, .build = halves_build,
                                                   .destroy = neap_free, .spec = halves_spec,
                                                   .encode = halves_encode, .decode = halves_decode};
static const neap_param halves_params[] = {
    NEAP_INT(halves_config, latents, 1, 1, 9, "Channels of a latent."),
    NEAP_REAL(halves_config, log_variance, -30, -100, 10, "Of each latent."),
    NEAP_PARAMS_END,
};

/* Example i is the picture i, 2 i in both rows. */
static void *ramp_open(const void *config)
{
    (void)config;
    return neap_calloc(1, 1);
}

static int ramp_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 2, .width = 2, .channels = 1});
}

static int64_t ramp_count(const void *self)
{
    (void)self;
    return EXAMPLES;
}

static int ramp_read(const void *self, int64_t index, const neap_example *out)
{
    (void)self;
    for (int i = 0; i < 4; i++)
        out->x[i] = (float)(index * (1 + i % 2)) / EXAMPLES;
    return out->label ? neap_fail("expected no place for a label") : 0;
}

static const neap_dataset ramp_functions = {.size = sizeof ramp_functions, .open = ramp_open, .close = neap_free,
                                            .spec = ramp_spec, .count = ramp_count, .read = ramp_read};
static const neap_param ramp_params[] = {NEAP_PARAMS_END};
static const neap_component more_components[] = {
    {"architecture/2", "halves", "A linear autoencoder.", sizeof(halves_config), halves_params, &halves_functions},
    {"dataset/2", "ramp", "Pictures of two rows alike.", 0, ramp_params, &ramp_functions},
    {0},
};
static const neap_plugin more_plugin = {NEAP_ABI, sizeof more_plugin, "more", "1", "MIT", "For tests.", more_components};

static inline void open_autoencoders(void)
{
    field_open();
    ck_succeeds(neap_registry_add(&more_plugin, NULL));
}

static inline neap_source *open_ramp(void)
{
    neap_instance *data = COMPONENT("dataset", "ramp", NULL);
    neap_source *source = neap_source_open(data);
    neap_instance_release(data);
    return source;
}

/* Takes `network` into the latents of `halves`. */
static inline neap_network *with_halves(neap_network *network, const char *log_variance)
{
    neap_network *autoencoder = TRY_NETWORK("halves", "log_variance", log_variance);
    ck_succeeds(neap_network_set_autoencoder(network, autoencoder));
    neap_network_release(autoencoder);
    return network;
}

static inline void set_statistics(neap_network *autoencoder, double mean, double deviation)
{
    const neap_model *model = neap_network_model(autoencoder);
    ck_succeeds(neap_write(neap_model_find(model, "latents.mean"), NEAP_F64, &mean));
    ck_succeeds(neap_write(neap_model_find(model, "latents.deviation"), NEAP_F64, &deviation));
}

#endif
