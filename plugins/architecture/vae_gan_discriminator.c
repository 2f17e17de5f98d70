/*
 * The patch discriminator of Isola et al. 2017 (Image-to-Image Translation with Conditional Adversarial Networks,
 * section 3.2): 4x4 convolutions, each of whose logits sees one patch of the picture. Layout and names are those of
 * NLayerDiscriminator: `d_layers` convolutions with stride 2, one with stride 1, and one to the logits.
 */
#include "vae_gan.h"

#define SLOPE 0.2      /* of the leaky ReLU */
#define MOST_GROWTH 8  /* of the width */
#define GROUPS 8       /* of a group norm */

static const neap_init normal = {NEAP_INIT_NORMAL, 0.02};

/* --- Checks ------------------------------------------------------------------------------------------------------- */

/* A side of the map of logits: stride 2 halves it, and each of the two convolutions with stride 1 takes one pixel. */
static int64_t logits_along(int64_t side, int64_t layers)
{
    return (side >> layers) - 2;
}

/* At least two logits: with a single one it would be no patch discriminator. */
static bool fits(const vae_gan_config *c, int64_t layers)
{
    const int64_t rows = logits_along(c->rows, layers), columns = logits_along(c->columns, layers);
    return rows > 0 && columns > 0 && rows * columns > 1;
}

static int fail_depth(const vae_gan_config *c)
{
    int64_t most = VAE_GAN_D_LAYERS;
    while (most > 0 && !fits(c, most))
        most--;
    if (most == 0)
        return neap_fail("discriminator: expected false: pictures of %lld by %lld are too small for its logits",
                         (long long)c->rows, (long long)c->columns);
    return neap_fail("d_layers: expected at most %lld for pictures of %lld by %lld, so that the discriminator has more "
                     "than one logit; got %lld",
                     (long long)most, (long long)c->rows, (long long)c->columns, (long long)c->d_layers);
}

int vae_gan_discriminator_check(const vae_gan_config *c)
{
    if (!fits(c, c->d_layers))
        return fail_depth(c);
    if (c->d_norm == VAE_GAN_GROUP_NORM && c->d_width % GROUPS)
        return neap_fail("d_width: expected a multiple of %d for group norm, got %lld", GROUPS, (long long)c->d_width);
    return 0;
}

/* --- Layers ------------------------------------------------------------------------------------------------------- */

/* Channels after convolution i. */
static int64_t width_at(const vae_gan_config *c, int64_t i)
{
    const int64_t growth = (int64_t)1 << i;
    return c->d_width * (growth < MOST_GROWTH ? growth : MOST_GROWTH);
}

/* Convolution i of d_layers + 2. A norm has a bias of its own. */
static int make_conv(vae_gan_discriminator *d, neap_model *model, int64_t i)
{
    const vae_gan_config *c = d->config;
    const bool first = i == 0, last = i == c->d_layers + 1, normed = !first && !last && c->d_norm != VAE_GAN_NO_NORM;
    const neap_conv_spec spec = {.in = first ? c->channels : width_at(c, i - 1), .out = last ? 1 : width_at(c, i),
                                 .kernel = 4, .window = {i < c->d_layers ? 2 : 1, 1, 1, 1}, .bias = !normed,
                                 .init = normal};
    const int place = first ? 0 : (int)(3 * i - 1); /* a norm and a leaky ReLU stand between two convolutions */
    if (neap_conv_make(&d->conv[i], model, &spec, "discriminator.main.%d", place) < 0)
        return -1;
    const int64_t groups = c->d_norm == VAE_GAN_GROUP_NORM ? GROUPS : 0;
    return normed ? neap_norm_make(&d->norm[i], model, spec.out, groups, "discriminator.main.%d", place + 1) : 0;
}

int vae_gan_discriminator_make(vae_gan_discriminator *d, const vae_gan_config *c, neap_model *model)
{
    d->config = c;
    for (int64_t i = 0; i < c->d_layers + 2; i++)
        if (make_conv(d, model, i) < 0)
            return -1;
    return 0;
}

neap_tensor *vae_gan_discriminator_apply(const vae_gan_discriminator *d, neap_tensor *x)
{
    const vae_gan_config *c = d->config;
    if (c->d_norm == VAE_GAN_BATCH_NORM && neap_training() && x && neap_dim(x, 0) < 2)
        return neap_fail_null("discriminator: batch norm: expected a batch of at least 2 in training, got 1; d_norm = "
                              "\"group\" or \"none\" takes any batch");
    x = neap_leaky_relu(neap_conv_apply(&d->conv[0], x), SLOPE);
    for (int64_t i = 1; i <= c->d_layers; i++) {
        x = neap_conv_apply(&d->conv[i], x);
        x = c->d_norm == VAE_GAN_NO_NORM ? neap_leaky_relu(x, SLOPE) : neap_norm_apply(&d->norm[i], x, SLOPE);
    }
    return neap_conv_apply(&d->conv[c->d_layers + 1], x);
}
