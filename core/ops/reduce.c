/* Reductions: sum, mean, max and variance over any axes. */
#include <string.h>

#include "ops/rules.h"

/* Elements in one unit of work: fixed, so that the order of a sum does not depend on the number of threads. */
#define UNIT 32768
#define LEAST_ROWS 32

typedef void reduce_fn(int64_t n, int64_t inner, const void *x, void *y);

/* Reduces x [outer, n, inner] by blocks of `block` along n, to y [outer, blocks, inner]. */
typedef struct fold_job {
    reduce_fn *kernel;
    int64_t n, inner, block, blocks;
    size_t size;
    const char *x;
    char *y;
} fold_job;

static void fold_units(void *user, int64_t begin, int64_t end)
{
    const fold_job *job = user;
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t outer = unit / job->blocks, first = unit % job->blocks * job->block;
        const int64_t rows = job->n - first < job->block ? job->n - first : job->block;
        const char *x = job->x + (size_t)((outer * job->n + first) * job->inner) * job->size;
        job->kernel(rows, job->inner, x, job->y + (size_t)(unit * job->inner) * job->size);
    }
}

/* y [outer, inner] from x [outer, n, inner]; a long n is reduced by blocks, and their results recursively. */
static int fold(reduce_fn *kernel, neap_dtype dtype, int64_t outer, int64_t n, int64_t inner, const void *x, void *y)
{
    const int64_t wanted = UNIT / (inner < 1 ? 1 : inner), block = wanted < LEAST_ROWS ? LEAST_ROWS : wanted;
    fold_job job = {kernel, n, inner, n < 1 ? 1 : n, 1, neap_dtype_size(dtype), x, y};
    neap_tensor *partial = NULL;
    if (n > 2 * block) {
        job.block = block;
        job.blocks = (n + block - 1) / block;
        partial = neap_empty(dtype, neap_dims(outer, job.blocks, inner));
        if (!partial)
            return -1;
        job.y = neap_tensor_bytes(partial);
    }
    neap_parallel(outer * job.blocks, neap_row_grain(job.block * inner), fold_units, &job);
    return partial ? fold(kernel, dtype, outer, job.blocks, inner, neap_tensor_bytes(partial), y) : 0;
}

/* Bit i: axis i is reduced. */
static unsigned reduced_axes(const neap_call *call)
{
    unsigned axes = 0;
    for (int i = 0; i < call->attrs.count; i++)
        axes |= 1u << call->attrs.list[i];
    return axes;
}

/* The input's shape with size 1 for each axis in `axes`. */
static neap_shape kept_shape(const neap_call *call, unsigned axes)
{
    neap_shape shape = call->in[0]->shape;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = axes >> i & 1 ? 1 : shape.dim[i];
    return shape;
}

static int64_t reduced_count(const neap_call *call)
{
    const neap_shape whole = call->in[0]->shape, kept = kept_shape(call, reduced_axes(call));
    int64_t count = 1;
    for (int i = 0; i < whole.rank; i++)
        count *= kept.dim[i] == 1 ? whole.dim[i] : 1;
    return count;
}

static int64_t product(const int64_t *dim, int begin, int end)
{
    int64_t size = 1;
    for (int i = begin; i < end; i++)
        size *= dim[i];
    return size;
}

/* Reduces groups of adjacent axes, the last group first; only the last step writes the output. */
static int reduce_groups(const neap_call *call, unsigned axes, reduce_fn *kernel)
{
    neap_shape shape = call->in[0]->shape;
    const void *x = neap_tensor_bytes(call->in[0]);
    for (int end = shape.rank; axes;) {
        while (!(axes >> (end - 1) & 1))
            end--;
        int begin = end;
        while (begin > 0 && axes >> (begin - 1) & 1)
            axes &= ~(1u << --begin);
        const int64_t n = product(shape.dim, begin, end);
        for (int i = begin; i < end; i++)
            shape.dim[i] = 1;
        neap_tensor *y = axes ? neap_empty(call->out->dtype, shape) : call->out;
        if (!y || fold(kernel, y->dtype, product(shape.dim, 0, begin), n, product(shape.dim, end, shape.rank), x,
                       neap_tensor_bytes(y)) != 0)
            return -1;
        x = neap_tensor_bytes(y);
    }
    return 0;
}

static int reduce_with(const neap_call *call, reduce_fn *kernel)
{
    const neap_shape shape = call->in[0]->shape;
    unsigned axes = reduced_axes(call);
    for (int i = 0; i < shape.rank; i++)
        axes &= ~((unsigned)(shape.dim[i] == 1) << i); /* nothing to reduce */
    if (axes)
        return reduce_groups(call, axes, kernel);
    memcpy(neap_tensor_bytes(call->out), neap_tensor_bytes(call->in[0]),
           (size_t)neap_size(call->out) * neap_dtype_size(call->out->dtype));
    return 0;
}

int neap_sum_forward(neap_call *call)
{
    return reduce_with(call, call->kernels->sum);
}

int neap_mean_forward(neap_call *call)
{
    if (reduce_with(call, call->kernels->sum) != 0)
        return -1;
    void *y = neap_tensor_bytes(call->out);
    call->kernels->unary[NEAP_K_affine](neap_size(call->out), y, y, 1.0 / (double)reduced_count(call), 0);
    return 0;
}

int neap_max_forward(neap_call *call)
{
    if (reduced_count(call) == 0 && neap_size(call->out) > 0)
        return neap_op_fail(call, "at least one element");
    return reduce_with(call, call->kernels->max);
}

/* Two passes: the mean of squared distances does not cancel for a large mean. */
int neap_variance_forward(neap_call *call)
{
    neap_attrs keep = call->attrs;
    keep.i[0] = 1;
    neap_tensor *distance = neap_sub(call->in[0], neap_apply1(NEAP_OP_mean, call->in[0], &keep));
    return neap_forward_put(call, neap_apply1(NEAP_OP_mean, neap_square(distance), &call->attrs));
}

/* g with the reduced axes inserted, of size 1. */
static neap_tensor *with_axes(const neap_call *call, neap_tensor *g)
{
    return neap_reshape(g, kept_shape(call, reduced_axes(call)));
}

int neap_sum_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    gx[0] = neap_expand(with_axes(call, g), call->in[0]->shape);
    return neap_has(gx[0]);
}

int neap_mean_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_sum_gradient(call, neap_affine(g, 1.0 / (double)reduced_count(call), 0), gx);
}

int neap_max_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attrs keep = call->attrs;
    keep.i[0] = 1;
    neap_tensor *hit = neap_cast(neap_eq(call->in[0], with_axes(call, call->out)), call->in[0]->dtype);
    neap_tensor *share = neap_div(with_axes(call, g), neap_apply1(NEAP_OP_sum, hit, &keep));
    gx[0] = neap_mul(hit, share);
    return neap_has(gx[0]);
}

int neap_variance_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attrs keep = call->attrs;
    keep.i[0] = 1;
    neap_tensor *distance = neap_sub(call->in[0], neap_apply1(NEAP_OP_mean, call->in[0], &keep));
    gx[0] = neap_mul(distance, with_axes(call, neap_affine(g, 2.0 / (double)reduced_count(call), 0)));
    return neap_has(gx[0]);
}

static neap_tensor *reduce(neap_op_id op, neap_tensor *x, const int *axes, int count, bool keep)
{
    neap_attrs attrs = {.count = count, .i = {keep}};
    if (count < 0 || count > NEAP_MAX_RANK)
        return neap_fail_null("%s: expected at most %d axes, got %d", neap_op_at((int)op)->name, NEAP_MAX_RANK, count);
    for (int i = 0; i < count; i++)
        attrs.list[i] = axes[i];
    return neap_apply1(op, x, &attrs);
}

neap_tensor *neap_sum(neap_tensor *x, const int *axes, int count, bool keep)
{
    return reduce(NEAP_OP_sum, x, axes, count, keep);
}

neap_tensor *neap_mean(neap_tensor *x, const int *axes, int count, bool keep)
{
    return reduce(NEAP_OP_mean, x, axes, count, keep);
}

neap_tensor *neap_max(neap_tensor *x, const int *axes, int count, bool keep)
{
    return reduce(NEAP_OP_max, x, axes, count, keep);
}

neap_tensor *neap_variance(neap_tensor *x, const int *axes, int count, bool keep)
{
    return reduce(NEAP_OP_variance, x, axes, count, keep);
}
