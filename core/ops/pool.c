/* Max pooling: the index of the largest element of each window, and a gather at these indices. */
#include <math.h>

#include "ops/rules.h"

enum { KERNEL, STRIDE, PADDING }; /* of attrs.i */

/* Padding up to half of the kernel, so that every window has an element. */
int neap_shape_max_pool_index(neap_call *call)
{
    const neap_attrs *a = &call->attrs;
    const neap_shape x = call->in[0]->shape;
    if (a->i[KERNEL] < 1 || a->i[KERNEL] > INT32_MAX || a->i[STRIDE] < 1 || a->i[STRIDE] > INT32_MAX || a->i[PADDING] < 0 ||
        a->i[PADDING] > a->i[KERNEL] / 2)
        return neap_fail("max_pool_index: expected a kernel and a stride from 1 and padding up to half the kernel, got "
                         "%lld, %lld and %lld", (long long)a->i[KERNEL], (long long)a->i[STRIDE], (long long)a->i[PADDING]);
    call->shape = x;
    call->dtype = NEAP_I32;
    for (int axis = 1; x.rank == 4 && axis <= 2; axis++)
        call->shape.dim[axis] = neap_window_count(x.dim[axis], a->i[KERNEL], a->i[STRIDE], a->i[PADDING]);
    if (x.rank != 4 || x.dim[1] < 1 || x.dim[2] < 1 || call->shape.dim[1] < 1 || call->shape.dim[2] < 1 ||
        x.dim[1] > INT32_MAX / x.dim[2])
        return neap_op_fail(call, "x [B, rows, columns, C] no smaller than the kernel");
    return 0;
}

typedef struct pool_job {
    const neap_attrs *a;
    neap_shape x, y;
    size_t size;
    const char *data;
    int32_t *index;
} pool_job;

static double value_at(const pool_job *job, int64_t element)
{
    const char *p = job->data + (size_t)element * job->size;
    return job->size == sizeof(float) ? (double)*(const float *)(const void *)p : *(const double *)(const void *)p;
}

/* The first maximum of one channel of one window; NaN counts as the largest. */
static int32_t largest(const pool_job *job, int64_t image, int64_t i, int64_t j, int64_t channel)
{
    const int64_t rows = job->x.dim[1], columns = job->x.dim[2], top = i * job->a->i[STRIDE] - job->a->i[PADDING];
    const int64_t left = j * job->a->i[STRIDE] - job->a->i[PADDING], kernel = job->a->i[KERNEL];
    double most = -INFINITY;
    int32_t place = -1;
    for (int64_t row = top < 0 ? 0 : top; row < top + kernel && row < rows; row++)
        for (int64_t column = left < 0 ? 0 : left; column < left + kernel && column < columns; column++) {
            const double v = value_at(job, ((image * rows + row) * columns + column) * job->x.dim[3] + channel);
            if (place < 0 || v > most || (isnan(v) && !isnan(most))) {
                most = v;
                place = (int32_t)(row * columns + column);
            }
        }
    return place;
}

static void pool_rows(void *user, int64_t begin, int64_t end)
{
    const pool_job *job = user;
    const int64_t columns = job->y.dim[2], channels = job->y.dim[3];
    for (int64_t line = begin; line < end; line++)
        for (int64_t k = 0; k < columns * channels; k++)
            job->index[line * columns * channels + k] =
                largest(job, line / job->y.dim[1], line % job->y.dim[1], k / channels, k % channels);
}

int neap_max_pool_index_forward(neap_call *call)
{
    pool_job job = {&call->attrs, call->in[0]->shape, call->shape, neap_dtype_size(call->in[0]->dtype),
                    neap_tensor_bytes(call->in[0]), neap_tensor_bytes(call->out)};
    if (neap_size(call->out) > 0)
        neap_parallel(call->shape.dim[0] * call->shape.dim[1],
                      neap_row_grain(call->shape.dim[2] * call->shape.dim[3]), pool_rows, &job);
    return 0;
}

neap_tensor *neap_max_pool(neap_tensor *x, int64_t kernel, int64_t stride, int64_t padding)
{
    neap_tensor *index = neap_apply1(NEAP_OP_max_pool_index, x, &(neap_attrs){.i = {kernel, stride, padding}});
    if (!index)
        return NULL;
    const neap_shape y = index->shape, s = x->shape;
    neap_tensor *flat = neap_reshape(x, neap_dims(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    index = neap_reshape(index, neap_dims(y.dim[0], y.dim[1] * y.dim[2], y.dim[3]));
    return neap_reshape(neap_gather(flat, index, 1), y);
}
