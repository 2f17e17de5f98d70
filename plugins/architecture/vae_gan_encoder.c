/*
 * The encoder of Rombach et al. 2022 (High-Resolution Image Synthesis with Latent Diffusion Models), after Esser et al.
 * 2021 (Taming Transformers): at each resolution residual blocks, then a convolution with stride 2.
 */
#include <stdio.h>

#include "vae_gan.h"

static int make_level(vae_gan_encoder *e, neap_model *model, int i)
{
    const int64_t width = e->levels.width[i];
    char path[64];
    for (int64_t j = 0; j < e->config->blocks; j++) {
        const int64_t in = j > 0 ? width : e->levels.width[i > 0 ? i - 1 : 0];
        snprintf(path, sizeof path, "encoder.down_blocks.%d.resnets.%lld", i, (long long)j);
        if (vae_gan_resnet_make(&e->block[i][j], model, e->config, in, width, path) < 0)
            return -1;
    }
    if (i + 1 == e->levels.count)
        return 0;
    neap_conv_spec half = vae_gan_conv(width, width, 3);
    half.window.stride = 2;
    half.window.padding = 0;
    return neap_conv_make(&e->down[i], model, &half, "encoder.down_blocks.%d.downsamplers.0.conv", i);
}

int vae_gan_encoder_make(vae_gan_encoder *e, neap_model *model)
{
    const vae_gan_config *c = e->config;
    const int64_t last = e->levels.width[e->levels.count - 1];
    const neap_conv_spec in = vae_gan_conv(c->channels, e->levels.width[0], 3);
    const neap_conv_spec out = vae_gan_conv(last, 2 * c->latent, 3);
    if (neap_conv_make(&e->conv_in, model, &in, "encoder.conv_in") < 0)
        return -1;
    for (int i = 0; i < e->levels.count; i++)
        if (make_level(e, model, i) < 0)
            return -1;
    if (vae_gan_middle_make(&e->middle, model, c, last, "encoder") < 0 ||
        vae_gan_norm_make(&e->norm_out, model, c, last, "encoder", "conv_norm_out") < 0)
        return -1;
    return neap_conv_make(&e->conv_out, model, &out, "encoder.conv_out");
}

/* Zeros to the right and below alone: pixel i of the result sees pixels 2 i to 2 i + 2. */
static neap_tensor *halve(const neap_conv_layer *conv, neap_tensor *x)
{
    return neap_conv_apply(conv, neap_pad(x, (const int64_t[]){0, 0, 0, 1, 0, 1, 0, 0}));
}

neap_tensor *vae_gan_encoder_apply(const vae_gan_encoder *e, neap_tensor *x)
{
    x = neap_conv_apply(&e->conv_in, x);
    for (int i = 0; i < e->levels.count; i++) {
        for (int64_t j = 0; j < e->config->blocks; j++)
            x = vae_gan_resnet_apply(&e->block[i][j], x);
        if (i + 1 < e->levels.count)
            x = halve(&e->down[i], x);
    }
    x = vae_gan_middle_apply(&e->middle, x);
    return neap_conv_apply(&e->conv_out, neap_norm_apply_silu(&e->norm_out, x));
}
