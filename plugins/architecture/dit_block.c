/*
 * A block of the diffusion transformer: attention and an MLP, each beside a residual. With adaLN-Zero the condition
 * shifts and scales what they read and gates what they add; in context, where the condition is among the tokens, a
 * block is the plain one of vision transformers (Peebles and Xie 2023, section 3.2).
 */
#include <stdio.h>

#include <neap/error.h>

#include "dit.h"

/* --- Norms ------------------------------------------------------------------------------------------------------- */

int dit_norm_make(dit_norm *norm, neap_model *model, const dit_config *c, const char *path)
{
    const neap_shape shape = neap_dims(c->width);
    norm->gain = neap_model_parameter(model, shape, (neap_init){NEAP_INIT_ONE, 0}, "%s.weight", path);
    if (norm->gain && !c->rms_norm)
        norm->shift = neap_model_parameter(model, shape, dit_zero, "%s.bias", path);
    return norm->gain && (norm->shift || c->rms_norm) ? 0 : -1;
}

neap_tensor *dit_norm_apply(const dit_norm *norm, const dit_config *c, neap_tensor *x)
{
    if (c->rms_norm)
        return neap_mul(neap_rms_norm(x, DIT_EPS), norm->gain);
    return neap_add(neap_mul(neap_layer_norm(x, DIT_EPS), norm->gain), norm->shift);
}

/* [B, D] as [B, 1, D], to meet tokens. */
static neap_tensor *per_sample(neap_tensor *v)
{
    return v ? neap_reshape(v, neap_dims(neap_dim(v, 0), 1, neap_dim(v, 1))) : NULL;
}

neap_tensor *dit_modulated_norm(const dit_config *c, neap_tensor *x, neap_tensor *shift, neap_tensor *scale)
{
    if (!c->rms_norm)
        return neap_modulated_norm(x, shift, scale, DIT_EPS);
    neap_tensor *scaled = neap_mul(neap_rms_norm(x, DIT_EPS), neap_affine(per_sample(scale), 1, 1));
    return neap_add(scaled, per_sample(shift));
}

/* --- The MLP ----------------------------------------------------------------------------------------------------- */

/* Three matrices in place of two (Shazeer 2020), so two thirds of the inner width; a multiple of 8 fills vectors. */
static int64_t gated_width(double inner)
{
    const int64_t eighths = (int64_t)(inner * 2 / 3 / 8 + 0.5);
    return eighths > 0 ? 8 * eighths : 8;
}

static int make_mlp(dit_block *b, neap_model *model, int i)
{
    const dit_config *c = b->config;
    const double inner = (double)c->width * c->mlp_ratio;
    const int64_t hidden = c->swiglu ? gated_width(inner) : (int64_t)inner, out = c->swiglu ? 2 * hidden : hidden;
    if (neap_linear_make(&b->fc1, model, c->width, out, dit_xavier, "blocks.%d.mlp.fc1", i) < 0)
        return -1;
    return neap_linear_make(&b->fc2, model, hidden, c->width, dit_xavier, "blocks.%d.mlp.fc2", i);
}

/* Up to the last layer. */
static neap_tensor *run_mlp(const dit_block *b, neap_tensor *x)
{
    neap_tensor *part[2];
    if (!b->config->swiglu)
        return neap_linear_apply_gelu(&b->fc1, x);
    neap_chunk(neap_linear_apply(&b->fc1, x), 2, part, 2);
    return neap_mul(neap_silu(part[0]), part[1]);
}

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

static int make_norms(dit_block *b, neap_model *model, int i)
{
    char path[32];
    snprintf(path, sizeof path, "blocks.%d.norm1", i);
    if (dit_norm_make(&b->norm1, model, b->config, path) < 0)
        return -1;
    snprintf(path, sizeof path, "blocks.%d.norm2", i);
    return dit_norm_make(&b->norm2, model, b->config, path);
}

static int make_modulation(dit_block *b, neap_model *model, int i)
{
    const int64_t d = b->config->width;
    return neap_linear_make(&b->modulation, model, d, 6 * d, dit_zero, "blocks.%d.adaLN_modulation.1", i);
}

static neap_tensor *run_modulated(const dit_block *b, const dit_turns *turns, neap_tensor *x, neap_tensor *condition)
{
    const dit_config *c = b->config;
    neap_tensor *m[6];
    neap_chunk(neap_linear_apply(&b->modulation, condition), 6, m, 1);
    neap_tensor *h = dit_attend(b, turns, dit_modulated_norm(c, x, m[0], m[1]));
    x = neap_linear_apply_gated(&b->proj, x, m[2], h);
    h = run_mlp(b, dit_modulated_norm(c, x, m[3], m[4]));
    return neap_linear_apply_gated(&b->fc2, x, m[5], h);
}

static neap_tensor *run_plain(const dit_block *b, const dit_turns *turns, neap_tensor *x, neap_tensor *condition)
{
    (void)condition;
    neap_tensor *h = dit_attend(b, turns, dit_norm_apply(&b->norm1, b->config, x));
    x = neap_add(x, neap_linear_apply(&b->proj, h));
    h = run_mlp(b, dit_norm_apply(&b->norm2, b->config, x));
    return neap_add(x, neap_linear_apply(&b->fc2, h));
}

static const struct {
    int (*make)(dit_block *b, neap_model *model, int i); /* what stands before attention and MLP */
    neap_tensor *(*run)(const dit_block *b, const dit_turns *turns, neap_tensor *x, neap_tensor *condition);
} kinds[] = {[DIT_ADALN] = {make_modulation, run_modulated}, [DIT_IN_CONTEXT] = {make_norms, run_plain}};

int dit_block_make(dit_block *b, neap_model *model, const dit_config *c, int i)
{
    b->config = c;
    if (dit_attention_make(b, model, i) < 0)
        return -1;
    if (neap_linear_make(&b->proj, model, c->width, c->width, dit_xavier, "blocks.%d.attn.proj", i) < 0)
        return -1;
    return make_mlp(b, model, i) < 0 ? -1 : kinds[c->conditioning].make(b, model, i);
}

neap_tensor *dit_block_run(const dit_block *b, const dit_turns *turns, neap_tensor *x, neap_tensor *condition)
{
    neap_scope scope = neap_scope_open();
    return neap_scope_return(scope, kinds[b->config->conditioning].run(b, turns, x, condition));
}
