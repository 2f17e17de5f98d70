/* Attention over the tokens of two products, which the kernel reads in place. */
#include "ops/attention.h"

enum { A, B, LENGTHS };

/* The sizes of one call. */
typedef struct joint {
    int64_t batch, n, m, width, heads;
    bool queries; /* the tokens of b are queries, too */
} joint;

static joint sizes_of(const neap_call *call)
{
    const neap_shape a = call->in[A]->shape, b = call->in[B]->shape;
    return (joint){.batch = a.dim[0], .n = a.dim[1], .m = b.dim[1], .width = a.dim[2] / 3, .heads = call->attrs.i[0],
                   .queries = b.dim[2] == a.dim[2]};
}

int neap_shape_joint_attention(neap_call *call)
{
    const neap_tensor *a = call->in[A], *b = call->in[B];
    if (call->attrs.i[0] < 1)
        return neap_fail("joint_attention: heads: expected 1 or more, got %lld", (long long)call->attrs.i[0]);
    bool fits = neap_is_real(a) && a->dtype == b->dtype && a->shape.rank == 3 && b->shape.rank == 3;
    fits = fits && a->shape.dim[0] == b->shape.dim[0] && a->shape.dim[1] >= 1 && b->shape.dim[1] >= 1 && a->shape.dim[2] >= 1;
    const joint j = fits ? sizes_of(call) : (joint){0};
    if (!fits || a->shape.dim[2] % 3 || j.width % j.heads || !(j.queries || b->shape.dim[2] == 2 * j.width) ||
        !neap_attention_fits_lengths(call, LENGTHS))
        return neap_op_fail(call, "[B, N, 3 heads d], [B, M, 3 heads d] or [B, M, 2 heads d], of one dtype, f32 or f64, N, M "
                                  "and d from 1, and lengths i32 [B] or none");
    call->shape = j.queries ? neap_dims(j.batch * (j.n + j.m), j.width) : neap_dims(j.batch, j.n, j.width);
    return 0;
}

/* --- Arguments of the kernel ------------------------------------------------------------------------------------- */

/* A part of both products: `first` of the first product, `second` of the second. */
static neap_attention_view part_of_both(const neap_tensor *a, int64_t first, const neap_tensor *b, int64_t second,
                                        const neap_attention_args *args)
{
    neap_attention_view view = neap_attention_part(a, first, args);
    const neap_attention_view rest = neap_attention_part(b, second, args);
    view.split = a->shape.dim[1];
    view.rest = rest.data;
    view.rest_batch = rest.batch;
    view.rest_token = rest.token;
    return view;
}

/* Queries of both products, or of the first alone. */
static neap_attention_view queries_of(const joint *j, const neap_tensor *a, const neap_tensor *b, const neap_attention_args *args)
{
    return j->queries ? part_of_both(a, 0, b, 0, args) : neap_attention_part(a, 0, args);
}

/* The output or its gradient: [B (N + M), H d], or [B, N, H d]. */
static neap_attention_view output_of(const joint *j, const neap_tensor *y)
{
    char *data = neap_tensor_bytes(y);
    neap_attention_view view = {.data = data, .batch = j->n * j->width, .token = j->width, .head = j->width / j->heads};
    if (j->queries) {
        view.split = j->n;
        view.rest = data + (size_t)(j->batch * j->n * j->width) * neap_dtype_size(y->dtype);
        view.rest_batch = j->m * j->width;
        view.rest_token = j->width;
    }
    return view;
}

/* The number of keys of each row, i32 [B]. Sets *lengths to it, or leaves it without the input. */
static int key_lengths(const neap_call *call, const joint *j, const int32_t **lengths)
{
    const int32_t *given = NULL;
    if (neap_attention_lengths(call, LENGTHS, j->m, &given) < 0)
        return -1;
    neap_tensor *sum = given ? neap_empty(NEAP_I32, neap_dims(j->batch)) : NULL;
    if (given && !sum)
        return -1;
    for (int64_t i = 0; sum && i < j->batch; i++)
        ((int32_t *)neap_tensor_bytes(sum))[i] = (int32_t)j->n + given[i];
    *lengths = sum ? neap_tensor_bytes(sum) : NULL;
    return 0;
}

static int arguments_of(const neap_call *call, const joint *j, neap_attention_args *args)
{
    const neap_tensor *a = call->in[A], *b = call->in[B];
    *args = neap_attention_sizes(j->batch, j->heads, j->queries ? j->n + j->m : j->n, j->n + j->m, j->width / j->heads);
    args->q = queries_of(j, a, b, args);
    args->k = part_of_both(a, 1, b, j->queries, args);
    args->v = part_of_both(a, 2, b, j->queries + 1, args);
    args->o = output_of(j, call->out);
    if (key_lengths(call, j, &args->key_lengths) < 0)
        return -1;
    args->query_lengths = j->queries ? args->key_lengths : NULL;
    return 0;
}

int neap_joint_attention_forward(neap_call *call)
{
    const joint j = sizes_of(call);
    neap_attention_args args;
    return arguments_of(call, &j, &args) == 0 ? neap_attention_run(call, &args) : -1;
}

/* --- The gradient in ops ----------------------------------------------------------------------------------------- */

/* i32 [B]: the keys of each row; NULL without lengths. */
static neap_tensor *lengths_of_both(const neap_call *call, const joint *j)
{
    if (call->count <= LENGTHS)
        return NULL;
    return neap_cast(neap_affine(neap_cast(call->in[LENGTHS], NEAP_F64), 1, (double)j->n), NEAP_I32);
}

/* Gradients of parts, [B, N + M, H, d] or [B, N, H, d], as that of one product: tokens [from, to) of the last `count` parts. */
static neap_tensor *product_of(neap_tensor *const *g, int count, int64_t from, int64_t to, int64_t width)
{
    neap_tensor *part[3];
    for (int i = 0; i < count; i++) {
        part[i] = neap_slice(g[3 - count + i], 1, from, to);
        part[i] = part[i] ? neap_reshape(part[i], neap_dims(part[i]->shape.dim[0], to - from, width)) : NULL;
    }
    return neap_concat(part, count, 2);
}

/* The rows of a and those of b as [B, N + M, H d]. */
static neap_tensor *joined_output(const joint *j, neap_tensor *g)
{
    const int64_t rows = j->batch * j->n;
    if (!g || !j->queries)
        return g;
    neap_tensor *a = neap_reshape(neap_slice(g, 0, 0, rows), neap_dims(j->batch, j->n, j->width));
    neap_tensor *b = neap_reshape(neap_slice(g, 0, rows, rows + j->batch * j->m), neap_dims(j->batch, j->m, j->width));
    return neap_concat((neap_tensor *[]){a, b}, 2, 1);
}

static neap_tensor *split_heads(const joint *j, neap_tensor *x)
{
    return x ? neap_reshape(x, neap_dims(j->batch, x->shape.dim[1], j->heads, j->width / j->heads)) : NULL;
}

static int composite(const neap_call *call, const joint *j, neap_tensor *g, neap_tensor **gx)
{
    const int parts = j->queries ? 3 : 2;
    neap_tensor *a[3], *b[3] = {NULL}, *x[3], *part[3], *lengths = lengths_of_both(call, j);
    if ((!lengths && call->count > LENGTHS) || neap_chunk(call->in[A], 3, a, 2) != 0 ||
        neap_chunk(call->in[B], parts, b + 3 - parts, 2) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        x[i] = split_heads(j, b[i] ? neap_concat((neap_tensor *[]){a[i], b[i]}, 2, 1) : a[i]);
    g = split_heads(j, joined_output(j, g));
    if (neap_attention_composite(x, j->queries ? lengths : NULL, lengths, g, (bool[]){true, true, true}, part) != 0)
        return -1;
    gx[A] = product_of(part, 3, 0, j->n, j->width);
    gx[B] = product_of(part, parts, j->n, j->n + j->m, j->width);
    return gx[A] && gx[B] ? 0 : -1;
}

/* --- The gradient by the kernel ---------------------------------------------------------------------------------- */

int neap_joint_attention_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const joint j = sizes_of(call);
    neap_attention_args args;
    if (neap_recording())
        return composite(call, &j, g, gx);
    neap_tensor *go = neap_tensor_pack(g);
    gx[A] = neap_empty(call->dtype, call->in[A]->shape);
    gx[B] = neap_empty(call->dtype, call->in[B]->shape);
    if (!go || !gx[A] || !gx[B] || arguments_of(call, &j, &args) != 0)
        return -1;
    args.lse = neap_tensor_bytes(call->aux[0]);
    args.go = output_of(&j, go);
    args.gq = queries_of(&j, gx[A], gx[B], &args);
    args.gk = part_of_both(gx[A], 1, gx[B], j.queries, &args);
    args.gv = part_of_both(gx[A], 2, gx[B], j.queries + 1, &args);
    return neap_size(call->out) ? call->kernels->attention_gradient(call->kernels, &args) : 0;
}

neap_tensor *neap_joint_attention(neap_tensor *a, neap_tensor *b, neap_tensor *lengths, int heads)
{
    return neap_op_apply(NEAP_OP_joint_attention, (neap_tensor *[]){a, b, lengths}, lengths || neap_failed() ? 3 : 2,
                         &(neap_attrs){.i = {heads}});
}
