/*
 * Attention and positions of transformers on pictures. Optionally queries and keys get a norm per head with a learned
 * gain (Henry et al. 2020; Dehghani et al. 2023) and a rotation by the token's position in the picture (Su et al.
 * 2021): half of a head's dimensions by row and half by column (Heo et al. 2024).
 */
#include <math.h>

#include <neap/error.h>

#include "transformer.h"

int transformer_attention_make(transformer_block *b, neap_model *model, const char *path)
{
    const transformer_config *c = b->config;
    const neap_init one = {NEAP_INIT_ONE, 0};
    const neap_shape shape = neap_dims(c->width / c->heads);
    if (neap_linear_make(&b->qkv, model, c->width, 3 * c->width, transformer_xavier, "%s.attn.qkv", path) < 0)
        return -1;
    if (c->qk_norm) {
        b->query_gain = neap_model_parameter(model, shape, one, "%s.attn.q_norm.weight", path);
        b->key_gain = neap_model_parameter(model, shape, one, "%s.attn.k_norm.weight", path);
        if (!b->query_gain || !b->key_gain)
            return -1;
    }
    return neap_linear_make(&b->proj, model, c->width, c->width, transformer_xavier, "%s.attn.proj", path);
}

/* --- Positions --------------------------------------------------------------------------------------------------- */

/* The fastest angle grows by 1 per token. The slowest is 100 times slower and not, as in long texts, 10000 times: a
 * side has a few to a few dozen tokens. */
#define SLOWEST 100

/* Pair i of a head is dimensions i and i + pairs. */
static void write_rotation(float *cosine, float *sine, int64_t row, int64_t column, int64_t pairs)
{
    const int64_t half = pairs / 2;
    for (int64_t i = 0; i < pairs; i++) {
        const double at = (double)(i < half ? row : column);
        const double angle = at * pow(SLOWEST, -(double)(i % half) / (double)half);
        cosine[i] = (float)cos(angle);
        sine[i] = (float)-sin(angle);
        sine[pairs + i] = (float)sin(angle);
    }
}

static void write_rotations(const transformer_positions *p, int64_t extra, int64_t rows, int64_t columns, int64_t pairs)
{
    float *cosine = neap_data(p->cosine), *sine = neap_data(p->sine);
    for (int64_t i = 0; i < rows * columns; i++)
        write_rotation(cosine + (extra + i) * pairs, sine + (extra + i) * 2 * pairs, i / columns, i % columns, pairs);
}

int transformer_positions_make(transformer_positions *p, const transformer_config *c, int64_t extra)
{
    const int64_t rows = c->rows / c->patch, columns = c->columns / c->patch;
    const int64_t pairs = c->width / c->heads / 2, tokens = extra + rows * columns;
    neap_scope scope = neap_scope_open();
    if (c->rope) {
        p->cosine = neap_keep(neap_full(NEAP_F32, neap_dims(tokens, 1, 1, pairs), 1));
        p->sine = neap_keep(neap_zeros(NEAP_F32, neap_dims(tokens, 1, 2, pairs)));
    } else {
        p->added = neap_keep(neap_grid_positions(rows, columns, c->width));
    }
    neap_scope_close(scope);
    if (p->cosine && p->sine)
        write_rotations(p, extra, rows, columns, pairs);
    return p->added || (p->cosine && p->sine) ? 0 : -1;
}

void transformer_positions_free(transformer_positions *p)
{
    neap_release(p->added);
    neap_release(p->cosine);
    neap_release(p->sine);
}

/* (a, b) of each pair becomes (a cos - b sin, b cos + a sin); x [B, N, H, d]. */
static neap_tensor *rotate(const transformer_positions *p, neap_tensor *x)
{
    neap_tensor *part[2];
    if (!x)
        return NULL;
    const neap_shape shape = neap_shape_of(x);
    x = neap_reshape(x, neap_dims(shape.dim[0], shape.dim[1], shape.dim[2], 2, shape.dim[3] / 2));
    neap_chunk(x, 2, part, 3);
    neap_tensor *swapped = neap_concat((neap_tensor *[]){part[1], part[0]}, 2, 3);
    x = neap_add(neap_mul(x, p->cosine), neap_mul(swapped, p->sine));
    return neap_reshape(x, shape);
}

/* --- Attention --------------------------------------------------------------------------------------------------- */

static neap_tensor *prepare(const transformer_positions *p, neap_tensor *x, neap_tensor *gain)
{
    if (gain)
        x = neap_mul(neap_rms_norm(x, TRANSFORMER_EPS), gain);
    return p->cosine ? rotate(p, x) : x;
}

neap_tensor *transformer_attend(const transformer_block *b, const transformer_positions *p, neap_tensor *x)
{
    const transformer_config *c = b->config;
    neap_tensor *part[3], *product = neap_linear_apply(&b->qkv, x);
    if (!product || (!b->query_gain && !p->cosine))
        return neap_self_attention(product, NULL, (int)c->heads);
    const int64_t batch = neap_dim(product, 0), tokens = neap_dim(product, 1);
    neap_chunk(product, 3, part, 2);
    for (int i = 0; i < 3; i++)
        part[i] = neap_reshape(part[i], neap_dims(batch, tokens, c->heads, c->width / c->heads));
    neap_tensor *q = prepare(p, part[0], b->query_gain), *k = prepare(p, part[1], b->key_gain);
    return neap_reshape(neap_attention(q, k, part[2], NULL), neap_dims(batch, tokens, c->width));
}
