/*
 * What the transformers on pictures share: the block's four products, and the sizes that fit together.
 * Part of these plugins and of nothing else.
 */
#ifndef NEAP_ARCHITECTURE_TRANSFORMER_H
#define NEAP_ARCHITECTURE_TRANSFORMER_H

#include <neap/plugin.h>

typedef struct transformer_block {
    neap_linear_layer qkv, proj, fc1, fc2;
    int heads;
} transformer_block;

/* Parameters blocks.INDEX.attn and blocks.INDEX.mlp. Returns 0, or -1 with a message. */
int transformer_block_make(transformer_block *block, neap_model *model, int64_t width, int64_t inner, int64_t heads,
                           int64_t index);

/* The patch divides both sides, the number of heads the width, and 4 the width, as the positions want it. Returns 0, or
 * -1 with a message. */
int transformer_check(int64_t height, int64_t width_of_picture, int64_t patch, int64_t width, int64_t heads);

#endif
