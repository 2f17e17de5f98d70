/* Attention on separate q, k and v, and what attention on products shares with it. */
#include <math.h>

#include "ops/attention.h"

/* --- Arguments of the kernel ------------------------------------------------------------------------------------- */

neap_attention_args neap_attention_sizes(int64_t batch, int64_t heads, int64_t queries, int64_t keys, int64_t dim)
{
    return (neap_attention_args){.batch = batch, .heads = heads, .queries = queries, .keys = keys, .dim = dim,
                                 .scale = 1 / sqrt((double)dim), .bf16 = neap_precision() == NEAP_BF16};
}

/* Points *lengths to the elements of the optional input `input`, each checked to lie in [0, most]. */
int neap_attention_lengths(const neap_call *call, int input, int64_t most, const int32_t **lengths)
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

bool neap_attention_fits_lengths(const neap_call *call, int input)
{
    const neap_tensor *x = call->in[input];
    return call->count <= input || (x->dtype == NEAP_I32 && neap_shape_equal(x->shape, neap_dims(call->in[0]->shape.dim[0])));
}

/* The gradient needs the inputs, the output and the log-sum-exp. */
int neap_attention_run(neap_call *call, neap_attention_args *args)
{
    if (!(call->aux[0] = neap_empty(call->dtype, neap_dims(args->batch, args->heads, args->queries))))
        return -1;
    args->lse = neap_tensor_bytes(call->aux[0]);
    return neap_size(call->out) ? call->kernels->attention(call->kernels, args) : 0;
}

/* --- attention --------------------------------------------------------------------------------------------------- */

enum { Q, K, V, KEY_LENGTHS };

/* x [B, N, H, d], with adjacent elements on the last axis. */
static neap_attention_view view_of(const neap_tensor *x)
{
    return (neap_attention_view){
        .data = neap_tensor_bytes(x), .batch = x->stride[0], .token = x->stride[1], .head = x->stride[2]};
}

int neap_shape_attention(neap_call *call)
{
    const neap_tensor *q = call->in[Q], *k = call->in[K], *v = call->in[V];
    const neap_shape s = q->shape, t = k->shape;
    bool fits = neap_is_real(q) && q->dtype == k->dtype && q->dtype == v->dtype && s.rank == 4 && t.rank == 4;
    fits = fits && neap_shape_equal(t, v->shape) && s.dim[0] == t.dim[0] && s.dim[2] == t.dim[2] && s.dim[3] == t.dim[3];
    if (!fits || t.dim[1] < 1 || t.dim[3] < 1 || !neap_attention_fits_lengths(call, KEY_LENGTHS))
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
    *args = neap_attention_sizes(s.dim[0], s.dim[2], s.dim[1], k->shape.dim[1], s.dim[3]);
    args->q = view_of(q);
    args->k = view_of(k);
    args->v = view_of(v);
    args->o = view_of(call->out);
    return neap_attention_lengths(call, KEY_LENGTHS, args->keys, &args->key_lengths);
}

int neap_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return inputs_of(call, &args) == 0 ? neap_attention_run(call, &args) : -1;
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
        return neap_attention_composite(call->in, NULL, call->count > KEY_LENGTHS ? call->in[KEY_LENGTHS] : NULL, g, call->wants,
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

