/*
 * Attention of the diffusion transformer, with what may happen to queries and keys before they meet: a norm per head
 * with a learned gain (Henry et al. 2020; Dehghani et al. 2023), and a turn by the place of the token in the picture
 * (Su et al. 2021), half of a head's dimensions by its row and half by its column (Heo et al. 2024).
 */
#include <math.h>

#include <neap/error.h>

#include "dit.h"

int dit_attention_make(dit_block *b, neap_model *model, int i)
{
    const dit_config *c = b->config;
    const neap_init one = {NEAP_INIT_ONE, 0};
    const neap_shape shape = neap_dims(c->width / c->heads);
    if (neap_linear_make(&b->qkv, model, c->width, 3 * c->width, dit_xavier, "blocks.%d.attn.qkv", i) < 0)
        return -1;
    if (!c->qk_norm)
        return 0;
    b->query_gain = neap_model_parameter(model, shape, one, "blocks.%d.attn.q_norm.weight", i);
    b->key_gain = neap_model_parameter(model, shape, one, "blocks.%d.attn.k_norm.weight", i);
    return b->query_gain && b->key_gain ? 0 : -1;
}

/* --- Turns ------------------------------------------------------------------------------------------------------- */

/* Angles grow by up to 1 from a token to the next. The slowest turns a hundredth of the fastest and not, as in long
 * texts, a ten-thousandth: a side has a few tokens to a few dozen. */
#define SLOWEST 100

/* Pair i of a head is its dimensions i and i + pairs. */
static void write_turns(float *cosine, float *sine, int64_t row, int64_t column, int64_t pairs)
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

int dit_turns_make(dit_turns *turns, const dit_config *c, int64_t before, int64_t rows, int64_t columns)
{
    const int64_t pairs = c->width / c->heads / 2, tokens = before + rows * columns;
    neap_scope scope = neap_scope_open();
    turns->cosine = neap_keep(neap_full(NEAP_F32, neap_dims(tokens, 1, 1, pairs), 1));
    turns->sine = neap_keep(neap_zeros(NEAP_F32, neap_dims(tokens, 1, 2, pairs)));
    neap_scope_close(scope);
    if (!turns->cosine || !turns->sine)
        return -1;
    float *cosine = neap_data(turns->cosine), *sine = neap_data(turns->sine);
    for (int64_t i = 0; i < rows * columns; i++)
        write_turns(cosine + (before + i) * pairs, sine + (before + i) * 2 * pairs, i / columns, i % columns, pairs);
    return 0;
}

/* (a, b) of each pair becomes (a cos - b sin, b cos + a sin); x [B, N, H, d]. */
static neap_tensor *turn(const dit_turns *turns, neap_tensor *x)
{
    neap_tensor *part[2];
    if (!x)
        return NULL;
    const neap_shape shape = neap_shape_of(x);
    x = neap_reshape(x, neap_dims(shape.dim[0], shape.dim[1], shape.dim[2], 2, shape.dim[3] / 2));
    neap_chunk(x, 2, part, 3);
    neap_tensor *swapped = neap_concat((neap_tensor *[]){part[1], part[0]}, 2, 3);
    x = neap_add(neap_mul(x, turns->cosine), neap_mul(swapped, turns->sine));
    return neap_reshape(x, shape);
}

/* --- Attention --------------------------------------------------------------------------------------------------- */

static neap_tensor *prepare(const dit_turns *turns, neap_tensor *x, neap_tensor *gain)
{
    if (gain)
        x = neap_mul(neap_rms_norm(x, DIT_EPS), gain);
    return turns->cosine ? turn(turns, x) : x;
}

neap_tensor *dit_attend(const dit_block *b, const dit_turns *turns, neap_tensor *x)
{
    const dit_config *c = b->config;
    neap_tensor *part[3], *product = neap_linear_apply(&b->qkv, x);
    if (!product || (!b->query_gain && !turns->cosine))
        return neap_self_attention(product, (int)c->heads);
    const int64_t batch = neap_dim(product, 0), tokens = neap_dim(product, 1);
    neap_chunk(product, 3, part, 2);
    for (int i = 0; i < 3; i++)
        part[i] = neap_reshape(part[i], neap_dims(batch, tokens, c->heads, c->width / c->heads));
    neap_tensor *q = prepare(turns, part[0], b->query_gain), *k = prepare(turns, part[1], b->key_gain);
    return neap_reshape(neap_attention(q, k, part[2]), neap_dims(batch, tokens, c->width));
}
