/* Attention on products that hold q, k and v, or k and v, side by side. */
#include "ops/attention.h"

neap_attention_view neap_attention_part(const neap_tensor *x, int64_t part, const neap_attention_args *args)
{
    const int64_t row = x->shape.dim[2];
    char *data = (char *)neap_tensor_bytes(x) + (size_t)(part * args->heads * args->dim) * neap_dtype_size(x->dtype);
    return (neap_attention_view){.data = data, .batch = x->shape.dim[1] * row, .token = row, .head = args->dim};
}

static neap_tensor *split_heads(neap_tensor *x, int64_t heads)
{
    return x ? neap_reshape(x, neap_dims(x->shape.dim[0], x->shape.dim[1], heads, x->shape.dim[2] / heads)) : NULL;
}

static int check_heads(const neap_call *call)
{
    const int64_t heads = call->attrs.i[0];
    return heads >= 1 ? 0 : neap_fail("%s: heads: expected 1 or more, got %lld", call->op->info.name, (long long)heads);
}

/* --- self_attention ---------------------------------------------------------------------------------------------- */

enum { QKV, LENGTHS };

int neap_shape_self_attention(neap_call *call)
{
    const int64_t heads = call->attrs.i[0];
    call->shape = call->in[QKV]->shape;
    if (check_heads(call) < 0)
        return -1;
    const bool fits = neap_is_real(call->in[QKV]) && call->shape.rank == 3 && call->shape.dim[2] >= 1;
    if (!fits || call->shape.dim[2] % 3 || call->shape.dim[2] / 3 % heads || !neap_attention_fits_lengths(call, LENGTHS))
        return neap_op_fail(call, "[B, N, 3 heads d] in f32 or f64, and lengths i32 [B] or none");
    call->shape.dim[2] /= 3;
    return 0;
}

static int self_of(const neap_call *call, neap_attention_args *args)
{
    const neap_shape shape = call->shape;
    const int64_t heads = call->attrs.i[0];
    *args = neap_attention_sizes(shape.dim[0], heads, shape.dim[1], shape.dim[1], shape.dim[2] / heads);
    args->q = neap_attention_part(call->in[QKV], 0, args);
    args->k = neap_attention_part(call->in[QKV], 1, args);
    args->v = neap_attention_part(call->in[QKV], 2, args);
    args->o = neap_attention_part(call->out, 0, args);
    if (neap_attention_lengths(call, LENGTHS, args->keys, &args->key_lengths) < 0)
        return -1;
    args->query_lengths = args->key_lengths;
    return 0;
}

int neap_self_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return self_of(call, &args) == 0 ? neap_attention_run(call, &args) : -1;
}

static neap_tensor *self_composite(const neap_call *call, neap_tensor *g)
{
    neap_tensor *x[3], *gx[3], *lengths = call->count > LENGTHS ? call->in[LENGTHS] : NULL;
    const int64_t heads = call->attrs.i[0];
    if (neap_chunk(call->in[QKV], 3, x, 2) != 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        x[i] = split_heads(x[i], heads);
    if (neap_attention_composite(x, lengths, lengths, split_heads(g, heads), (bool[]){true, true, true}, gx) != 0)
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
    if (!go || !gx[0] || self_of(call, &args) != 0)
        return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = neap_attention_part(go, 0, &args);
    args.gq = neap_attention_part(gx[0], 0, &args);
    args.gk = neap_attention_part(gx[0], 1, &args);
    args.gv = neap_attention_part(gx[0], 2, &args);
    return neap_size(call->out) ? call->kernels->attention_gradient(call->kernels, &args) : 0;
}

neap_tensor *neap_self_attention(neap_tensor *qkv, neap_tensor *lengths, int heads)
{
    return neap_op_apply(NEAP_OP_self_attention, (neap_tensor *[]){qkv, lengths}, lengths || neap_failed() ? 2 : 1,
                         &(neap_attrs){.i = {heads}});
}

/* --- cross_attention --------------------------------------------------------------------------------------------- */

enum { QUERIES, KEYS_VALUES, KEY_LENGTHS };

int neap_shape_cross_attention(neap_call *call)
{
    const neap_tensor *q = call->in[QUERIES], *kv = call->in[KEYS_VALUES];
    const neap_shape s = q->shape, t = kv->shape;
    if (check_heads(call) < 0)
        return -1;
    bool fits = neap_is_real(q) && q->dtype == kv->dtype && s.rank == 3 && t.rank == 3 && s.dim[0] == t.dim[0];
    fits = fits && t.dim[1] >= 1 && s.dim[2] >= 1 && s.dim[2] % call->attrs.i[0] == 0 && t.dim[2] == 2 * s.dim[2];
    if (!fits || !neap_attention_fits_lengths(call, KEY_LENGTHS))
        return neap_op_fail(call, "q [B, N, heads d], k and v [B, M, 2 heads d] of one dtype, f32 or f64, M from 1, and "
                                  "lengths i32 [B] or none");
    call->shape = s;
    return 0;
}

static int cross_of(const neap_call *call, neap_attention_args *args)
{
    const neap_shape s = call->shape;
    const int64_t heads = call->attrs.i[0];
    *args = neap_attention_sizes(s.dim[0], heads, s.dim[1], call->in[KEYS_VALUES]->shape.dim[1], s.dim[2] / heads);
    args->q = neap_attention_part(call->in[QUERIES], 0, args);
    args->k = neap_attention_part(call->in[KEYS_VALUES], 0, args);
    args->v = neap_attention_part(call->in[KEYS_VALUES], 1, args);
    args->o = neap_attention_part(call->out, 0, args);
    return neap_attention_lengths(call, KEY_LENGTHS, args->keys, &args->key_lengths);
}

int neap_cross_attention_forward(neap_call *call)
{
    neap_attention_args args;
    return cross_of(call, &args) == 0 ? neap_attention_run(call, &args) : -1;
}

static int cross_composite(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const int64_t heads = call->attrs.i[0];
    const bool *wants = call->wants;
    neap_tensor *part[2], *gradient[3], *lengths = call->count > KEY_LENGTHS ? call->in[KEY_LENGTHS] : NULL;
    if (neap_chunk(call->in[KEYS_VALUES], 2, part, 2) != 0)
        return -1;
    neap_tensor *x[3] = {split_heads(call->in[QUERIES], heads), split_heads(part[0], heads), split_heads(part[1], heads)};
    if (neap_attention_composite(x, NULL, lengths, split_heads(g, heads),
                                 (bool[]){wants[QUERIES], wants[KEYS_VALUES], wants[KEYS_VALUES]}, gradient) != 0)
        return -1;
    if (wants[QUERIES])
        gx[QUERIES] = neap_reshape(gradient[0], call->shape);
    for (int i = 0; wants[KEYS_VALUES] && i < 2; i++)
        part[i] = neap_reshape(gradient[1 + i], neap_shape_of(part[i]));
    if (wants[KEYS_VALUES])
        gx[KEYS_VALUES] = neap_concat(part, 2, 2);
    return (!wants[QUERIES] || gx[QUERIES]) && (!wants[KEYS_VALUES] || gx[KEYS_VALUES]) ? 0 : -1;
}

/* Makes the gradients that are wanted. The kernel skips the others, and writes those of k and v into one tensor. */
static int make_gradients(const neap_call *call, neap_attention_args *args, neap_tensor **gx)
{
    for (int i = 0; i < 2; i++) {
        const neap_shape shape = call->in[i]->shape;
        if (!call->wants[i])
            continue;
        gx[i] = neap_size(call->out) ? neap_empty(call->dtype, shape) : neap_zeros(call->dtype, shape);
        if (!gx[i])
            return -1;
    }
    if (call->wants[QUERIES])
        args->gq = neap_attention_part(gx[QUERIES], 0, args);
    if (call->wants[KEYS_VALUES]) {
        args->gk = neap_attention_part(gx[KEYS_VALUES], 0, args);
        args->gv = neap_attention_part(gx[KEYS_VALUES], 1, args);
    }
    return 0;
}

int neap_cross_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attention_args args;
    if (neap_recording())
        return cross_composite(call, g, gx);
    neap_tensor *go = neap_tensor_pack(g);
    if (!go || cross_of(call, &args) != 0 || make_gradients(call, &args, gx) != 0)
        return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = neap_attention_part(go, 0, &args);
    return neap_size(call->out) ? call->kernels->attention_gradient(call->kernels, &args) : 0;
}

neap_tensor *neap_cross_attention(neap_tensor *q, neap_tensor *kv, neap_tensor *lengths, int heads)
{
    return neap_op_apply(NEAP_OP_cross_attention, (neap_tensor *[]){q, kv, lengths}, lengths || neap_failed() ? 3 : 2,
                         &(neap_attrs){.i = {heads}});
}
