/*
 * A block of the diffusion transformer. With adaLN-Zero, the condition determines shift, scale and gate of each half.
 * With in-context conditioning it is the block of a vision transformer (Peebles and Xie 2023, section 3.2).
 */
#include <stdio.h>

#include <neap/error.h>

#include "dit.h"

/* [B, D] as [B, 1, D], to broadcast over tokens. */
static neap_tensor *per_sample(neap_tensor *v)
{
    return v ? neap_reshape(v, neap_dims(neap_dim(v, 0), 1, neap_dim(v, 1))) : NULL;
}

neap_tensor *dit_modulated_norm(const transformer_config *c, neap_tensor *x, neap_tensor *shift, neap_tensor *scale)
{
    if (!c->rms_norm)
        return neap_modulated_norm(x, shift, scale, TRANSFORMER_EPS);
    neap_tensor *scaled = neap_mul(neap_rms_norm(x, TRANSFORMER_EPS), neap_affine(per_sample(scale), 1, 1));
    return neap_add(scaled, per_sample(shift));
}

int dit_block_make(dit_block *b, neap_model *model, const transformer_config *c, int conditioning, int i)
{
    char path[TRANSFORMER_PATH];
    b->conditioning = conditioning;
    snprintf(path, sizeof path, "blocks.%d", i);
    if (transformer_block_make(&b->core, model, c, path) < 0)
        return -1;
    if (conditioning == DIT_IN_CONTEXT)
        return transformer_block_norms_make(&b->core, model, path);
    return neap_linear_make(&b->modulation, model, c->width, 6 * c->width, dit_zero, "%s.adaLN_modulation.1", path);
}

static neap_tensor *run_modulated(const dit_block *b, const transformer_positions *positions, neap_tensor *x,
                                  neap_tensor *condition)
{
    const transformer_block *core = &b->core;
    neap_tensor *m[6];
    neap_chunk(neap_linear_apply(&b->modulation, condition), 6, m, 1);
    neap_tensor *h = transformer_attend(core, positions, dit_modulated_norm(core->config, x, m[0], m[1]));
    x = neap_linear_apply_gated(&core->proj, x, m[2], h);
    h = transformer_mlp(core, dit_modulated_norm(core->config, x, m[3], m[4]));
    return neap_linear_apply_gated(&core->fc2, x, m[5], h);
}

neap_tensor *dit_block_run(const dit_block *b, const transformer_positions *positions, neap_tensor *x,
                           neap_tensor *condition)
{
    if (b->conditioning == DIT_IN_CONTEXT)
        return transformer_block_run(&b->core, positions, x);
    neap_scope scope = neap_scope_open();
    return neap_scope_return(scope, run_modulated(b, positions, x, condition));
}
