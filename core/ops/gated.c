/* The gated residual that ends a block: residual + gate * x, a gate per sample. */
#include "ops/composite.h"

typedef struct gated_job {
    const neap_kernels *kernels;
    size_t size;
    int64_t n, group, gate_row;
    const char *residual, *gate, *x;
    char *y;
} gated_job;

/* Split at the ends of samples, since the kernel counts samples from its first row. */
static void gated_range(void *user, int64_t begin, int64_t end)
{
    const gated_job *job = user;
    while (begin < end) {
        const int64_t sample = begin / job->group, next = (sample + 1) * job->group;
        const int64_t stop = next < end ? next : end;
        const size_t at = (size_t)(begin * job->n) * job->size;
        job->kernels->gated_add(stop - begin, job->n, stop - begin, job->residual + at,
                                job->gate + sample * job->gate_row * (int64_t)job->size, 0, job->x + at, job->y + at);
        begin = stop;
    }
}

int neap_shape_gated_add(neap_call *call)
{
    const neap_shape shape = call->shape = call->in[0]->shape;
    if (shape.rank < 2 || !neap_shape_equal(call->in[2]->shape, shape) ||
        !neap_shape_equal(call->in[1]->shape, neap_dims(shape.dim[0], shape.dim[shape.rank - 1])))
        return neap_op_fail(call, "residual [B, .., D], gate [B, D], x [B, .., D]");
    return 0;
}

int neap_gated_add_forward(neap_call *call)
{
    const int64_t rows = neap_row_count(call->shape);
    neap_tensor *residual = neap_tensor_pack(call->in[0]), *x = neap_tensor_pack(call->in[2]);
    neap_tensor *gate = neap_pack_last(call->in[1]);
    if (!residual || !gate || !x)
        return -1;
    if (neap_size(call->out) == 0)
        return 0;
    gated_job job = {call->kernels, neap_dtype_size(call->dtype), call->shape.dim[call->shape.rank - 1],
                     rows / call->shape.dim[0], gate->stride[0], neap_tensor_bytes(residual), neap_tensor_bytes(gate),
                     neap_tensor_bytes(x), neap_tensor_bytes(call->out)};
    neap_parallel(rows, neap_row_grain(job.n), gated_range, &job);
    return 0;
}

int neap_gated_add_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    gx[0] = g;
    if (call->wants[1])
        gx[1] = neap_sum_samples(neap_mul(g, call->in[2]));
    if (call->wants[2])
        gx[2] = neap_mul(g, neap_per_sample(call->in[1], call->shape));
    return (call->wants[1] && !gx[1]) || (call->wants[2] && !gx[2]) ? -1 : 0;
}

neap_tensor *neap_gated_add(neap_tensor *residual, neap_tensor *gate, neap_tensor *x)
{
    return neap_apply3(NEAP_OP_gated_add, residual, gate, x, NULL);
}
