/* The matrix product, and the precision of products. */
#include <stdatomic.h>

#include "ops/composite.h"

static _Atomic neap_dtype precision = NEAP_F32;

neap_dtype neap_precision_set(neap_dtype dtype)
{
    return dtype == NEAP_F32 || dtype == NEAP_BF16 ? atomic_exchange(&precision, dtype) : neap_precision();
}

neap_dtype neap_precision(void)
{
    return atomic_load(&precision);
}

/* The shape of op(x)'s last two axes, and the axes before them. */
static void last_two(const neap_tensor *x, bool transpose, int64_t *rows, int64_t *columns)
{
    const int rank = x->shape.rank;
    *rows = x->shape.dim[rank - (transpose ? 1 : 2)];
    *columns = x->shape.dim[rank - (transpose ? 2 : 1)];
}

int neap_shape_matmul(neap_call *call)
{
    const neap_tensor *a = call->in[0], *b = call->in[1];
    neap_shape left = a->shape, right = b->shape;
    int64_t m = 0, n = 0, k = 0, inner = -1;
    if (left.rank >= 2 && right.rank >= 2) {
        last_two(a, call->attrs.i[0] != 0, &m, &k);
        last_two(b, call->attrs.i[1] != 0, &inner, &n);
    }
    if (k != inner)
        return neap_op_fail(call, "[.., m, k] by [.., k, n] (after transposing)");
    left.rank -= 2;
    right.rank -= 2;
    if (neap_broadcast_shapes("matmul", left, right, &call->shape) != 0)
        return -1;
    call->shape.dim[call->shape.rank++] = m;
    call->shape.dim[call->shape.rank++] = n;
    return 0;
}

/* Leading axes; those with uniform strides are merged. */
typedef struct batch_axes {
    int count;
    int64_t dim[NEAP_MAX_RANK], a[NEAP_MAX_RANK], b[NEAP_MAX_RANK];
} batch_axes;

/* Stride along axis `axis` of the output, of rank `rank`; 0 for a broadcast axis. */
static int64_t stride_at(const neap_tensor *x, int rank, int axis)
{
    const int at = axis - (rank - x->shape.rank);
    return at < 0 || x->shape.dim[at] == 1 ? 0 : x->stride[at];
}

static batch_axes batch_of(const neap_call *call)
{
    batch_axes batch = {0};
    const int rank = call->shape.rank;
    for (int i = 0; i < rank - 2; i++) {
        const int64_t dim = call->shape.dim[i];
        const int64_t a = stride_at(call->in[0], rank, i), b = stride_at(call->in[1], rank, i);
        int last = batch.count - 1;
        if (dim == 1)
            continue;
        if (last >= 0 && batch.a[last] == a * dim && batch.b[last] == b * dim)
            batch.dim[last] *= dim;
        else
            batch.dim[last = batch.count++] = dim;
        batch.a[last] = a;
        batch.b[last] = b;
    }
    return batch;
}

static neap_gemm gemm_of(const neap_call *call)
{
    const neap_tensor *a = call->in[0], *b = call->in[1];
    const int ta = call->attrs.i[0] != 0, tb = call->attrs.i[1] != 0;
    const int64_t *as = a->stride + a->shape.rank - 2, *bs = b->stride + b->shape.rank - 2;
    neap_gemm gemm = {.a = neap_tensor_bytes(a), .a_row = as[ta], .a_col = as[!ta],
                      .b = neap_tensor_bytes(b), .b_row = bs[tb], .b_col = bs[!tb],
                      .c = neap_tensor_bytes(call->out), .bf16 = neap_precision() == NEAP_BF16};
    last_two(a, ta, &gemm.m, &gemm.k);
    last_two(b, tb, &gemm.k, &gemm.n);
    gemm.c_row = gemm.n;
    return gemm;
}

/* One matrix b for a whole batch: the batch becomes rows of a. */
static void fold_rows(neap_gemm *gemm, batch_axes *batch)
{
    const int last = batch->count - 1;
    if (last < 0 || batch->b[last] != 0 || batch->a[last] != gemm->m * gemm->a_row)
        return;
    gemm->m *= batch->dim[last];
    batch->count--;
}

/* The last batch axis in one call of the kernel, those before it by index. */
static int run_batches(const neap_call *call, neap_gemm gemm, const batch_axes *batch)
{
    const int last = batch->count - 1;
    const size_t size = neap_dtype_size(call->dtype);
    const neap_gemm first = gemm;
    int64_t outer = 1;
    for (int i = 0; i < last; i++)
        outer *= batch->dim[i];
    for (int64_t o = 0; o < outer; o++) {
        int64_t a = 0, b = 0, rest = o;
        for (int i = last - 1; i >= 0; rest /= batch->dim[i], i--) {
            a += rest % batch->dim[i] * batch->a[i];
            b += rest % batch->dim[i] * batch->b[i];
        }
        gemm.a = (const char *)first.a + a * (int64_t)size;
        gemm.b = (const char *)first.b + b * (int64_t)size;
        gemm.c = (char *)first.c + (size_t)(o * batch->dim[last] * gemm.m * gemm.n) * size;
        if (call->kernels->gemm_batch(call->kernels, &gemm, batch->dim[last], batch->a[last], batch->b[last], gemm.m * gemm.n) != 0)
            return -1;
    }
    return 0;
}

int neap_matmul_forward(neap_call *call)
{
    if (neap_size(call->out) == 0)
        return 0;
    neap_gemm gemm = gemm_of(call);
    batch_axes batch = batch_of(call);
    fold_rows(&gemm, &batch);
    return batch.count ? run_batches(call, gemm, &batch) : call->kernels->gemm(call->kernels, &gemm);
}

/* The gradient of a matrix b that a batch shares is one product over all rows, in place of a sum of products. */
static neap_tensor *shared_b_gradient(neap_tensor *a, neap_tensor *g, bool transpose_b)
{
    a = neap_as_rows(a);
    g = neap_as_rows(g);
    return transpose_b ? neap_matmul_t(g, a, true, false) : neap_matmul_t(a, g, true, false);
}

static neap_tensor *b_gradient(neap_tensor *a, neap_tensor *b, neap_tensor *g, bool ta, bool tb)
{
    if (b->shape.rank == 2 && a->shape.rank > 2 && !ta)
        return shared_b_gradient(a, g, tb);
    return neap_sum_to(tb ? neap_matmul_t(g, a, true, ta) : neap_matmul_t(a, g, !ta, false), b->shape);
}

int neap_matmul_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *a = call->in[0], *b = call->in[1];
    const bool ta = call->attrs.i[0] != 0, tb = call->attrs.i[1] != 0;
    if (call->wants[0])
        gx[0] = neap_sum_to(ta ? neap_matmul_t(b, g, tb, true) : neap_matmul_t(g, b, false, !tb), a->shape);
    if (call->wants[1])
        gx[1] = b_gradient(a, b, g, ta, tb);
    return (call->wants[0] && !gx[0]) || (call->wants[1] && !gx[1]) ? -1 : 0;
}

neap_tensor *neap_matmul_t(neap_tensor *a, neap_tensor *b, bool transpose_a, bool transpose_b)
{
    return neap_apply2(NEAP_OP_matmul, a, b, &(neap_attrs){.i = {transpose_a, transpose_b}});
}

neap_tensor *neap_matmul(neap_tensor *a, neap_tensor *b)
{
    return neap_matmul_t(a, b, false, false);
}
