/* Normalisation over the last axis: plain, and modulated per sample. */
#include "ops/composite.h"

/* --- Rows over threads ------------------------------------------------------------------------------------------- */

typedef struct norm_job {
    const neap_kernels *kernels;
    neap_norm_args args; /* of all rows */
    size_t size;
    bool backward;
} norm_job;

static const void *forth(const void *p, int64_t elements, size_t size)
{
    return p ? (const char *)p + (size_t)elements * size : NULL;
}

static void *forth_to(void *p, int64_t elements, size_t size)
{
    return p ? (char *)p + (size_t)elements * size : NULL;
}

/* Rows [begin, end), which lie in one group or cover whole groups. */
static void norm_rows(const norm_job *job, int64_t begin, int64_t end)
{
    neap_norm_args args = job->args;
    const int64_t at = begin * args.n, group = begin / args.group;
    args.rows = end - begin;
    args.x = forth(args.x, at, job->size);
    args.y = forth_to(args.y, at, job->size);
    args.gy = forth(args.gy, at, job->size);
    args.gx = forth_to(args.gx, at, job->size);
    args.mean = forth_to(args.mean, begin, job->size);
    args.rstd = forth_to(args.rstd, begin, job->size);
    args.scale = forth(args.scale, group * args.scale_row, job->size);
    args.shift = forth(args.shift, group * args.shift_row, job->size);
    args.gscale = forth_to(args.gscale, group * args.n, job->size);
    args.gshift = forth_to(args.gshift, group * args.n, job->size);
    (job->backward ? job->kernels->norm_gradient : job->kernels->norm)(&args);
}

/* Any rows: split at the ends of groups, since the kernel counts groups from its first row. */
static void norm_range(void *user, int64_t begin, int64_t end)
{
    const norm_job *job = user;
    while (begin < end) {
        const int64_t next = (begin / job->args.group + 1) * job->args.group;
        const int64_t stop = next < end ? next : end;
        norm_rows(job, begin, stop);
        begin = stop;
    }
}

static void norm_groups(void *user, int64_t begin, int64_t end)
{
    const norm_job *job = user;
    norm_rows(job, begin * job->args.group, end * job->args.group);
}

/* One thread sums the rows of a group. */
static void run_norm(norm_job *job)
{
    const neap_norm_args *args = &job->args;
    const int64_t grain = neap_row_grain(args->n);
    if (args->rows == 0 || args->n == 0)
        return;
    if (args->gscale || args->gshift)
        neap_parallel(args->rows / args->group, 1 + (grain - 1) / args->group, norm_groups, job);
    else
        neap_parallel(args->rows, grain, norm_range, job);
}

static norm_job job_of(const neap_call *call, bool backward)
{
    const neap_shape shape = call->shape;
    norm_job job = {.kernels = call->kernels, .size = neap_dtype_size(call->dtype), .backward = backward};
    job.args = (neap_norm_args){.rows = neap_row_count(shape), .n = shape.dim[shape.rank - 1], .eps = call->attrs.f[0]};
    job.args.group = job.args.rows > 0 ? job.args.rows : 1;
    job.args.mean = call->aux[0] ? neap_tensor_bytes(call->aux[0]) : NULL;
    job.args.rstd = call->aux[1] ? neap_tensor_bytes(call->aux[1]) : NULL;
    return job;
}

static int make_statistics(neap_call *call)
{
    for (int i = 0; i < 2; i++)
        if (!(call->aux[i] = neap_empty(call->dtype, neap_dims(neap_row_count(call->shape)))))
            return -1;
    return 0;
}

/* --- In ops, for gradients that are differentiated in turn ------------------------------------------------------- */

static neap_tensor *row_mean(neap_tensor *x)
{
    return neap_mean(x, (int[]){-1}, 1, true);
}

/* x with mean 0 (unless rms) and variance 1, and one over its deviation. */
static neap_tensor *normalised(neap_tensor *x, bool rms, double eps, neap_tensor **rstd)
{
    neap_tensor *distance = rms ? x : neap_sub(x, row_mean(x));
    *rstd = neap_rsqrt(neap_affine(row_mean(neap_square(distance)), 1, eps));
    return neap_mul(distance, *rstd);
}

/* The gradient at the normalised rows, taken back to x: without its components along 1 and along the rows. */
static neap_tensor *norm_backward(neap_tensor *g, neap_tensor *y, neap_tensor *rstd, bool rms)
{
    neap_tensor *rest = neap_sub(g, neap_mul(y, row_mean(neap_mul(g, y))));
    return neap_mul(rstd, rms ? rest : neap_sub(rest, row_mean(g)));
}

/* --- layer_norm and rms_norm ------------------------------------------------------------------------------------- */

static int plain_forward(neap_call *call, bool rms)
{
    if (call->shape.rank == 0)
        return neap_op_fail(call, "at least one axis");
    if (make_statistics(call) != 0)
        return -1;
    norm_job job = job_of(call, false);
    job.args.rms = rms;
    job.args.x = neap_tensor_bytes(call->in[0]);
    job.args.y = neap_tensor_bytes(call->out);
    run_norm(&job);
    return 0;
}

static neap_tensor *plain_fused(const neap_call *call, neap_tensor *g, bool rms)
{
    neap_tensor *gy = neap_tensor_pack(g), *gx = neap_empty(call->dtype, call->shape);
    if (!gy || !gx)
        return NULL;
    norm_job job = job_of(call, true);
    job.args.rms = rms;
    job.args.x = neap_tensor_bytes(call->in[0]);
    job.args.gy = neap_tensor_bytes(gy);
    job.args.gx = neap_tensor_bytes(gx);
    run_norm(&job);
    return gx;
}

static neap_tensor *plain_gradient(const neap_call *call, neap_tensor *g, bool rms)
{
    if (!neap_recording())
        return plain_fused(call, g, rms);
    neap_tensor *rstd, *y = normalised(call->in[0], rms, call->attrs.f[0], &rstd);
    return norm_backward(g, y, rstd, rms);
}

int neap_layer_norm_forward(neap_call *call)
{
    return plain_forward(call, false);
}

int neap_layer_norm_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = plain_gradient(call, g, false));
}

int neap_rms_norm_forward(neap_call *call)
{
    return plain_forward(call, true);
}

int neap_rms_norm_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = plain_gradient(call, g, true));
}

neap_tensor *neap_layer_norm(neap_tensor *x, double eps)
{
    return neap_apply1(NEAP_OP_layer_norm, x, &(neap_attrs){.f = {eps}});
}

neap_tensor *neap_rms_norm(neap_tensor *x, double eps)
{
    return neap_apply1(NEAP_OP_rms_norm, x, &(neap_attrs){.f = {eps}});
}

/* --- modulated_norm ---------------------------------------------------------------------------------------------- */

static bool is_per_sample(const neap_tensor *v, neap_shape x)
{
    return x.rank >= 2 && neap_shape_equal(v->shape, neap_dims(x.dim[0], x.dim[x.rank - 1]));
}

int neap_shape_modulated(neap_call *call)
{
    call->shape = call->in[0]->shape;
    if (!is_per_sample(call->in[1], call->shape) || !is_per_sample(call->in[2], call->shape))
        return neap_op_fail(call, "x [B, .., D], shift and scale [B, D]");
    return 0;
}

static int64_t rows_a_sample(neap_shape shape)
{
    const int64_t rows = neap_row_count(shape);
    return rows > 0 ? rows / shape.dim[0] : 1;
}

int neap_modulated_norm_forward(neap_call *call)
{
    neap_tensor *x = neap_tensor_pack(call->in[0]);
    neap_tensor *shift = neap_pack_last(call->in[1]), *scale = neap_pack_last(call->in[2]);
    if (!x || !shift || !scale || make_statistics(call) != 0)
        return -1;
    norm_job job = job_of(call, false);
    job.args.group = rows_a_sample(call->shape);
    job.args.x = neap_tensor_bytes(x);
    job.args.y = neap_tensor_bytes(call->out);
    job.args.shift = neap_tensor_bytes(shift);
    job.args.shift_row = shift->stride[0];
    job.args.scale = neap_tensor_bytes(scale);
    job.args.scale_row = scale->stride[0];
    run_norm(&job);
    return 0;
}

static int modulated_composite(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *rstd, *y = normalised(call->in[0], false, call->attrs.f[0], &rstd);
    neap_tensor *scale = neap_per_sample(neap_affine(call->in[2], 1, 1), call->shape);
    gx[0] = norm_backward(neap_mul(g, scale), y, rstd, false);
    gx[1] = neap_sum_samples(g);
    gx[2] = neap_sum_samples(neap_mul(g, y));
    return gx[0] && gx[1] && gx[2] ? 0 : -1;
}

/* The kernel skips groups without rows, so their sums are set to zero before. */
static neap_tensor *place(const neap_call *call, int input)
{
    const neap_shape shape = call->in[input]->shape;
    if (!call->wants[input])
        return NULL;
    return neap_size(call->out) ? neap_empty(call->dtype, shape) : neap_zeros(call->dtype, shape);
}

static void *bytes_or_null(const neap_tensor *x)
{
    return x ? neap_tensor_bytes(x) : NULL;
}

int neap_modulated_norm_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    if (neap_recording())
        return modulated_composite(call, g, gx);
    neap_tensor *x = neap_tensor_pack(call->in[0]), *gy = neap_tensor_pack(g), *scale = neap_pack_last(call->in[2]);
    if (!x || !gy || !scale)
        return -1;
    for (int i = 0; i < 3; i++)
        if (!(gx[i] = place(call, i)) && call->wants[i])
            return -1;
    norm_job job = job_of(call, true);
    job.args.group = rows_a_sample(call->shape);
    job.args.x = neap_tensor_bytes(x);
    job.args.gy = neap_tensor_bytes(gy);
    job.args.scale = neap_tensor_bytes(scale);
    job.args.scale_row = scale->stride[0];
    job.args.gx = bytes_or_null(gx[0]);
    job.args.gshift = bytes_or_null(gx[1]);
    job.args.gscale = bytes_or_null(gx[2]);
    run_norm(&job);
    return 0;
}

neap_tensor *neap_modulated_norm(neap_tensor *x, neap_tensor *shift, neap_tensor *scale, double eps)
{
    return neap_apply3(NEAP_OP_modulated_norm, x, shift, scale, &(neap_attrs){.f = {eps}});
}
