/*
 * Shared by transformers on pictures: sizes, positions, norms, attention, the MLP and the pre-norm block. Part of the
 * plugins dit and vit. Names and initialisation of parameters are those of the published checkpoints.
 */
#ifndef NEAP_ARCHITECTURE_TRANSFORMER_H
#define NEAP_ARCHITECTURE_TRANSFORMER_H

#include <neap/plugin.h>

#define TRANSFORMER_EPS 1e-6 /* of every norm */

typedef struct transformer_config {
    int64_t rows, columns, channels; /* of a picture */
    int64_t patch;                   /* side of a patch; a patch becomes one token */
    int64_t width, depth, heads;     /* channels of a token, blocks, attention heads */
    double mlp_ratio;                /* inner width of the MLP, as a multiple of width */
    bool qk_norm, rope, swiglu, rms_norm;
} transformer_config;

/* Checks that the patch divides both sides, that the number of heads divides the width, and that the width is a
 * multiple of 4; with rope also the width per head, because positions are pairs of values for rows and for columns.
 * Returns 0, or -1 with a message. */
int transformer_check(const transformer_config *config);

/* Elements of a patch. */
int64_t transformer_patch_size(const transformer_config *config);

/* Initialisation of linear layers. */
static const neap_init transformer_xavier = {NEAP_INIT_XAVIER_UNIFORM, 0};

/* --- Positions --------------------------------------------------------------------------------------------------- */

/* Positions of N tokens: added to them or, with rope, rotations of queries and keys. The unused ones are NULL.
 * Owned. */
typedef struct transformer_positions {
    neap_tensor *added;         /* [N, D] */
    neap_tensor *cosine, *sine; /* [N, 1, 1, d / 2] and [N, 1, 2, d / 2] for d dimensions of a head */
} transformer_positions;

/* Positions of the picture's patches; with rope also of `extra` tokens before them, which are not rotated. Returns 0,
 * or -1 with a message; the positions can be freed either way. */
int transformer_positions_make(transformer_positions *positions, const transformer_config *config, int64_t extra);
void transformer_positions_free(transformer_positions *positions);

/* --- Norms ------------------------------------------------------------------------------------------------------- */

/* Parameters of a norm, [D] each, borrowed; NULL: no such parameter. An RMS norm has no shift. */
typedef struct transformer_norm {
    neap_tensor *gain, *shift;
} transformer_norm;

/* Parameters path.weight and path.bias. Returns 0, or -1 with a message. */
int transformer_norm_make(transformer_norm *norm, neap_model *model, const transformer_config *config, const char *path);

/* Applies the norm that the config selects to the channels of x [B, N, D]. */
neap_tensor *transformer_norm_apply(const transformer_norm *norm, const transformer_config *config, neap_tensor *x);

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

typedef struct transformer_block {
    const transformer_config *config; /* borrowed */
    neap_linear_layer qkv, proj, fc1, fc2;
    neap_tensor *query_gain, *key_gain; /* [d], borrowed; NULL without qk_norm */
    transformer_norm norm1, norm2;      /* no parameters unless transformer_block_norms_make is called */
} transformer_block;

#define TRANSFORMER_PATH 64 /* bytes of the path of a block, "blocks.0" */

/* Parameters PATH.attn and PATH.mlp; transformer_block_norms_make: PATH.norm1 and PATH.norm2. Each returns 0, or -1 with a
 * message. */
int transformer_block_make(transformer_block *block, neap_model *model, const transformer_config *config, const char *path);
int transformer_attention_make(transformer_block *block, neap_model *model, const char *path);
int transformer_block_norms_make(transformer_block *block, neap_model *model, const char *path);

/* Attention between the tokens of x [B, N, D] without its last layer `proj`, and the MLP without its last layer
 * `fc2`. The caller applies those, possibly fused with a gated residual. */
neap_tensor *transformer_attend(const transformer_block *block, const transformer_positions *positions, neap_tensor *x);
neap_tensor *transformer_mlp(const transformer_block *block, neap_tensor *x);

/* The pre-norm block: x + attention(norm1(x)), then x + MLP(norm2(x)). Runs in a scope of its own. */
neap_tensor *transformer_block_run(const transformer_block *block, const transformer_positions *positions, neap_tensor *x);

#endif
