/*
 * Strided convolutions in generator and discriminator (Radford et al. 2016, Unsupervised Representation Learning with
 * Deep Convolutional Generative Adversarial Networks): 4x4 kernels with stride 2; channels double when the sides
 * halve; norms after all convolutions but the generator's last and the discriminator's first.
 */
#include <stdio.h>

#include "gan.h"

typedef struct dcgan {
    const gan_config *config;
    gan_base base;
    neap_linear_layer project;
    neap_norm_layer project_norm, up_norm[GAN_MAX_STAGES], down_norm[GAN_MAX_STAGES];
    neap_conv_layer up[GAN_MAX_STAGES];
    gan_conv down[GAN_MAX_STAGES];
} dcgan;

static const neap_init normal = {NEAP_INIT_NORMAL, 0.02};

#define GROUPS 8 /* of a group norm */

static int check(const gan_config *c)
{
    gan_base base;
    if (gan_base_of(c, "dcgan", &base) < 0)
        return -1;
    if (c->norm == GAN_GROUP_NORM && c->width % GROUPS)
        return neap_fail("width: expected a multiple of %d for group norm, got %lld", GROUPS, (long long)c->width);
    return 0;
}

/* Channels after `doublings` of the base's sides; at full resolution, those of the picture. */
static int64_t channels_at(const dcgan *m, int doublings)
{
    return doublings == m->base.stages ? m->config->channels : m->config->width << (m->base.stages - 1 - doublings);
}

static int make_norm(const dcgan *m, neap_norm_layer *norm, neap_model *model, int64_t channels, const char *path)
{
    if (m->config->norm == GAN_NO_NORM)
        return 0;
    return neap_norm_make(norm, model, channels, m->config->norm == GAN_GROUP_NORM ? GROUPS : 0, "%s", path);
}

static neap_tensor *normalise(const dcgan *m, const neap_norm_layer *norm, neap_tensor *x, double slope)
{
    return m->config->norm == GAN_NO_NORM ? neap_leaky_relu(x, slope) : neap_norm_apply(norm, x, slope);
}

static neap_conv_spec spec_of(const dcgan *m, int64_t in, int64_t out, bool transposed, bool without_norm)
{
    return (neap_conv_spec){.in = in, .out = out, .kernel = 4, .window = {2, 1, 1, 1}, .transposed = transposed,
                            .bias = without_norm || m->config->norm == GAN_NO_NORM, .init = normal};
}

static int make_generator(dcgan *m, int64_t inputs, neap_model *model)
{
    const int64_t first = channels_at(m, 0), values = m->base.rows * m->base.columns * first;
    char path[64];
    if (neap_linear_make(&m->project, model, inputs, values, normal, "generator.project") < 0 ||
        make_norm(m, &m->project_norm, model, first, "generator.project_norm") < 0)
        return -1;
    for (int i = 0; i < m->base.stages; i++) {
        const bool last = i + 1 == m->base.stages;
        const neap_conv_spec spec = spec_of(m, channels_at(m, i), channels_at(m, i + 1), true, last);
        if (neap_conv_make(&m->up[i], model, &spec, "generator.up.%d", i) < 0)
            return -1;
        snprintf(path, sizeof path, "generator.up_norm.%d", i);
        if (!last && make_norm(m, &m->up_norm[i], model, spec.out, path) < 0)
            return -1;
    }
    return 0;
}

static int make_discriminator(dcgan *m, neap_model *model)
{
    char path[64];
    for (int i = 0; i < m->base.stages; i++) {
        const int doublings = m->base.stages - i; /* doublings at the input */
        const neap_conv_spec spec = spec_of(m, channels_at(m, doublings), channels_at(m, doublings - 1), false, i == 0);
        snprintf(path, sizeof path, "discriminator.down.%d", i);
        if (gan_conv_make(&m->down[i], m->config->spectral_norm, model, &spec, path) < 0)
            return -1;
        snprintf(path, sizeof path, "discriminator.down_norm.%d", i);
        if (i > 0 && make_norm(m, &m->down_norm[i], model, spec.out, path) < 0)
            return -1;
    }
    return 0;
}

static void *make(const gan_config *c, int64_t inputs, neap_model *model)
{
    dcgan *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = c;
    if (gan_base_of(c, "dcgan", &m->base) == 0 && make_generator(m, inputs, model) == 0 && make_discriminator(m, model) == 0)
        return m;
    neap_free(m);
    return NULL;
}

static neap_tensor *generate(const void *self, neap_tensor *z)
{
    const dcgan *m = self;
    const neap_shape first = neap_dims(z ? neap_dim(z, 0) : 0, m->base.rows, m->base.columns, channels_at(m, 0));
    neap_tensor *x = normalise(m, &m->project_norm, neap_reshape(neap_linear_apply(&m->project, z), first), 0);
    for (int i = 0; i + 1 < m->base.stages; i++)
        x = normalise(m, &m->up_norm[i], neap_conv_apply(&m->up[i], x), 0);
    return neap_tanh(neap_conv_apply(&m->up[m->base.stages - 1], x));
}

static int64_t feature_count(const void *self)
{
    const dcgan *m = self;
    return m->base.rows * m->base.columns * channels_at(m, 0);
}

static neap_tensor *features(const void *self, neap_tensor *x)
{
    const dcgan *m = self;
    const neap_shape flat = neap_dims(x ? neap_dim(x, 0) : 0, feature_count(self));
    x = neap_leaky_relu(gan_conv_apply(&m->down[0], x), GAN_SLOPE);
    for (int i = 1; i < m->base.stages; i++)
        x = normalise(m, &m->down_norm[i], gan_conv_apply(&m->down[i], x), GAN_SLOPE);
    return neap_reshape(x, flat);
}

const gan_style gan_dcgan = {check, make, generate, features, feature_count};
