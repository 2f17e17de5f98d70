/* Softmax and its logarithm along an axis. */
#include "ops/rules.h"

typedef void forward_fn(int64_t rows, int64_t n, const void *x, void *y);
typedef void gradient_fn(int64_t rows, int64_t n, const void *y, const void *gy, void *gx);

/* Rows of n: of y from x, or of gx from y and gy. */
typedef struct row_job {
    forward_fn *forward;
    gradient_fn *gradient;
    int64_t n;
    size_t size;
    const char *x, *gy;
    char *y;
} row_job;

static void run_rows(void *user, int64_t begin, int64_t end)
{
    const row_job *job = user;
    const size_t at = (size_t)(begin * job->n) * job->size;
    if (job->forward)
        job->forward(end - begin, job->n, job->x + at, job->y + at);
    else
        job->gradient(end - begin, job->n, job->x + at, job->gy + at, job->y + at);
}

static void split_rows(row_job *job, const neap_tensor *y)
{
    job->n = y->shape.dim[y->shape.rank - 1];
    job->size = neap_dtype_size(y->dtype);
    if (neap_size(y) > 0)
        neap_parallel(neap_row_count(y->shape), neap_row_grain(job->n), run_rows, job);
}

int neap_shape_axis(neap_call *call)
{
    call->shape = call->in[0]->shape;
    return neap_axis_check(call->op->info.name, &call->attrs.i[0], call->shape.rank);
}

/* The axis swapped with the last one: its own inverse. */
static neap_tensor *swap_last(neap_tensor *x, int axis)
{
    int axes[NEAP_MAX_RANK];
    if (!x || axis == x->shape.rank - 1)
        return x;
    for (int i = 0; i < x->shape.rank; i++)
        axes[i] = i;
    axes[axis] = x->shape.rank - 1;
    axes[x->shape.rank - 1] = axis;
    return neap_permute(x, axes);
}

static int along_axis(neap_call *call, forward_fn *kernel)
{
    const int axis = (int)call->attrs.i[0];
    const bool last = axis == call->shape.rank - 1;
    neap_tensor *x = neap_tensor_pack(swap_last(call->in[0], axis));
    neap_tensor *y = last || !x ? call->out : neap_empty(call->dtype, x->shape);
    if (!x || !y)
        return -1;
    row_job job = {.forward = kernel, .x = neap_tensor_bytes(x), .y = neap_tensor_bytes(y)};
    split_rows(&job, y);
    return last ? 0 : neap_forward_put(call, swap_last(y, axis));
}

int neap_softmax_forward(neap_call *call)
{
    return along_axis(call, call->kernels->softmax);
}

int neap_log_softmax_forward(neap_call *call)
{
    return along_axis(call, call->kernels->log_softmax);
}

/* One pass over the rows: for the last axis, unless the gradient is differentiated in turn. */
static bool can_fuse(const neap_call *call)
{
    return !neap_recording() && call->attrs.i[0] == call->shape.rank - 1;
}

static neap_tensor *fused(const neap_call *call, gradient_fn *kernel, neap_tensor *g)
{
    neap_tensor *gy = neap_tensor_pack(g), *gx = neap_empty(call->dtype, call->shape);
    if (!gy || !gx)
        return NULL;
    row_job job = {.gradient = kernel, .x = neap_tensor_bytes(call->out), .gy = neap_tensor_bytes(gy),
                   .y = neap_tensor_bytes(gx)};
    split_rows(&job, gx);
    return gx;
}

static neap_tensor *sum_along(const neap_call *call, neap_tensor *x)
{
    return neap_sum(x, (int[]){(int)call->attrs.i[0]}, 1, true);
}

int neap_softmax_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (can_fuse(call))
        return neap_has(gx[0] = fused(call, call->kernels->softmax_gradient, g));
    neap_tensor *y = call->out;
    gx[0] = neap_mul(y, neap_sub(g, sum_along(call, neap_mul(g, y))));
    return neap_has(gx[0]);
}

int neap_log_softmax_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (can_fuse(call))
        return neap_has(gx[0] = fused(call, call->kernels->log_softmax_gradient, g));
    gx[0] = neap_sub(g, neap_mul(neap_exp(call->out), sum_along(call, g)));
    return neap_has(gx[0]);
}

neap_tensor *neap_softmax(neap_tensor *x, int axis)
{
    return neap_apply1(NEAP_OP_softmax, x, &(neap_attrs){.i = {axis}});
}

neap_tensor *neap_log_softmax(neap_tensor *x, int axis)
{
    return neap_apply1(NEAP_OP_log_softmax, x, &(neap_attrs){.i = {axis}});
}
