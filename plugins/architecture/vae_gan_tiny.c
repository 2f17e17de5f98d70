/*
 * A tiny autoencoder: 3x3 convolutions of one width with ReLUs, without norms and attention. Layout and names are those
 * of AutoencoderTiny in diffusers, so weights can be exchanged. It has no spread of its own: the log variance is
 * constant. Inside, pictures are in [0, 1], and latents are bounded smoothly by 3.
 */
#include <stdio.h>

#include "vae_gan.h"

#define NO_SPREAD (-30) /* log variance: the standard deviation is 3e-7 */
#define BOUND 3.0

typedef struct block {
    neap_conv_layer conv[3];
} block;

/* One side: `between` changes the resolution before level i of the encoder and after level i of the decoder. */
typedef struct side {
    neap_conv_layer in, between[VAE_GAN_LEVELS], out;
    block block[VAE_GAN_LEVELS][VAE_GAN_BLOCKS];
} side;

typedef struct tiny {
    const vae_gan_config *config;
    int levels;
    side encoder, decoder;
} tiny;

/* --- Making ------------------------------------------------------------------------------------------------------- */

static int check(const vae_gan_config *c, const vae_gan_levels *levels)
{
    (void)levels;
    if (c->growth && *c->growth)
        return neap_fail("growth: expected none: the style tiny has one width; got '%s'", c->growth);
    return 0;
}

/* At full resolution there is one block. */
static int64_t blocks_at(const tiny *m, int level)
{
    return level == 0 ? 1 : m->config->blocks;
}

/* Makes the blocks of a level and counts their places up in *place. */
static int make_blocks(const tiny *m, block *blocks, int level, neap_model *model, const char *part, int *place)
{
    const neap_conv_spec spec = vae_gan_conv(m->config->width, m->config->width, 3);
    for (int64_t j = 0; j < blocks_at(m, level); j++, ++*place)
        for (int k = 0; k < 3; k++)
            if (neap_conv_make(&blocks[j].conv[k], model, &spec, "%s.layers.%d.conv.%d", part, *place, 2 * k) < 0)
                return -1;
    return 0;
}

static int make_between(const tiny *m, neap_conv_layer *conv, int64_t stride, neap_model *model, const char *part,
                        int place)
{
    neap_conv_spec spec = vae_gan_conv(m->config->width, m->config->width, 3);
    spec.window.stride = stride;
    spec.bias = false;
    return neap_conv_make(conv, model, &spec, "%s.layers.%d", part, place);
}

static int make_encoder(tiny *m, neap_model *model)
{
    const vae_gan_config *c = m->config;
    const neap_conv_spec in = vae_gan_conv(c->channels, c->width, 3), out = vae_gan_conv(c->width, c->latent, 3);
    int place = 1;
    if (neap_conv_make(&m->encoder.in, model, &in, "encoder.layers.0") < 0)
        return -1;
    for (int i = 0; i < m->levels; i++) {
        if (i > 0 && make_between(m, &m->encoder.between[i], 2, model, "encoder", place++) < 0)
            return -1;
        if (make_blocks(m, m->encoder.block[i], i, model, "encoder", &place) < 0)
            return -1;
    }
    return neap_conv_make(&m->encoder.out, model, &out, "encoder.layers.%d", place);
}

/* Places without parameters are the ReLU after the first convolution, and each upsampling. */
static int make_decoder(tiny *m, neap_model *model)
{
    const vae_gan_config *c = m->config;
    const neap_conv_spec in = vae_gan_conv(c->latent, c->width, 3), out = vae_gan_conv(c->width, c->channels, 3);
    int place = 2;
    if (neap_conv_make(&m->decoder.in, model, &in, "decoder.layers.0") < 0)
        return -1;
    for (int i = m->levels - 1; i >= 0; i--) {
        if (make_blocks(m, m->decoder.block[i], i, model, "decoder", &place) < 0)
            return -1;
        if (i > 0 && make_between(m, &m->decoder.between[i], 1, model, "decoder", ++place) < 0)
            return -1;
        place += i > 0;
    }
    return neap_conv_make(&m->decoder.out, model, &out, "decoder.layers.%d", place);
}

static void *make(const vae_gan_config *c, const vae_gan_levels *levels, neap_model *model)
{
    tiny *m = neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = c;
    m->levels = levels->count;
    if (make_encoder(m, model) == 0 && make_decoder(m, model) == 0)
        return m;
    neap_free(m);
    return NULL;
}

/* --- Forward ------------------------------------------------------------------------------------------------------ */

static neap_tensor *run_blocks(const tiny *m, const block *blocks, int level, neap_tensor *x)
{
    for (int64_t j = 0; j < blocks_at(m, level); j++) {
        neap_tensor *h = neap_relu(neap_conv_apply(&blocks[j].conv[0], x));
        h = neap_relu(neap_conv_apply(&blocks[j].conv[1], h));
        x = neap_relu(neap_add(x, neap_conv_apply(&blocks[j].conv[2], h)));
    }
    return x;
}

static neap_tensor *encode(const void *self, neap_tensor *x)
{
    const tiny *m = self;
    x = neap_conv_apply(&m->encoder.in, neap_affine(x, 0.5, 0.5));
    for (int i = 0; i < m->levels; i++) {
        x = i > 0 ? neap_conv_apply(&m->encoder.between[i], x) : x;
        x = run_blocks(m, m->encoder.block[i], i, x);
    }
    neap_tensor *z = neap_conv_apply(&m->encoder.out, x);
    return z ? neap_concat((neap_tensor *[]){z, neap_full(neap_dtype_of(z), neap_shape_of(z), NO_SPREAD)}, 2, 3) : NULL;
}

static neap_tensor *decode(const void *self, neap_tensor *z)
{
    const tiny *m = self;
    neap_tensor *x = neap_affine(neap_tanh(neap_affine(z, 1 / BOUND, 0)), BOUND, 0);
    x = neap_relu(neap_conv_apply(&m->decoder.in, x));
    for (int i = m->levels - 1; i >= 0; i--) {
        x = run_blocks(m, m->decoder.block[i], i, x);
        x = i > 0 ? neap_conv_apply(&m->decoder.between[i], vae_gan_enlarge(x)) : x;
    }
    return neap_affine(neap_conv_apply(&m->decoder.out, x), 2, -1);
}

const vae_gan_style vae_gan_tiny = {check, make, encode, decode};
