/*
 * A vision transformer without its head (Dosovitskiy et al. 2021, An Image is Worth 16x16 Words), with the mean of all tokens
 * instead of a class token (Zhai et al. 2022, Scaling Vision Transformers). Part of the plugins vit and matcher.
 *
 * With `stem`, overlapping convolutions with stride 2 make the tokens, instead of one product over separate patches
 * (Xiao et al. 2021, Early Convolutions Help Transformers See Better). `convolutions` adds residual convolutions
 * after each of them. Functions return NULL or -1 with a message.
 */
#ifndef NEAP_ARCHITECTURE_PICTURE_ENCODER_H
#define NEAP_ARCHITECTURE_PICTURE_ENCODER_H

#include "transformer.h"

#define PICTURE_ENCODER_STAGES 6 /* the largest patch is 2^6 */
#define PICTURE_ENCODER_CONVOLUTIONS 4

typedef struct picture_encoder_config {
    int64_t rows, columns, channels, patch, width, depth, heads, stem, convolutions;
    double mlp_ratio;
} picture_encoder_config;

/* Parameters are borrowed from the model, the config from the caller. Does not move after picture_encoder_make. */
typedef struct picture_encoder {
    const picture_encoder_config *config;
    transformer_config sizes;
    transformer_positions positions;
    int stages; /* of the stem; 0: plain patches */
    neap_linear_layer embed[PICTURE_ENCODER_STAGES];
    neap_linear_layer convolution[PICTURE_ENCODER_STAGES][PICTURE_ENCODER_CONVOLUTIONS];
    transformer_block *block; /* owned: config->depth */
} picture_encoder;

/* Rows of the parameters of an architecture whose config begins with a picture_encoder_config. */
#define PICTURE_ENCODER_SIZE_PARAMS \
    NEAP_INT(picture_encoder_config, rows, 28, 1, 4096, "Rows of a picture."), \
    NEAP_INT(picture_encoder_config, columns, 28, 1, 4096, "Columns of a picture."), \
    NEAP_INT(picture_encoder_config, channels, 1, 1, 4096, "Channels of a picture.")

#define PICTURE_ENCODER_PARAMS \
    NEAP_INT(picture_encoder_config, patch, 4, 1, 64, "Side of a patch; a patch becomes one token."), \
    NEAP_INT(picture_encoder_config, width, 64, 4, 16384, "Channels of a token, and width of the features."), \
    NEAP_INT(picture_encoder_config, depth, 3, 1, 1024, "Number of blocks."), \
    NEAP_INT(picture_encoder_config, heads, 4, 1, 256, "Number of attention heads, a divisor of the width."), \
    NEAP_INT(picture_encoder_config, stem, 0, 0, 4096, \
             "Channels after the first stride-2 convolution of the stem; 0: plain patches."), \
    NEAP_INT(picture_encoder_config, convolutions, 0, 0, PICTURE_ENCODER_CONVOLUTIONS, \
             "Number of residual 3x3 convolutions after each stage of the stem."), \
    NEAP_REAL(picture_encoder_config, mlp_ratio, 4, 0.25, 64, "Inner width of the MLP, as a multiple of width.")

/* Do the sizes fit each other? */
int picture_encoder_check(const picture_encoder_config *config);

/* Adds the parameters patch_embed.proj or stem.*, then blocks.*. The encoder can be freed either way. */
int picture_encoder_make(picture_encoder *encoder, neap_model *model, const picture_encoder_config *config);
void picture_encoder_free(picture_encoder *encoder); /* one of zeros, too */

/* x [B, rows, columns, channels] -> [B, width]. */
neap_tensor *picture_encoder_apply(const picture_encoder *encoder, neap_tensor *x);

#endif
