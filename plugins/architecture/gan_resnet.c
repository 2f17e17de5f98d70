/*
 * Residual blocks without normalisation (Huang et al. 2024, The GAN is dead; long live the GAN!, section 4): a 1x1
 * convolution to twice the channels, a grouped 3x3, a 1x1 back, with leaky ReLUs between. Upsampling is linear;
 * downsampling is 2x2 average pooling. The last convolution of a block starts at 0, except with a spectral norm; the
 * initial scale of the others decreases with the number of blocks (Zhang, Dauphin and Ma 2019, Fixup Initialization).
 */
#include <math.h>
#include <stdio.h>

#include "gan.h"

#define EXPANSION 2
#define MAX_WIDENINGS 2 /* channels double at most twice when the sides halve */

typedef struct block {
    gan_conv in, middle, out;
} block;

typedef struct resnet {
    const gan_config *config;
    gan_base base;
    neap_linear_layer latent;
    neap_tensor *basis, *pool; /* [1, rows, columns, channels] of the base: input of G, pooling weights of D */
    gan_conv to_picture, from_picture, up[GAN_MAX_STAGES], down[GAN_MAX_STAGES];
    block *generator, *discriminator; /* [stages + 1][depth], after this struct */
} resnet;

static int64_t channels_at(const resnet *m, int doublings)
{
    const int left = m->base.stages - doublings;
    return m->config->width << (left < MAX_WIDENINGS ? left : MAX_WIDENINGS);
}

static int check(const gan_config *c)
{
    gan_base base;
    if (EXPANSION * c->width % c->group_width)
        return neap_fail("group_width: expected a divisor of %lld channels, got %lld", (long long)(EXPANSION * c->width),
                         (long long)c->group_width);
    return gan_base_of(c, "resnet", &base);
}

/* A leaky ReLU keeps (1 + slope^2) / 2 of the variance; `share` is the factor of Fixup. */
static neap_init leaky(double share)
{
    return (neap_init){NEAP_INIT_KAIMING_UNIFORM, share / sqrt(1 + GAN_SLOPE * GAN_SLOPE)};
}

static int make_conv(gan_conv *l, bool spectral, neap_model *model, const neap_conv_spec *spec, const char *path,
                     const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", path, name);
    return gan_conv_make(l, spectral, model, spec, full);
}

static int make_block(block *b, const resnet *m, bool spectral, neap_model *model, int64_t channels, const char *path)
{
    const double share = pow((double)((m->base.stages + 1) * m->config->depth), -0.25);
    const int64_t hidden = EXPANSION * channels;
    const neap_conv_spec in = {.in = channels, .out = hidden, .kernel = 1, .window = {1, 0, 1, 1}, .bias = true,
                               .init = leaky(share)};
    const neap_conv_spec middle = {.in = hidden, .out = hidden, .kernel = 3, .bias = true, .init = leaky(share),
                                   .window = {1, 1, 1, hidden / m->config->group_width}};
    const neap_init zero = {NEAP_INIT_ZERO, 0}; /* not for a spectral norm, which would divide by 0 */
    const neap_conv_spec out = {.in = hidden, .out = channels, .kernel = 1, .window = {1, 0, 1, 1},
                                .init = spectral ? leaky(share) : zero};
    if (make_conv(&b->in, spectral, model, &in, path, "in") < 0)
        return -1;
    if (make_conv(&b->middle, spectral, model, &middle, path, "middle") < 0)
        return -1;
    return make_conv(&b->out, spectral, model, &out, path, "out");
}

/* All blocks of the generator or the discriminator, ordered by resolution. */
static int make_blocks(const resnet *m, block *blocks, bool spectral, neap_model *model, const char *part)
{
    const int64_t depth = m->config->depth;
    char path[64];
    for (int stage = 0; stage <= m->base.stages; stage++) {
        for (int64_t i = 0; i < depth; i++) {
            snprintf(path, sizeof path, "%s.blocks.%d.%lld", part, stage, (long long)i);
            if (make_block(&blocks[stage * depth + i], m, spectral, model, channels_at(m, stage), path) < 0)
                return -1;
        }
    }
    return 0;
}

static int make_1x1(gan_conv *l, bool spectral, neap_model *model, int64_t in, int64_t out, const char *path)
{
    const neap_conv_spec spec = {.in = in, .out = out, .kernel = 1, .window = {1, 0, 1, 1}, .bias = true,
                                 .init = {NEAP_INIT_XAVIER_UNIFORM, 0}};
    return gan_conv_make(l, spectral, model, &spec, path);
}

/* 1x1 convolutions that change the channels between resolutions. */
static int make_changes(resnet *m, neap_model *model)
{
    char path[64];
    for (int i = 0; i < m->base.stages; i++) {
        const int64_t low = channels_at(m, i), high = channels_at(m, i + 1);
        snprintf(path, sizeof path, "generator.up.%d", i);
        if (make_1x1(&m->up[i], false, model, low, high, path) < 0)
            return -1;
        snprintf(path, sizeof path, "discriminator.down.%d", i);
        if (make_1x1(&m->down[i], m->config->spectral_norm, model, high, low, path) < 0)
            return -1;
    }
    return 0;
}

static int make_ends(resnet *m, int64_t inputs, neap_model *model)
{
    const int64_t first = channels_at(m, 0), last = channels_at(m, m->base.stages);
    const neap_shape base = neap_dims(1, m->base.rows, m->base.columns, first);
    const neap_init normal = {NEAP_INIT_NORMAL, 1};
    const neap_init one_of = {NEAP_INIT_NORMAL, 1 / sqrt((double)(m->base.rows * m->base.columns))};
    m->basis = neap_model_parameter(model, base, normal, "generator.basis");
    m->pool = neap_model_parameter(model, base, one_of, "discriminator.pool");
    if (!m->basis || !m->pool || neap_linear_make(&m->latent, model, inputs, first, leaky(1), "generator.latent") < 0)
        return -1;
    if (make_1x1(&m->to_picture, false, model, last, m->config->channels, "generator.to_picture") < 0)
        return -1;
    return make_1x1(&m->from_picture, m->config->spectral_norm, model, m->config->channels, last,
                       "discriminator.from_picture");
}

static int fill(resnet *m, int64_t inputs, neap_model *model)
{
    if (make_ends(m, inputs, model) < 0 || make_changes(m, model) < 0)
        return -1;
    if (make_blocks(m, m->generator, false, model, "generator") < 0)
        return -1;
    return make_blocks(m, m->discriminator, m->config->spectral_norm, model, "discriminator");
}

static void *make(const gan_config *c, int64_t inputs, neap_model *model)
{
    gan_base base;
    if (gan_base_of(c, "resnet", &base) < 0)
        return NULL;
    const size_t blocks = (size_t)((base.stages + 1) * c->depth);
    resnet *m = neap_calloc(1, sizeof *m + 2 * blocks * sizeof(block));
    if (!m)
        return NULL;
    m->config = c;
    m->base = base;
    m->generator = (block *)(m + 1);
    m->discriminator = m->generator + blocks;
    if (fill(m, inputs, model) == 0)
        return m;
    neap_free(m);
    return NULL;
}

/* --- Forward ------------------------------------------------------------------------------------------------------ */

static neap_tensor *activate(neap_tensor *x)
{
    return neap_leaky_relu(x, GAN_SLOPE);
}

static neap_tensor *run_blocks(const resnet *m, const block *blocks, int stage, neap_tensor *x)
{
    for (int64_t i = 0; i < m->config->depth; i++) {
        const block *b = &blocks[stage * m->config->depth + i];
        neap_tensor *h = activate(gan_conv_apply(&b->middle, activate(gan_conv_apply(&b->in, x))));
        x = neap_add(x, gan_conv_apply(&b->out, h));
    }
    return x;
}

static neap_tensor *generate(const void *self, neap_tensor *z)
{
    const resnet *m = self;
    const neap_shape first = neap_dims(z ? neap_dim(z, 0) : 0, 1, 1, channels_at(m, 0));
    neap_tensor *x = neap_mul(m->basis, neap_reshape(neap_linear_apply(&m->latent, z), first));
    for (int stage = 0; stage <= m->base.stages; stage++) {
        x = run_blocks(m, m->generator, stage, x);
        if (x && stage < m->base.stages)
            x = gan_conv_apply(&m->up[stage], neap_resize(x, 2 * neap_dim(x, 1), 2 * neap_dim(x, 2), NEAP_LINEAR));
    }
    return gan_conv_apply(&m->to_picture, x);
}

static neap_tensor *features(const void *self, neap_tensor *x)
{
    const resnet *m = self;
    x = gan_conv_apply(&m->from_picture, x);
    for (int stage = m->base.stages; stage >= 0; stage--) {
        x = run_blocks(m, m->discriminator, stage, x);
        if (stage > 0)
            x = gan_conv_apply(&m->down[stage - 1], neap_average_pool(x, 2, 2, 0));
    }
    return neap_sum(neap_mul(x, m->pool), (int[]){1, 2}, 2, false);
}

static int64_t feature_count(const void *self)
{
    return channels_at(self, 0);
}

const gan_style gan_resnet = {check, make, generate, features, feature_count};
