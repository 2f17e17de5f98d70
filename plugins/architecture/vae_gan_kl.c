/*
 * The variational autoencoder of latent diffusion (Rombach et al. 2022): encoder, decoder, and 1x1 convolutions on both
 * sides of the latents. Layout, names and epsilon are those of AutoencoderKL in diffusers, so weights can be exchanged.
 */
#include "vae_gan.h"

typedef struct kl {
    vae_gan_encoder encoder;
    vae_gan_decoder decoder;
    neap_conv_layer quant, post_quant; /* weight NULL: none */
} kl;

static int check(const vae_gan_config *c, const vae_gan_levels *levels)
{
    for (int i = 0; i < levels->count; i++)
        if (levels->width[i] % c->groups)
            return neap_fail("groups: expected a divisor of the width %lld of level %d, got %lld",
                             (long long)levels->width[i], i, (long long)c->groups);
    return 0;
}

static int make_quant(kl *m, const vae_gan_config *c, neap_model *model)
{
    const neap_conv_spec moments = vae_gan_conv(2 * c->latent, 2 * c->latent, 1);
    const neap_conv_spec latents = vae_gan_conv(c->latent, c->latent, 1);
    if (neap_conv_make(&m->quant, model, &moments, "quant_conv") < 0)
        return -1;
    return neap_conv_make(&m->post_quant, model, &latents, "post_quant_conv");
}

static void *make(const vae_gan_config *c, const vae_gan_levels *levels, neap_model *model)
{
    kl *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->encoder.config = m->decoder.config = c;
    m->encoder.levels = m->decoder.levels = *levels;
    if (vae_gan_encoder_make(&m->encoder, model) == 0 && vae_gan_decoder_make(&m->decoder, model) == 0 &&
        (!c->quant || make_quant(m, c, model) == 0))
        return m;
    neap_free(m);
    return NULL;
}

static neap_tensor *encode(const void *self, neap_tensor *x)
{
    const kl *m = self;
    neap_tensor *moments = vae_gan_encoder_apply(&m->encoder, x);
    return m->quant.weight ? neap_conv_apply(&m->quant, moments) : moments;
}

static neap_tensor *decode(const void *self, neap_tensor *z)
{
    const kl *m = self;
    return vae_gan_decoder_apply(&m->decoder, m->post_quant.weight ? neap_conv_apply(&m->post_quant, z) : z);
}

const vae_gan_style vae_gan_kl = {check, make, encode, decode};
