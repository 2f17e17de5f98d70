/* Shared by the files of the architecture vae_gan: settings, styles, layers and the discriminator. */
#ifndef VAE_GAN_H
#define VAE_GAN_H

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>

typedef enum vae_gan_norm { VAE_GAN_BATCH_NORM, VAE_GAN_GROUP_NORM, VAE_GAN_NO_NORM } vae_gan_norm;

typedef struct vae_gan_config {
    int64_t rows, columns, channels, factor, latent, width, blocks, groups, d_layers, d_width;
    int style, d_norm;
    bool attention, quant, discriminator;
    const char *growth;
} vae_gan_config;

#define VAE_GAN_LEVELS 4  /* at most: factor 8 */
#define VAE_GAN_BLOCKS 16 /* in a level, at most */

/* Resolutions from the picture's own down to the latents', each half of the one before. */
typedef struct vae_gan_levels {
    int count;
    int64_t width[VAE_GAN_LEVELS]; /* channels */
} vae_gan_levels;

/* Reads factor, width and growth. Returns 0, or -1 with a message that names the setting. */
int vae_gan_levels_of(const vae_gan_config *c, vae_gan_levels *levels);

/* An encoder and a decoder. `self` is what `make` returned; neap_free frees it. */
typedef struct vae_gan_style {
    int (*check)(const vae_gan_config *c, const vae_gan_levels *levels);
    void *(*make)(const vae_gan_config *c, const vae_gan_levels *levels, neap_model *model);
    neap_tensor *(*encode)(const void *self, neap_tensor *x); /* pictures to moments */
    neap_tensor *(*decode)(const void *self, neap_tensor *z); /* latents to pictures */
} vae_gan_style;

extern const vae_gan_style vae_gan_kl, vae_gan_tiny;

/* --- Layers ------------------------------------------------------------------------------------------------------- */

/* Stride 1, a padding that keeps the sides, and a bias. */
neap_conv_spec vae_gan_conv(int64_t in, int64_t out, int64_t kernel);
/* Twice the sides: each pixel becomes a square of four. */
neap_tensor *vae_gan_enlarge(neap_tensor *x);

/* A group norm named PATH.NAME. */
int vae_gan_norm_make(neap_norm_layer *layer, neap_model *model, const vae_gan_config *c, int64_t channels,
                      const char *path, const char *name);

/* x + conv2(silu(norm2(conv1(silu(norm1(x)))))); a 1x1 convolution of x where the widths differ. */
typedef struct vae_gan_resnet {
    neap_norm_layer norm1, norm2;
    neap_conv_layer conv1, conv2, shortcut; /* shortcut.weight NULL: none */
} vae_gan_resnet;

int vae_gan_resnet_make(vae_gan_resnet *b, neap_model *model, const vae_gan_config *c, int64_t in, int64_t out,
                        const char *path);
neap_tensor *vae_gan_resnet_apply(const vae_gan_resnet *b, neap_tensor *x);

/* Self-attention of all pixels in one head. */
typedef struct vae_gan_attention {
    neap_norm_layer norm;
    neap_linear_layer q, k, v, out;
} vae_gan_attention;

/* Between encoder or decoder and latents: block, attention, block. */
typedef struct vae_gan_middle {
    vae_gan_resnet block[2];
    vae_gan_attention attention;
    bool attends;
} vae_gan_middle;

int vae_gan_middle_make(vae_gan_middle *m, neap_model *model, const vae_gan_config *c, int64_t width, const char *part);
neap_tensor *vae_gan_middle_apply(const vae_gan_middle *m, neap_tensor *x);

/* --- Style kl ----------------------------------------------------------------------------------------------------- */

typedef struct vae_gan_encoder {
    const vae_gan_config *config;
    vae_gan_levels levels;
    neap_conv_layer conv_in, down[VAE_GAN_LEVELS], conv_out;
    vae_gan_resnet block[VAE_GAN_LEVELS][VAE_GAN_BLOCKS];
    vae_gan_middle middle;
    neap_norm_layer norm_out;
} vae_gan_encoder;

/* Config and levels of an encoder or decoder are set before. */
int vae_gan_encoder_make(vae_gan_encoder *e, neap_model *model);
neap_tensor *vae_gan_encoder_apply(const vae_gan_encoder *e, neap_tensor *x); /* [B, h, w, 2 latent] */

typedef struct vae_gan_decoder {
    const vae_gan_config *config;
    vae_gan_levels levels;
    neap_conv_layer conv_in, up[VAE_GAN_LEVELS], conv_out;
    vae_gan_resnet block[VAE_GAN_LEVELS][VAE_GAN_BLOCKS + 1];
    vae_gan_middle middle;
    neap_norm_layer norm_out;
} vae_gan_decoder;

int vae_gan_decoder_make(vae_gan_decoder *d, neap_model *model);
neap_tensor *vae_gan_decoder_apply(const vae_gan_decoder *d, neap_tensor *z);

/* --- Discriminator -------------------------------------------------------------------------------------------------- */

#define VAE_GAN_D_LAYERS 3 /* at most */

typedef struct vae_gan_discriminator {
    const vae_gan_config *config;
    neap_conv_layer conv[VAE_GAN_D_LAYERS + 2];
    neap_norm_layer norm[VAE_GAN_D_LAYERS + 1]; /* from 1 */
} vae_gan_discriminator;

int vae_gan_discriminator_check(const vae_gan_config *c);
int vae_gan_discriminator_make(vae_gan_discriminator *d, const vae_gan_config *c, neap_model *model);
/* Logits of overlapping patches, [B, h, w, 1]. */
neap_tensor *vae_gan_discriminator_apply(const vae_gan_discriminator *d, neap_tensor *x);

#endif
