/* Transformers on pictures: checks, norms, the MLP and the pre-norm block. */
#include <stdio.h>

#include <neap/error.h>

#include "transformer.h"

int transformer_check(const transformer_config *c)
{
    const long long width = c->width, heads = c->heads;
    if (c->rows % c->patch || c->columns % c->patch)
        return neap_fail("patch: expected a divisor of %lld and %lld, got %lld", (long long)c->rows,
                         (long long)c->columns, (long long)c->patch);
    if (width % heads)
        return neap_fail("heads: expected a divisor of the width %lld, got %lld", width, heads);
    if (width % 4)
        return neap_fail("width: expected a multiple of 4, got %lld", width);
    if (c->rope && width / heads % 4)
        return neap_fail("rope: expected a width per head that is a multiple of 4, got %lld / %lld = %lld", width, heads,
                         width / heads);
    return 0;
}

int64_t transformer_patch_size(const transformer_config *c)
{
    return c->patch * c->patch * c->channels;
}

/* --- Norms ------------------------------------------------------------------------------------------------------- */

int transformer_norm_make(transformer_norm *norm, neap_model *model, const transformer_config *c, const char *path)
{
    const neap_shape shape = neap_dims(c->width);
    norm->gain = neap_model_parameter(model, shape, (neap_init){NEAP_INIT_ONE, 0}, "%s.weight", path);
    if (norm->gain && !c->rms_norm)
        norm->shift = neap_model_parameter(model, shape, (neap_init){NEAP_INIT_ZERO, 0}, "%s.bias", path);
    return norm->gain && (norm->shift || c->rms_norm) ? 0 : -1;
}

neap_tensor *transformer_norm_apply(const transformer_norm *norm, const transformer_config *c, neap_tensor *x)
{
    x = c->rms_norm ? neap_rms_norm(x, TRANSFORMER_EPS) : neap_layer_norm(x, TRANSFORMER_EPS);
    x = norm->gain ? neap_mul(x, norm->gain) : x;
    return norm->shift ? neap_add(x, norm->shift) : x;
}

/* --- The MLP ----------------------------------------------------------------------------------------------------- */

/* A gated MLP has three matrices and not two (Shazeer 2020), so two thirds of the inner width keep the number of
 * parameters. Multiples of 8 fill vector registers. */
static int64_t gated_width(double inner)
{
    const int64_t eighths = (int64_t)(inner * 2 / 3 / 8 + 0.5);
    return eighths > 0 ? 8 * eighths : 8;
}

static int make_mlp(transformer_block *b, neap_model *model, const char *path)
{
    const transformer_config *c = b->config;
    const double inner = (double)c->width * c->mlp_ratio;
    const int64_t hidden = c->swiglu ? gated_width(inner) : (int64_t)inner, out = c->swiglu ? 2 * hidden : hidden;
    if (neap_linear_make(&b->fc1, model, c->width, out, transformer_xavier, "%s.mlp.fc1", path) < 0)
        return -1;
    return neap_linear_make(&b->fc2, model, hidden, c->width, transformer_xavier, "%s.mlp.fc2", path);
}

neap_tensor *transformer_mlp(const transformer_block *b, neap_tensor *x)
{
    neap_tensor *part[2];
    if (!b->config->swiglu)
        return neap_linear_apply_gelu(&b->fc1, x);
    neap_chunk(neap_linear_apply(&b->fc1, x), 2, part, 2);
    return neap_mul(neap_silu(part[0]), part[1]);
}

/* --- Blocks ------------------------------------------------------------------------------------------------------ */

int transformer_block_make(transformer_block *b, neap_model *model, const transformer_config *c, const char *path)
{
    b->config = c;
    return transformer_attention_make(b, model, path) < 0 ? -1 : make_mlp(b, model, path);
}

int transformer_block_norms_make(transformer_block *b, neap_model *model, const char *path)
{
    char norm[TRANSFORMER_PATH + 8];
    snprintf(norm, sizeof norm, "%s.norm1", path);
    if (transformer_norm_make(&b->norm1, model, b->config, norm) < 0)
        return -1;
    snprintf(norm, sizeof norm, "%s.norm2", path);
    return transformer_norm_make(&b->norm2, model, b->config, norm);
}

neap_tensor *transformer_block_run(const transformer_block *b, const transformer_positions *positions, neap_tensor *x)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *h = transformer_attend(b, positions, transformer_norm_apply(&b->norm1, b->config, x));
    x = neap_add(x, neap_linear_apply(&b->proj, h));
    h = transformer_mlp(b, transformer_norm_apply(&b->norm2, b->config, x));
    return neap_scope_return(scope, neap_add(x, neap_linear_apply(&b->fc2, h)));
}
