/*
 * The decoder of Rombach et al. 2022 (High-Resolution Image Synthesis with Latent Diffusion Models): at each resolution
 * residual blocks, one more than in the encoder, then nearest upsampling and a convolution. Pictures are not clamped.
 */
#include <stdio.h>

#include "vae_gan.h"

/* Levels of the decoder count from the latents up. */
static int64_t width_at(const vae_gan_decoder *d, int i)
{
    return d->levels.width[d->levels.count - 1 - i];
}

static int make_level(vae_gan_decoder *d, neap_model *model, int i)
{
    const int64_t width = width_at(d, i);
    char path[64];
    for (int64_t j = 0; j <= d->config->blocks; j++) {
        const int64_t in = j > 0 ? width : width_at(d, i > 0 ? i - 1 : 0);
        snprintf(path, sizeof path, "decoder.up_blocks.%d.resnets.%lld", i, (long long)j);
        if (vae_gan_resnet_make(&d->block[i][j], model, d->config, in, width, path) < 0)
            return -1;
    }
    if (i + 1 == d->levels.count)
        return 0;
    const neap_conv_spec smooth = vae_gan_conv(width, width, 3);
    return neap_conv_make(&d->up[i], model, &smooth, "decoder.up_blocks.%d.upsamplers.0.conv", i);
}

int vae_gan_decoder_make(vae_gan_decoder *d, neap_model *model)
{
    const vae_gan_config *c = d->config;
    const int64_t first = width_at(d, 0), last = d->levels.width[0];
    const neap_conv_spec in = vae_gan_conv(c->latent, first, 3), out = vae_gan_conv(last, c->channels, 3);
    if (neap_conv_make(&d->conv_in, model, &in, "decoder.conv_in") < 0)
        return -1;
    for (int i = 0; i < d->levels.count; i++)
        if (make_level(d, model, i) < 0)
            return -1;
    if (vae_gan_middle_make(&d->middle, model, c, first, "decoder") < 0 ||
        vae_gan_norm_make(&d->norm_out, model, c, last, "decoder", "conv_norm_out") < 0)
        return -1;
    return neap_conv_make(&d->conv_out, model, &out, "decoder.conv_out");
}

neap_tensor *vae_gan_decoder_apply(const vae_gan_decoder *d, neap_tensor *z)
{
    neap_tensor *x = vae_gan_middle_apply(&d->middle, neap_conv_apply(&d->conv_in, z));
    for (int i = 0; i < d->levels.count; i++) {
        for (int64_t j = 0; j <= d->config->blocks; j++)
            x = vae_gan_resnet_apply(&d->block[i][j], x);
        if (i + 1 < d->levels.count)
            x = neap_conv_apply(&d->up[i], vae_gan_enlarge(x));
    }
    return neap_conv_apply(&d->conv_out, neap_norm_apply_silu(&d->norm_out, x));
}
