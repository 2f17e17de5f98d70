/* Attention on separate q, k and v, and on one product that holds all three. */
#include <math.h>

#include "ops/rules.h"

/* --- Arguments of the kernel ------------------------------------------------------------------------------------- */

/* x [B, N, H, d], with adjacent elements on the last axis. */
static neap_attention_view view_of(const neap_tensor *x)
{
    return (neap_attention_view){neap_tensor_bytes(x), x->stride[0], x->stride[1], x->stride[2]};
}

/* Part `part` of an array [B, N, parts H d]. */
static neap_attention_view part_of(const neap_tensor *x, int64_t part, const neap_attention_args *args)
{
    const int64_t row = x->shape.dim[2];
    char *data = (char *)neap_tensor_bytes(x) + (size_t)(part * args->heads * args->dim) * neap_dtype_size(x->dtype);
    return (neap_attention_view){data, x->shape.dim[1] * row, row, args->dim};
}

static neap_attention_args sizes(int64_t batch, int64_t heads, int64_t queries, int64_t keys, int64_t dim)
{
    return (neap_attention_args){.batch = batch, .heads = heads, .queries = queries, .keys = keys, .dim = dim,
                                 .scale = 1 / sqrt((double)dim), .bf16 = neap_precision() == NEAP_BF16};
}

/* Points *lengths to the elements of the optional input `input`, each checked to lie in [0, most]. */
static int read_lengths(const neap_call *call, int input, int64_t most, const int32_t **lengths)
{
    if (call->count <= input)
        return 0;
    const neap_tensor *packed = neap_tensor_pack(call->in[input]);
    if (!packed)
        return -1;
    *lengths = neap_tensor_bytes(packed);
    for (int64_t row = 0; row < packed->shape.dim[0]; row++)
        if ((*lengths)[row] < 0 || (*lengths)[row] > most)
            return neap_fail("%s: lengths: expected 0 to %lld, got %d in row %lld of the batch", call->op->info.name,
                             (long long)most, (*lengths)[row], (long long)row);
    return 0;
}

static bool fits_lengths(const neap_call *call, int input)
{
    const neap_tensor *x = call->in[input];
    return call->count <= input || (x->dtype == NEAP_I32 && neap_shape_equal(x->shape, neap_dims(call->in[0]->shape.dim[0])));
}

/* The gradient needs the inputs, the output and the log-sum-exp. */
static int forward(neap_call *call, neap_attention_args *args)
{
    if (!(call->aux[0] = neap_empty(call->dtype, neap_dims(args->batch, args->heads, args->queries))))
        return -1;
    args->lse = neap_tensor_bytes(call->aux[0]);
    return neap_size(call->out) ? call->kernels->attention(call->kernels, args) : 0;
}

/* --- The gradient in ops, where it is differentiated in turn ------------------------------------------------------ */

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

/* x: q, k, v, and g like q; gx[i] for each that is wanted; all [B, N, H, d]. */
static int composite_gradient(neap_tensor *const *x, neap_tensor *query_lengths, neap_tensor *key_lengths, neap_tensor *g,
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

/* --- attention --------------------------------------------------------------------------------------------------- */

enum { Q, K, V, KEY_LENGTHS };

int neap_shape_attention(neap_call *call)
{
    const neap_tensor *q = call->in[Q], *k = call->in[K], *v = call->in[V];
    const neap_shape s = q->shape, t = k->shape;
    bool fits = neap_is_real(q) && q->dtype == k->dtype && q->dtype == v->dtype && s.rank == 4 && t.rank == 4;
    fits = fits && neap_shape_equal(t, v->shape) && s.dim[0] == t.dim[0] && s.dim[2] == t.dim[2] && s.dim[3] == t.dim[3];
    if (!fits || t.dim[1] < 1 || t.dim[3] < 1 || !fits_lengths(call, KEY_LENGTHS))
        return neap_op_fail(call, "q [B, N, H, d], k and v [B, M, H, d] of one dtype, f32 or f64, M and d from 1, and "
                                  "lengths i32 [B] or none");
    call->shape = s;
    return 0;
}

static int inputs_of(const neap_call *call, neap_attention_args *args)
{
    neap_tensor *q = neap_pack_last(call->in[Q]), *k = neap_pack_last(call->in[K]), *v = neap_pack_last(call->in[V]);
    if (!q || !k || !v)
        return -1;
    const neap_shape s = q->shape;
    *args = sizes(s.dim[0], s.dim[2], s.dim[1], k->shape.dim[1], s.dim[3]);
    args->q = view_of(q);
    args->k = view_of(k);
    args->v = view_of(v);
    args->o = view_of(call->out);
    return read_lengths(call, KEY_LENGTHS, args->keys, &args->key_lengths);
}

int neap_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return inputs_of(call, &args) == 0 ? forward(call, &args) : -1;
}

/* Makes the gradients that are wanted; the kernel skips the others. */
static int make_gradients(const neap_call *call, neap_attention_args *args, neap_tensor **gx)
{
    neap_attention_view *views[] = {&args->gq, &args->gk, &args->gv};
    for (int i = 0; i < 3; i++) {
        if (!call->wants[i])
            continue;
        const neap_shape shape = call->in[i]->shape;
        gx[i] = neap_size(call->out) ? neap_empty(call->dtype, shape) : neap_zeros(call->dtype, shape);
        if (!gx[i])
            return -1;
        *views[i] = view_of(gx[i]);
    }
    return 0;
}

int neap_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attention_args args;
    if (neap_recording())
        return composite_gradient(call->in, NULL, call->count > KEY_LENGTHS ? call->in[KEY_LENGTHS] : NULL, g, call->wants,
                                  gx);
    neap_tensor *go = neap_pack_last(g);
    if (!go || inputs_of(call, &args) != 0 || make_gradients(call, &args, gx) != 0)
        return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = view_of(go);
    return neap_size(call->out) ? call->kernels->attention_gradient(call->kernels, &args) : 0;
}

/* With a message pending, NULL means that making the lengths failed. */
neap_tensor *neap_attention(neap_tensor *q, neap_tensor *k, neap_tensor *v, neap_tensor *lengths)
{
    return neap_op_apply(NEAP_OP_attention, (neap_tensor *[]){q, k, v, lengths}, lengths || neap_failed() ? 4 : 3, NULL);
}

/* --- self_attention ---------------------------------------------------------------------------------------------- */

enum { QKV, LENGTHS };

int neap_shape_self_attention(neap_call *call)
{
    const int64_t heads = call->attrs.i[0];
    call->shape = call->in[QKV]->shape;
    if (heads < 1)
        return neap_fail("self_attention: heads: expected 1 or more, got %lld", (long long)heads);
    const bool fits = neap_is_real(call->in[QKV]) && call->shape.rank == 3 && call->shape.dim[2] >= 1;
    if (!fits || call->shape.dim[2] % 3 || call->shape.dim[2] / 3 % heads || !fits_lengths(call, LENGTHS))
        return neap_op_fail(call, "[B, N, 3 heads d] in f32 or f64, and lengths i32 [B] or none");
    call->shape.dim[2] /= 3;
    return 0;
}

static int product_of(const neap_call *call, neap_attention_args *args)
{
    const neap_shape shape = call->shape;
    const int64_t heads = call->attrs.i[0];
    *args = sizes(shape.dim[0], heads, shape.dim[1], shape.dim[1], shape.dim[2] / heads);
    args->q = part_of(call->in[QKV], 0, args);
    args->k = part_of(call->in[QKV], 1, args);
    args->v = part_of(call->in[QKV], 2, args);
    args->o = part_of(call->out, 0, args);
    if (read_lengths(call, LENGTHS, args->keys, &args->key_lengths) < 0)
        return -1;
    args->query_lengths = args->key_lengths;
    return 0;
}

int neap_self_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return product_of(call, &args) == 0 ? forward(call, &args) : -1;
}

static neap_tensor *split_heads(neap_tensor *x, int64_t heads)
{
    return x ? neap_reshape(x, neap_dims(x->shape.dim[0], x->shape.dim[1], heads, x->shape.dim[2] / heads)) : NULL;
}

static neap_tensor *self_composite(const neap_call *call, neap_tensor *g)
{
    neap_tensor *x[3], *gx[3], *lengths = call->count > LENGTHS ? call->in[LENGTHS] : NULL;
    const int64_t heads = call->attrs.i[0];
    if (neap_chunk(call->in[QKV], 3, x, 2) != 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        x[i] = split_heads(x[i], heads);
    if (composite_gradient(x, lengths, lengths, split_heads(g, heads), (bool[]){true, true, true}, gx) != 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        gx[i] = neap_reshape(gx[i], call->shape);
    return neap_concat(gx, 3, 2);
}

/* The kernel writes the three gradients into one tensor, without a concat. */
int neap_self_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attention_args args;
    if (neap_recording())
        return neap_has(gx[0] = self_composite(call, g));
    neap_tensor *go = neap_tensor_pack(g);
    gx[0] = neap_empty(call->dtype, call->in[QKV]->shape);
    if (!go || !gx[0] || product_of(call, &args) != 0)
        return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = part_of(go, 0, &args);
    args.gq = part_of(gx[0], 0, &args);
    args.gk = part_of(gx[0], 1, &args);
    args.gv = part_of(gx[0], 2, &args);
    return neap_size(call->out) ? call->kernels->attention_gradient(call->kernels, &args) : 0;
}

neap_tensor *neap_self_attention(neap_tensor *qkv, neap_tensor *lengths, int heads)
{
    return neap_op_apply(NEAP_OP_self_attention, (neap_tensor *[]){qkv, lengths}, lengths || neap_failed() ? 2 : 1,
                         &(neap_attrs){.i = {heads}});
}
