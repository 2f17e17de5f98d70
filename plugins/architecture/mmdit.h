/* Settings and blocks of the diffusion transformer with joint attention. Part of the plugin mmdit. */
#ifndef NEAP_ARCHITECTURE_MMDIT_H
#define NEAP_ARCHITECTURE_MMDIT_H

#include "dit.h"

typedef struct mmdit_config {
    dit_config dit; /* the first member, so that its rows of parameters fit here as well */
    bool still;
} mmdit_config;

/* What text does in a block. */
typedef enum mmdit_role {
    MMDIT_MOVING, /* it attends and has an MLP, as the picture does */
    MMDIT_LAST,   /* it is modulated keys and values: no later block reads it */
    MMDIT_STILL   /* it is keys and values, the same tokens in every block */
} mmdit_role;

/* One of the two streams of a block. Text that does not move has `key_value` and perhaps a key gain in place of the core's
 * other layers. */
typedef struct mmdit_stream {
    transformer_block core;
    neap_linear_layer key_value, modulation;
} mmdit_stream;

typedef struct mmdit_block {
    mmdit_role role;
    mmdit_stream picture, text;
} mmdit_block;

/* Parameters joint_blocks.INDEX.x_block and joint_blocks.INDEX.context_block. Returns 0, or -1 with a message. */
int mmdit_block_make(mmdit_block *block, neap_model *model, const transformer_config *config, mmdit_role role, int index);

/* Replaces the tokens *picture [B, N, D] and, where it moves, *text [B, M, D], by NULL on failure. The first lengths[b] tokens
 * of a row's text are not padding, i32 [B]. condition [B, D] is the input of the modulations. */
void mmdit_block_run(const mmdit_block *block, neap_tensor *condition, neap_tensor *lengths, neap_tensor **picture,
                     neap_tensor **text);

#endif
