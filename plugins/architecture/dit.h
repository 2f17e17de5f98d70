/*
 * What the sources of the diffusion transformer share: its parameters, a block, attention. Part of this plugin and of
 * nothing else.
 */
#ifndef NEAP_ARCHITECTURE_DIT_H
#define NEAP_ARCHITECTURE_DIT_H

#include <neap/plugin.h>

#define DIT_EPS 1e-6 /* of every norm */

enum { DIT_ADALN, DIT_IN_CONTEXT }; /* conditioning */

typedef struct dit_config {
    int64_t size, rows, columns, channels, patch, width, depth, heads, classes;
    double mlp_ratio;
    int preset, conditioning;
    bool qk_norm, rope, swiglu, rms_norm, interval;
} dit_config;

/* A norm with parameters of its own, [D] each, borrowed; no shift where the config says rms_norm. */
typedef struct dit_norm {
    neap_tensor *gain, *shift;
} dit_norm;

/* By what each token's queries and keys are turned: [N, 1, 1, d / 2] and [N, 1, 2, d / 2], owned; NULL without rope. */
typedef struct dit_turns {
    neap_tensor *cosine, *sine;
} dit_turns;

typedef struct dit_block {
    const dit_config *config;
    neap_linear_layer modulation;       /* adaln */
    dit_norm norm1, norm2;              /* in_context */
    neap_tensor *query_gain, *key_gain; /* [d], borrowed; NULL without qk_norm */
    neap_linear_layer qkv, proj, fc1, fc2;
} dit_block;

/* Each returns 0, or -1 with a message. */
int dit_norm_make(dit_norm *norm, neap_model *model, const dit_config *config, const char *path);
int dit_attention_make(dit_block *block, neap_model *model, int index);
int dit_block_make(dit_block *block, neap_model *model, const dit_config *config, int index);
int dit_turns_make(dit_turns *turns, const dit_config *config, int64_t before, int64_t rows, int64_t columns);

/* x [B, N, D]; shift and scale [B, D]. */
neap_tensor *dit_norm_apply(const dit_norm *norm, const dit_config *config, neap_tensor *x);
neap_tensor *dit_modulated_norm(const dit_config *config, neap_tensor *x, neap_tensor *shift, neap_tensor *scale);

/* Attention among the tokens of x, before its last projection. */
neap_tensor *dit_attend(const dit_block *block, const dit_turns *turns, neap_tensor *x);

/* condition [B, D] is what modulations start from; a block in context does not read it. */
neap_tensor *dit_block_run(const dit_block *block, const dit_turns *turns, neap_tensor *x, neap_tensor *condition);

/* How linear layers start. */
static const neap_init dit_xavier = {NEAP_INIT_XAVIER_UNIFORM, 0}, dit_small = {NEAP_INIT_NORMAL, 0.02},
                       dit_zero = {NEAP_INIT_ZERO, 0};

#endif
