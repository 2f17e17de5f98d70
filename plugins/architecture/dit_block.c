/*
 * A block of the diffusion transformer. With adaLN-Zero, the condition determines shift, scale and gate of each half.
 * With in-context conditioning it is the block of a vision transformer (Peebles and Xie 2023, section 3.2). With
 * cross-attention it is the block of PixArt-alpha (Chen et al. 2023, section 2.3): shifts, scales and gates are the sum of
 * one layer's, common to all blocks, and a table of the block's own; cross-attention to the context stands between both
 * halves, without norm and gate.
 */
#include <math.h>
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

static int make_cross(dit_block *b, neap_model *model, const transformer_config *c, const char *path)
{
    const neap_init random = {NEAP_INIT_NORMAL, 1 / sqrt((double)c->width)};
    b->table = neap_model_parameter(model, neap_dims(6, c->width), random, "%s.scale_shift_table", path);
    if (!b->table ||
        neap_linear_make(&b->query, model, c->width, c->width, transformer_xavier, "%s.cross_attn.q_linear", path) < 0 ||
        neap_linear_make(&b->pair, model, c->width, 2 * c->width, transformer_xavier, "%s.cross_attn.kv_linear", path) < 0)
        return -1;
    return neap_linear_make(&b->out, model, c->width, c->width, dit_zero, "%s.cross_attn.proj", path);
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
    if (conditioning == DIT_CROSS)
        return make_cross(b, model, c, path);
    return neap_linear_make(&b->modulation, model, c->width, 6 * c->width, dit_zero, "%s.adaLN_modulation.1", path);
}

/* Shift, scale and gate of attention, then of the MLP; [B, D] each. */
static void modulate(const dit_block *b, const dit_given *given, neap_tensor *m[6])
{
    neap_tensor *all = b->table ? neap_add(given->modulation, neap_reshape(b->table, neap_dims(-1)))
                                : neap_linear_apply(&b->modulation, given->modulation);
    neap_chunk(all, 6, m, 1);
}

static neap_tensor *attend_to_context(const dit_block *b, const dit_given *given, neap_tensor *x)
{
    neap_tensor *q = neap_linear_apply(&b->query, x), *kv = neap_linear_apply(&b->pair, given->tokens);
    neap_tensor *h = neap_cross_attention(q, kv, given->lengths, (int)b->core.config->heads);
    return neap_add(x, neap_linear_apply(&b->out, h));
}

static neap_tensor *run_modulated(const dit_block *b, const transformer_positions *positions, neap_tensor *x,
                                  const dit_given *given)
{
    const transformer_block *core = &b->core;
    neap_tensor *m[6];
    modulate(b, given, m);
    neap_tensor *h = transformer_attend(core, positions, dit_modulated_norm(core->config, x, m[0], m[1]));
    x = neap_linear_apply_gated(&core->proj, x, m[2], h);
    if (b->table)
        x = attend_to_context(b, given, x);
    h = transformer_mlp(core, dit_modulated_norm(core->config, x, m[3], m[4]));
    return neap_linear_apply_gated(&core->fc2, x, m[5], h);
}

neap_tensor *dit_block_run(const dit_block *b, const transformer_positions *positions, neap_tensor *x,
                           const dit_given *given)
{
    if (b->conditioning == DIT_IN_CONTEXT)
        return transformer_block_run(&b->core, positions, x);
    neap_scope scope = neap_scope_open();
    return neap_scope_return(scope, run_modulated(b, positions, x, given));
}
