/* What the transformers on pictures share. Names and initialisation are those of the published checkpoints. */
#include <neap/error.h>

#include "transformer.h"

int transformer_block_make(transformer_block *b, neap_model *model, int64_t width, int64_t inner, int64_t heads,
                           int64_t index)
{
    const neap_init xavier = {NEAP_INIT_XAVIER_UNIFORM, 0};
    const int i = (int)index;
    b->heads = (int)heads;
    return neap_linear_make(&b->qkv, model, width, 3 * width, xavier, "blocks.%d.attn.qkv", i) < 0 ||
                   neap_linear_make(&b->proj, model, width, width, xavier, "blocks.%d.attn.proj", i) < 0 ||
                   neap_linear_make(&b->fc1, model, width, inner, xavier, "blocks.%d.mlp.fc1", i) < 0 ||
                   neap_linear_make(&b->fc2, model, inner, width, xavier, "blocks.%d.mlp.fc2", i) < 0
               ? -1
               : 0;
}

int transformer_check(int64_t height, int64_t width_of_picture, int64_t patch, int64_t width, int64_t heads)
{
    if (height % patch || width_of_picture % patch)
        return neap_fail("patch: expected a divisor of %lld and %lld, got %lld", (long long)height,
                         (long long)width_of_picture, (long long)patch);
    if (width % heads)
        return neap_fail("heads: expected a divisor of the width %lld, got %lld", (long long)width, (long long)heads);
    return width % 4 ? neap_fail("width: expected a multiple of 4, got %lld", (long long)width) : 0;
}
