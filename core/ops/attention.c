/* Attention on separate q, k, v and within one product that holds all three. */
#include <math.h>

#include "ops/support.h"

/* --- What the kernel sees ---------------------------------------------------------------------------------------- */

/* x [B, N, H, d] whose last axis is adjacent. */
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

/* The log-sum-exp is all that the backward pass needs beside inputs and output. */
static int forward(neap_call *call, neap_attention_args *args)
{
    if (!(call->aux[0] = neap_empty(call->dtype, neap_dims(args->batch, args->heads, args->queries))))
        return -1;
    args->lse = neap_tensor_bytes(call->aux[0]);
    return neap_size(call->out) ? call->kernels->attention(args) : 0;
}

/* --- In ops, for gradients that are differentiated in turn ------------------------------------------------------- */

/* [B, N, H, d] to [B, H, N, d] and back. */
static neap_tensor *swap_heads(neap_tensor *x)
{
    return neap_permute(x, (int[]){0, 2, 1, 3});
}

/* gx: of q, k, v, all [B, N, H, d] like x. */
static int composite(neap_tensor *const *x, neap_tensor *g, neap_tensor **gx)
{
    const double scale = 1 / sqrt((double)x[0]->shape.dim[3]);
    neap_tensor *q = swap_heads(x[0]), *k = swap_heads(x[1]), *v = swap_heads(x[2]), *go = swap_heads(g);
    neap_tensor *p = neap_softmax(neap_affine(neap_matmul_t(q, k, false, true), scale, 0), -1);
    neap_tensor *dp = neap_matmul_t(go, v, false, true);
    neap_tensor *row = neap_sum(neap_mul(dp, p), (int[]){-1}, 1, true);
    neap_tensor *ds = neap_affine(neap_mul(p, neap_sub(dp, row)), scale, 0);
    gx[0] = swap_heads(neap_matmul(ds, k));
    gx[1] = swap_heads(neap_matmul_t(ds, q, true, false));
    gx[2] = swap_heads(neap_matmul_t(p, go, true, false));
    return gx[0] && gx[1] && gx[2] ? 0 : -1;
}

/* --- attention --------------------------------------------------------------------------------------------------- */

int neap_shape_attention(neap_call *call)
{
    const neap_shape q = call->in[0]->shape, k = call->in[1]->shape;
    bool fits = q.rank == 4 && k.rank == 4 && neap_shape_equal(k, call->in[2]->shape);
    if (!fits || q.dim[0] != k.dim[0] || q.dim[2] != k.dim[2] || q.dim[3] != k.dim[3] || k.dim[1] < 1 || k.dim[3] < 1)
        return neap_op_fail(call, "q [B, N, H, d], k and v [B, M, H, d], M and d from 1");
    call->shape = q;
    return 0;
}

static int inputs_of(const neap_call *call, neap_attention_args *args)
{
    neap_tensor *q = neap_pack_last(call->in[0]), *k = neap_pack_last(call->in[1]), *v = neap_pack_last(call->in[2]);
    if (!q || !k || !v)
        return -1;
    const neap_shape s = q->shape;
    *args = sizes(s.dim[0], s.dim[2], s.dim[1], k->shape.dim[1], s.dim[3]);
    args->q = view_of(q);
    args->k = view_of(k);
    args->v = view_of(v);
    args->o = view_of(call->out);
    return 0;
}

int neap_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return inputs_of(call, &args) == 0 ? forward(call, &args) : -1;
}

int neap_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attention_args args;
    if (neap_recording())
        return composite(call->in, g, gx);
    neap_tensor *go = neap_pack_last(g);
    if (!go || inputs_of(call, &args) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (!(gx[i] = neap_size(call->out) ? neap_empty(call->dtype, call->in[i]->shape)
                                           : neap_zeros(call->dtype, call->in[i]->shape)))
            return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = view_of(go);
    args.gq = view_of(gx[0]);
    args.gk = view_of(gx[1]);
    args.gv = view_of(gx[2]);
    return neap_size(call->out) ? call->kernels->attention_gradient(&args) : 0;
}

neap_tensor *neap_attention(neap_tensor *q, neap_tensor *k, neap_tensor *v)
{
    return neap_apply3(NEAP_OP_attention, q, k, v, NULL);
}

/* --- self_attention ---------------------------------------------------------------------------------------------- */

int neap_shape_self_attention(neap_call *call)
{
    const int64_t heads = call->attrs.i[0];
    call->shape = call->in[0]->shape;
    if (heads < 1)
        return neap_fail("self_attention: heads: expected 1 or more, got %lld", (long long)heads);
    if (call->shape.rank != 3 || call->shape.dim[2] < 1 || call->shape.dim[2] % 3 || call->shape.dim[2] / 3 % heads)
        return neap_fail("self_attention: expected [B, N, 3 * %lld * d], got %s", (long long)heads,
                         neap_shape_text(call->shape, (char[NEAP_SHAPE_TEXT]){0}));
    call->shape.dim[2] /= 3;
    return 0;
}

static neap_attention_args product_of(const neap_call *call)
{
    const neap_shape shape = call->shape;
    const int64_t heads = call->attrs.i[0];
    neap_attention_args args = sizes(shape.dim[0], heads, shape.dim[1], shape.dim[1], shape.dim[2] / heads);
    args.q = part_of(call->in[0], 0, &args);
    args.k = part_of(call->in[0], 1, &args);
    args.v = part_of(call->in[0], 2, &args);
    args.o = part_of(call->out, 0, &args);
    return args;
}

int neap_self_attention_forward(neap_call *call)
{
    neap_attention_args args = product_of(call);
    return forward(call, &args);
}

static neap_tensor *split_heads(neap_tensor *x, int64_t heads)
{
    return x ? neap_reshape(x, neap_dims(x->shape.dim[0], x->shape.dim[1], heads, x->shape.dim[2] / heads)) : NULL;
}

static neap_tensor *self_composite(const neap_call *call, neap_tensor *g)
{
    neap_tensor *x[3], *gx[3];
    const int64_t heads = call->attrs.i[0];
    if (neap_chunk(call->in[0], 3, x, 2) != 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        if (!(x[i] = split_heads(x[i], heads)))
            return NULL;
    if (composite(x, split_heads(g, heads), gx) != 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        gx[i] = neap_reshape(gx[i], call->shape);
    return neap_concat(gx, 3, 2);
}

/* The kernel writes the three gradients where they belong: no concat. */
int neap_self_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (neap_recording())
        return neap_has(gx[0] = self_composite(call, g));
    neap_tensor *go = neap_tensor_pack(g);
    gx[0] = neap_empty(call->dtype, call->in[0]->shape);
    if (!go || !gx[0])
        return -1;
    neap_attention_args args = product_of(call);
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = part_of(go, 0, &args);
    args.gq = part_of(gx[0], 0, &args);
    args.gk = part_of(gx[0], 1, &args);
    args.gv = part_of(gx[0], 2, &args);
    return neap_size(call->out) ? call->kernels->attention_gradient(&args) : 0;
}

neap_tensor *neap_self_attention(neap_tensor *qkv, int heads)
{
    return neap_apply1(NEAP_OP_self_attention, qkv, &(neap_attrs){.i = {heads}});
}
