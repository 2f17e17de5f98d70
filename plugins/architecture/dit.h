/* Settings and blocks of the diffusion transformer. Part of the plugin dit. */
#ifndef NEAP_ARCHITECTURE_DIT_H
#define NEAP_ARCHITECTURE_DIT_H

#include "transformer.h"

enum { DIT_ADALN, DIT_IN_CONTEXT }; /* conditioning */

typedef struct dit_config {
    int64_t size, rows, columns, channels, patch, width, depth, heads, classes;
    double mlp_ratio;
    int preset, conditioning;
    bool qk_norm, rope, swiglu, rms_norm, interval;
} dit_config;

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
