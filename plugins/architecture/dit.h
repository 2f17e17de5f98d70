/* Settings, blocks and embedders of the diffusion transformer. Part of the plugins dit and mmdit. */
#ifndef NEAP_ARCHITECTURE_DIT_H
#define NEAP_ARCHITECTURE_DIT_H

#include "text_encoder.h"

enum { DIT_ADALN, DIT_IN_CONTEXT, DIT_CROSS };               /* conditioning */
enum { DIT_NO_PICTURE, DIT_PICTURE_CHANNELS, DIT_PICTURE_TOKENS }; /* picture */

typedef struct dit_config {
    int64_t size, rows, columns, channels, patch, width, depth, heads, classes;
    int64_t text, text_width, text_depth, text_heads, text_words, tokens, pooled;
    int64_t picture_rows, picture_columns, picture_channels;
    double mlp_ratio;
    int preset, conditioning, picture;
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

/* --- Context: texts, tokens, pooled vectors and pictures ------------------------------------------------------------- */

typedef struct dit_context {
    const dit_config *config;
    int64_t width;
    text_encoder text;
    dit_embedder pooled;                    /* of a text, or given */
    neap_linear_layer project[2];           /* DIT_CROSS: tokens of a text, or given, to the width of the blocks */
    neap_linear_layer patches;              /* DIT_PICTURE_TOKENS */
    transformer_positions picture_positions; /* the same */
} dit_context;

/* Do the settings agree? `sizes` are those of dit_sizes. Returns 0, or -1 with a message. */
int dit_context_check(const dit_config *config, const transformer_config *sizes);

/* Adds the parameters that the settings ask for, if any. Returns 0, or -1 with a message; can be freed either way. */
int dit_context_make(dit_context *context, neap_model *model, const dit_config *config, const transformer_config *sizes);
void dit_context_free(dit_context *context);

/* The size of the picture that the network takes; channels 0: none. */
neap_extent dit_context_picture(const dit_config *config, const transformer_config *sizes);

/* A text becomes tokens and a pooled vector. The functions below take a condition that dit_context_fill returned. */
neap_condition *dit_context_prepare(const dit_context *context, const neap_condition *condition);
const neap_condition *dit_context_fill(const dit_context *context, const neap_condition *condition);

/* x [B, H, W, C] with the channels of the picture, resized, after its own. */
neap_tensor *dit_context_channels(const dit_context *context, neap_tensor *x, const neap_condition *condition);

/* The embedding of the time [B, D], with that of the pooled vector added. */
neap_tensor *dit_context_time(const dit_context *context, neap_tensor *time, const neap_condition *condition);

/* Tokens for cross-attention [B, L, D], and in *lengths how many of a row are not padding; NULL: all. */
neap_tensor *dit_context_tokens(const dit_context *context, const neap_condition *condition, neap_tensor **lengths);

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

typedef struct dit_block {
    transformer_block core;
    int conditioning;
    neap_linear_layer modulation;       /* DIT_ADALN */
    neap_tensor *table;                 /* DIT_CROSS: [6, D], borrowed */
    neap_linear_layer query, pair, out; /* DIT_CROSS: q; k and v; the layer after cross-attention */
} dit_block;

/* What a block receives besides x. */
typedef struct dit_given {
    neap_tensor *modulation; /* DIT_ADALN: [B, D], the input of each block's own layer; DIT_CROSS: [B, 6 D], of all blocks */
    neap_tensor *tokens;     /* DIT_CROSS: [B, L, D] */
    neap_tensor *lengths;    /* i32 [B], or NULL */
} dit_given;

/* Returns 0, or -1 with a message. */
int dit_block_make(dit_block *block, neap_model *model, const transformer_config *config, int conditioning, int index);
neap_tensor *dit_block_run(const dit_block *block, const transformer_positions *positions, neap_tensor *x,
                           const dit_given *given);

/* x [B, N, D]; shift and scale [B, D]. */
neap_tensor *dit_modulated_norm(const transformer_config *config, neap_tensor *x, neap_tensor *shift, neap_tensor *scale);

/* Initialisation of linear layers. */
static const neap_init dit_small = {NEAP_INIT_NORMAL, 0.02}, dit_zero = {NEAP_INIT_ZERO, 0};

#endif
