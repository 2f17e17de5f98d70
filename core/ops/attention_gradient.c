/* The gradient of attention in ops, for where it is differentiated in turn. */
#include <math.h>

#include "ops/attention.h"

/* q, k, v and go [B, H, N, d]; lengths i32 [B], or NULL. */
typedef struct composite {
    neap_tensor *q, *k, *v, *go, *query_lengths, *key_lengths;
    double scale;
} composite;

/* [B, N, H, d] to [B, H, N, d] and back. */
static neap_tensor *swap_heads(neap_tensor *x)
{
    return neap_permute(x, (int[]){0, 2, 1, 3});
}

/* u8 [B, 1, 1, 1] with `axis` of size n: 1 at indices below the row's length. */
static neap_tensor *mask_of(neap_tensor *lengths, int64_t n, int axis)
{
    neap_shape along = neap_dims(1, 1, 1, 1);
    along.dim[axis] = n;
    neap_tensor *length = neap_reshape(neap_cast(lengths, NEAP_F64), neap_dims(lengths->shape.dim[0], 1, 1, 1));
    return neap_lt(neap_reshape(neap_arange(NEAP_F64, 0, 1, n), along), length);
}

/* x [B, H, N, M or d] with `fill` at and beyond the lengths along `axis`. */
static neap_tensor *fill_masked(neap_tensor *x, neap_tensor *lengths, int axis, double fill)
{
    if (!x || !lengths)
        return x;
    return neap_where(mask_of(lengths, x->shape.dim[axis], axis), x, neap_full(x->dtype, (neap_shape){0}, fill));
}

static neap_tensor *clear_tokens(neap_tensor *x, neap_tensor *lengths)
{
    return fill_masked(x, lengths, 2, 0);
}

/* The softmax of the scores. It would be uniform in a row without keys, and is zero there. */
static neap_tensor *weights_of(const composite *c)
{
    neap_tensor *scores = neap_affine(neap_matmul_t(c->q, c->k, false, true), c->scale, 0);
    return fill_masked(neap_softmax(fill_masked(scores, c->key_lengths, 3, -1e30), -1), c->key_lengths, 3, 0);
}

/* Sets gx[i] of q, k, v as [B, H, N, d] for each that is wanted. */
static int differentiate(const composite *c, const bool wants[3], neap_tensor **gx)
{
    neap_tensor *p = weights_of(c), *ds = NULL;
    if (wants[0] || wants[1]) {
        neap_tensor *dp = neap_matmul_t(c->go, c->v, false, true);
        neap_tensor *row = neap_sum(neap_mul(dp, p), (int[]){-1}, 1, true);
        ds = neap_affine(neap_mul(p, neap_sub(dp, row)), c->scale, 0);
    }
    if (wants[0])
        gx[0] = clear_tokens(neap_matmul(ds, c->k), c->query_lengths);
    if (wants[1])
        gx[1] = clear_tokens(neap_matmul_t(ds, c->q, true, false), c->key_lengths);
    if (wants[2])
        gx[2] = clear_tokens(neap_matmul_t(p, c->go, true, false), c->key_lengths);
    return p && (!wants[0] || gx[0]) && (!wants[1] || gx[1]) && (!wants[2] || gx[2]) ? 0 : -1;
}

int neap_attention_composite(neap_tensor *const *x, neap_tensor *query_lengths, neap_tensor *key_lengths, neap_tensor *g,
                              const bool wants[3], neap_tensor **gx)
{
    if (!x[0] || !x[1] || !x[2] || !g)
        return -1;
    const composite c = {.q = clear_tokens(swap_heads(x[0]), query_lengths), .k = clear_tokens(swap_heads(x[1]), key_lengths),
                         .v = clear_tokens(swap_heads(x[2]), key_lengths), .go = clear_tokens(swap_heads(g), query_lengths),
                         .query_lengths = query_lengths, .key_lengths = key_lengths,
                         .scale = 1 / sqrt((double)x[0]->shape.dim[3])};
    if (differentiate(&c, wants, gx) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (wants[i] && !(gx[i] = swap_heads(gx[i])))
            return -1;
    return 0;
}
