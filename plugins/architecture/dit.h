/* Settings, blocks and embedders of the diffusion transformer. Part of the plugins dit and mmdit. */
#ifndef NEAP_ARCHITECTURE_DIT_H
#define NEAP_ARCHITECTURE_DIT_H

#include "text_encoder.h"

enum { DIT_ADALN, DIT_IN_CONTEXT }; /* conditioning */

typedef struct dit_config {
    int64_t size, rows, columns, channels, patch, width, depth, heads, classes;
    int64_t text, text_width, text_depth, text_heads, text_words;
    double mlp_ratio;
    int preset, conditioning;
    bool qk_norm, rope, swiglu, rms_norm, interval;
} dit_config;

/* Rows of the parameters that determine the sizes. */
#define DIT_SIZE_PARAMS \
    NEAP_INT(dit_config, size, 32, 1, 4096, "Side of a square picture."), \
    NEAP_INT(dit_config, rows, 0, 0, 4096, "Rows of a picture; 0: size."), \
    NEAP_INT(dit_config, columns, 0, 0, 4096, "Columns of a picture; 0: size."), \
    NEAP_INT(dit_config, channels, 4, 1, 4096, "Channels of a picture."), \
    NEAP_INT(dit_config, patch, 2, 1, 64, "Side of a patch; a patch becomes one token."), \
    NEAP_CHOICE(dit_config, preset, 0, dit_presets, "Published sizes of width, depth and heads."), \
    NEAP_INT(dit_config, width, 0, 0, 16384, "Channels of a token; 0: preset."), \
    NEAP_INT(dit_config, depth, 0, 0, 1024, "Number of blocks; 0: preset."), \
    NEAP_INT(dit_config, heads, 0, 0, 256, "Number of attention heads, a divisor of the width; 0: preset.")

extern const char *const dit_presets[]; /* ends with NULL */

/* The sizes of a network, with those of the preset in place of zeros. */
transformer_config dit_sizes(const dit_config *config);

/* --- Embedders --------------------------------------------------------------------------------------------------- */

#define DIT_TIME_FEATURES 256

/* A small MLP, [B, in] -> [B, D], as on features of a time. */
typedef struct dit_embedder {
    neap_linear_layer first, second;
} dit_embedder;

/* Parameters PATH.mlp.0 and PATH.mlp.2. Returns 0, or -1 with a message. */
int dit_embedder_make(dit_embedder *embedder, neap_model *model, int64_t in, int64_t width, const char *path);
neap_tensor *dit_embedder_apply(const dit_embedder *embedder, neap_tensor *x);

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

typedef struct dit_block {
    transformer_block core;
    int conditioning;
    neap_linear_layer modulation; /* DIT_ADALN */
} dit_block;

/* Returns 0, or -1 with a message. */
int dit_block_make(dit_block *block, neap_model *model, const transformer_config *config, int conditioning, int index);

/* condition [B, D] is the input of the modulation; ignored with DIT_IN_CONTEXT. */
neap_tensor *dit_block_run(const dit_block *block, const transformer_positions *positions, neap_tensor *x,
                           neap_tensor *condition);

/* x [B, N, D]; shift and scale [B, D]. */
neap_tensor *dit_modulated_norm(const transformer_config *config, neap_tensor *x, neap_tensor *shift, neap_tensor *scale);

/* Initialisation of linear layers. */
static const neap_init dit_small = {NEAP_INIT_NORMAL, 0.02}, dit_zero = {NEAP_INIT_ZERO, 0};

#endif
