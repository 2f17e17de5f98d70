/* Copies between strided views, and conversions between dtypes. */
#include <string.h>

#include <neap/error.h>
#include <neap/parallel.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

/* Rows of the last axis, by the index of the outer axes. */
typedef struct copy_job {
    neap_shape outer;
    int64_t row, y_step, x_step;
    const int64_t *y_stride, *x_stride;
    char *y;
    const char *x;
    size_t size;
} copy_job;

#define COPY_LOOP(type)                                                                                             \
    for (int64_t i = 0; i < n; i++)                                                                                 \
    ((type *)y)[i * ys] = ((const type *)x)[i * xs]

static void copy_row(int64_t n, size_t size, char *y, int64_t ys, const char *x, int64_t xs)
{
    if (ys == 1 && xs == 1)
        memcpy(y, x, (size_t)n * size);
    else if (size == 1)
        COPY_LOOP(uint8_t);
    else if (size == 2)
        COPY_LOOP(uint16_t);
    else if (size == 4)
        COPY_LOOP(uint32_t);
    else
        COPY_LOOP(uint64_t);
}

static void copy_rows(void *user, int64_t begin, int64_t end)
{
    const copy_job *job = user;
    for (int64_t row = begin; row < end; row++) {
        int64_t rest = row, y = 0, x = 0;
        for (int i = job->outer.rank - 1; i >= 0; i--) {
            int64_t index = rest % job->outer.dim[i];
            rest /= job->outer.dim[i];
            y += index * job->y_stride[i];
            x += index * job->x_stride[i];
        }
        copy_row(job->row, job->size, job->y + y * (int64_t)job->size, job->y_step, job->x + x * (int64_t)job->size,
                 job->x_step);
    }
}

void neap_tensor_copy(neap_tensor *y, const neap_tensor *x)
{
    size_t size = neap_dtype_size(x->dtype);
    if (neap_size(x) == 0)
        return;
    if (neap_is_contiguous(x) && neap_is_contiguous(y)) {
        memcpy(neap_tensor_bytes(y), neap_tensor_bytes(x), (size_t)neap_size(x) * size);
        return;
    }
    int last = x->shape.rank - 1;
    copy_job job = {x->shape, x->shape.dim[last], y->stride[last], x->stride[last], y->stride, x->stride,
                    neap_tensor_bytes(y), neap_tensor_bytes(x), size};
    job.outer.rank = last;
    int64_t rows = neap_shape_size(job.outer);
    neap_parallel(rows, 1 + 65536 / (1 + job.row), copy_rows, &job);
}

neap_tensor *neap_tensor_pack(neap_tensor *x)
{
    if (!x || neap_is_contiguous(x))
        return x;
    neap_tensor *packed = neap_empty(x->dtype, x->shape);
    if (!packed)
        return NULL;
    neap_tensor_copy(packed, x);
    packed->node = neap_node_keep(x->node);
    return packed;
}

static bool is_real(neap_dtype dtype)
{
    return dtype == NEAP_F32 || dtype == NEAP_F64;
}

/* Integers and bf16 are converted through double, which represents all of them. */
static void convert_by_double(int64_t n, neap_dtype from, const char *x, neap_dtype to, char *y)
{
    const neap_kernels *kernels = neap_kernels_for(NEAP_F64);
    double block[256];
    for (int64_t i = 0; i < n; i += 256) {
        int64_t count = n - i < 256 ? n - i : 256;
        kernels->from_dtype(count, from, x + (size_t)i * neap_dtype_size(from), block);
        kernels->to_dtype(count, block, to, y + (size_t)i * neap_dtype_size(to));
    }
}

void neap_convert(int64_t n, neap_dtype from, const void *x, neap_dtype to, void *y)
{
    if (n <= 0)
        return;
    if (from == to)
        memcpy(y, x, (size_t)n * neap_dtype_size(from));
    else if (is_real(from))
        neap_kernels_for(from)->to_dtype(n, x, to, y);
    else if (is_real(to))
        neap_kernels_for(to)->from_dtype(n, from, x, y);
    else
        convert_by_double(n, from, x, to, y);
}
