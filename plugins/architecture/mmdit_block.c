/*
 * A block of two streams (Esser et al. 2024, figure 2): picture and text have modulations, products and MLPs of their own, and
 * one attention over the tokens of both.
 */
#include <stdio.h>

#include <neap/error.h>

#include "mmdit.h"

/* --- Building ---------------------------------------------------------------------------------------------------- */

static int make_stream(mmdit_stream *s, neap_model *model, const transformer_config *c, const char *path)
{
    if (transformer_block_make(&s->core, model, c, path) < 0)
        return -1;
    return neap_linear_make(&s->modulation, model, c->width, 6 * c->width, dit_zero, "%s.adaLN_modulation.1", path);
}

static int make_keys(mmdit_stream *s, neap_model *model, const transformer_config *c, mmdit_role role, const char *path)
{
    const int64_t d = c->width;
    const neap_init one = {NEAP_INIT_ONE, 0};
    s->core.config = c;
    if (neap_linear_make(&s->key_value, model, d, 2 * d, transformer_xavier, "%s.attn.kv", path) < 0)
        return -1;
    if (c->qk_norm) {
        s->core.key_gain = neap_model_parameter(model, neap_dims(d / c->heads), one, "%s.attn.k_norm.weight", path);
        if (!s->core.key_gain)
            return -1;
    }
    if (role == MMDIT_STILL)
        return 0;
    return neap_linear_make(&s->modulation, model, d, 2 * d, dit_zero, "%s.adaLN_modulation.1", path);
}

int mmdit_block_make(mmdit_block *b, neap_model *model, const transformer_config *c, mmdit_role role, int i)
{
    char path[TRANSFORMER_PATH];
    b->role = role;
    snprintf(path, sizeof path, "joint_blocks.%d.x_block", i);
    if (make_stream(&b->picture, model, c, path) < 0)
        return -1;
    snprintf(path, sizeof path, "joint_blocks.%d.context_block", i);
    return role == MMDIT_MOVING ? make_stream(&b->text, model, c, path) : make_keys(&b->text, model, c, role, path);
}

/* --- Attention --------------------------------------------------------------------------------------------------- */

/* x [B, T, D] with an RMS norm of each head. */
static neap_tensor *head_norm(const transformer_config *c, neap_tensor *x, neap_tensor *gain)
{
    if (!x)
        return NULL;
    const neap_shape shape = neap_shape_of(x);
    x = neap_reshape(x, neap_dims(shape.dim[0], shape.dim[1], c->heads, c->width / c->heads));
    return neap_reshape(neap_mul(neap_rms_norm(x, TRANSFORMER_EPS), gain), shape);
}

/* A product [B, T, 3 D] of q, k and v, or [B, T, 2 D] of k and v, with queries and keys normed where there are gains. */
static neap_tensor *normed(const transformer_block *b, neap_tensor *product, int parts)
{
    neap_tensor *part[3], *gain[3] = {b->query_gain, b->key_gain, NULL};
    if (!b->key_gain)
        return product;
    neap_chunk(product, parts, part, 2);
    for (int i = 0; i < parts - 1; i++)
        part[i] = head_norm(b->config, part[i], gain[i + 3 - parts]);
    return neap_concat(part, parts, 2);
}

/* Rows [from, from + B T) of x as [B, T, D]. */
static neap_tensor *rows_of(neap_tensor *x, int64_t from, int64_t batch, int64_t tokens)
{
    return x ? neap_reshape(neap_slice(x, 0, from, from + batch * tokens), neap_dims(batch, tokens, neap_dim(x, 1))) : NULL;
}

/* Between all tokens of the products [B, N, 3 D] and [B, M, 3 D]: replaces them by [B, N, D] and [B, M, D]. */
static void attend(const mmdit_block *b, neap_tensor *lengths, neap_tensor **picture, neap_tensor **text)
{
    neap_tensor *all = neap_joint_attention(*picture, *text, lengths, (int)b->picture.core.config->heads);
    const int64_t batch = all ? neap_dim(*picture, 0) : 0, n = all ? neap_dim(*picture, 1) : 0, m = all ? neap_dim(*text, 1) : 0;
    *picture = rows_of(all, 0, batch, n);
    *text = rows_of(all, batch * n, batch, m);
}

/* --- Running ----------------------------------------------------------------------------------------------------- */

static void modulate(const mmdit_stream *s, neap_tensor *condition, int count, neap_tensor **m)
{
    neap_chunk(neap_linear_apply(&s->modulation, condition), count, m, 1);
}

static neap_tensor *product_of(const mmdit_stream *s, neap_tensor *x, neap_tensor *const *m)
{
    x = dit_modulated_norm(s->core.config, x, m[0], m[1]);
    return normed(&s->core, neap_linear_apply(&s->core.qkv, x), 3);
}

/* The stream after the attention, whose result is h. */
static neap_tensor *finish(const mmdit_stream *s, neap_tensor *x, neap_tensor *h, neap_tensor *const *m)
{
    x = neap_linear_apply_gated(&s->core.proj, x, m[2], h);
    h = transformer_mlp(&s->core, dit_modulated_norm(s->core.config, x, m[3], m[4]));
    return neap_linear_apply_gated(&s->core.fc2, x, m[5], h);
}

static neap_tensor *keys_of(const mmdit_block *b, neap_tensor *condition, neap_tensor *text)
{
    neap_tensor *m[2];
    if (b->role == MMDIT_LAST) {
        modulate(&b->text, condition, 2, m);
        text = dit_modulated_norm(b->text.core.config, text, m[0], m[1]);
    }
    return normed(&b->text.core, neap_linear_apply(&b->text.key_value, text), 2);
}

static void run_moving(const mmdit_block *b, neap_tensor *condition, neap_tensor *lengths, neap_tensor **picture,
                       neap_tensor **text)
{
    neap_tensor *p[6], *t[6];
    modulate(&b->picture, condition, 6, p);
    modulate(&b->text, condition, 6, t);
    neap_tensor *h = product_of(&b->picture, *picture, p), *g = product_of(&b->text, *text, t);
    attend(b, lengths, &h, &g);
    *picture = finish(&b->picture, *picture, h, p);
    *text = finish(&b->text, *text, g, t);
}

static void run_keys(const mmdit_block *b, neap_tensor *condition, neap_tensor *lengths, neap_tensor **picture,
                     neap_tensor *text)
{
    neap_tensor *m[6];
    modulate(&b->picture, condition, 6, m);
    neap_tensor *h = product_of(&b->picture, *picture, m);
    h = neap_joint_attention(h, keys_of(b, condition, text), lengths, (int)b->picture.core.config->heads);
    *picture = finish(&b->picture, *picture, h, m);
}

void mmdit_block_run(const mmdit_block *b, neap_tensor *condition, neap_tensor *lengths, neap_tensor **picture,
                     neap_tensor **text)
{
    neap_scope scope = neap_scope_open();
    if (b->role == MMDIT_MOVING)
        run_moving(b, condition, lengths, picture, text);
    else
        run_keys(b, condition, lengths, picture, *text);
    neap_keep(*text);
    *picture = neap_scope_return(scope, *picture);
    *text = neap_scope_return(neap_scope_open(), *text);
    neap_release(*text);
}
