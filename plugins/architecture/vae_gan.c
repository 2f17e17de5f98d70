/*
 * An autoencoder of pictures in one of two styles, and a patch discriminator beside it (Larsen et al. 2016, Autoencoding
 * beyond Pixels using a Learned Similarity Metric; Rombach et al. 2022, section 3.1). Without the discriminator it is
 * the variational autoencoder of Kingma and Welling 2014. `generate` decodes draws from its prior, N(0, I); statistics of
 * the latents do not enter.
 */
#include <string.h>

#include "vae_gan.h"

typedef struct vae_gan {
    const vae_gan_config *config;
    const vae_gan_style *style;
    void *self; /* what style->make returned; owned */
    vae_gan_discriminator discriminator;
} vae_gan;

static const char *const styles[] = {"kl", "tiny", NULL};
static const vae_gan_style *const style_of[] = {&vae_gan_kl, &vae_gan_tiny};
static const char *const norms[] = {"batch", "group", "none", NULL};

static int fill(vae_gan *m, neap_model *model)
{
    const vae_gan_config *c = m->config;
    vae_gan_levels levels;
    if (vae_gan_levels_of(c, &levels) < 0 || m->style->check(c, &levels) < 0)
        return -1;
    if (c->discriminator && vae_gan_discriminator_check(c) < 0)
        return -1;
    m->self = m->style->make(c, &levels, model);
    if (!m->self)
        return -1;
    return c->discriminator ? vae_gan_discriminator_make(&m->discriminator, c, model) : 0;
}

static void destroy(void *self)
{
    vae_gan *m = self;
    neap_free(m->self);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    vae_gan *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = settings;
    m->style = style_of[m->config->style];
    if (fill(m, model) == 0)
        return m;
    destroy(m);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const vae_gan_config *c = ((const vae_gan *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->rows, .width = c->columns, .channels = c->channels,
                                           .latent = {c->rows / c->factor, c->columns / c->factor, c->latent},
                                           .scales = true});
}

static bool offers(const void *self, const char *name)
{
    return strcmp(name, "discriminate") != 0 || ((const vae_gan *)self)->config->discriminator;
}

static neap_tensor *encode(void *self, neap_tensor *x)
{
    const vae_gan *m = self;
    return m->style->encode(m->self, x);
}

static neap_tensor *decode(void *self, neap_tensor *z)
{
    const vae_gan *m = self;
    return m->style->decode(m->self, z);
}

/* z is a draw from the prior; latents of one pixel come as [B, latent]. */
static neap_tensor *generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    const vae_gan_config *c = ((const vae_gan *)self)->config;
    (void)condition;
    return decode(self, neap_reshape(z, neap_dims(-1, c->rows / c->factor, c->columns / c->factor, c->latent)));
}

static neap_tensor *discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    (void)condition;
    return vae_gan_discriminator_apply(&((const vae_gan *)self)->discriminator, x);
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .generate = generate, .discriminate = discriminate, .encode = encode,
                                            .decode = decode, .offers = offers, .extra = "discriminator"};

static const neap_param params[] = {
    NEAP_CHOICE(vae_gan_config, style, 0, styles,
                "kl: residual blocks with group norm, as AutoencoderKL. tiny: 3x3 convolutions of one width, no norms."),
    NEAP_INT(vae_gan_config, rows, 28, 2, 4096, "Rows of a picture."),
    NEAP_INT(vae_gan_config, columns, 28, 2, 4096, "Columns of a picture."),
    NEAP_INT(vae_gan_config, channels, 1, 1, 4096, "Channels of a picture."),
    NEAP_INT(vae_gan_config, factor, 4, 2, 8, "The sides of a picture over those of its latents: 2, 4 or 8."),
    NEAP_INT(vae_gan_config, latent, 4, 1, 4096, "Channels of the latents."),
    NEAP_INT(vae_gan_config, width, 64, 1, 4096, "Channels at full resolution."),
    NEAP_TEXT(vae_gan_config, growth, "",
              "kl: channels of each resolution, as multiples of width, as \"1,2,4\"; empty: 1,2,2,2 up to the factor."),
    NEAP_INT(vae_gan_config, blocks, 1, 1, VAE_GAN_BLOCKS,
             "Residual blocks of each resolution. kl: the decoder has one more. tiny: full resolution has one."),
    NEAP_INT(vae_gan_config, groups, 32, 1, 4096, "kl: groups of a group norm, a divisor of all widths."),
    NEAP_FLAG(vae_gan_config, attention, 1, "kl: attention of one head at the resolution of the latents."),
    NEAP_FLAG(vae_gan_config, quant, 1, "kl: 1x1 convolutions on both sides of the latents."),
    NEAP_FLAG(vae_gan_config, discriminator, 1, "A patch discriminator for adversarial training."),
    NEAP_INT(vae_gan_config, d_layers, 2, 1, VAE_GAN_D_LAYERS, "Discriminator: convolutions with stride 2."),
    NEAP_INT(vae_gan_config, d_width, 64, 1, 4096, "Discriminator: channels after the first convolution."),
    NEAP_CHOICE(vae_gan_config, d_norm, VAE_GAN_BATCH_NORM, norms, "Discriminator: norm after convolutions."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(vae_gan) = NEAP_ONE_COMPONENT("vae_gan", "1.0.0", "MIT", "An autoencoder and a patch discriminator.",
                                          "architecture/2", vae_gan_config, params, functions);
