/* What the families of ops share; see support.h. */
#include "ops/support.h"

#define LEAST_ELEMENTS 16384 /* a thread wakes in a few microseconds: this many elements take as long */

int neap_forward_put(const neap_call *call, const neap_tensor *value)
{
    if (!value)
        return -1;
    neap_tensor_copy(call->out, value);
    return 0;
}

int64_t neap_row_count(neap_shape shape)
{
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape.rank; i++)
        rows *= shape.dim[i];
    return rows;
}

/* Both sizes are spelt out, for -1 cannot be told where the other is 0. */
neap_tensor *neap_as_rows(neap_tensor *x)
{
    if (!x)
        return NULL;
    return neap_reshape(x, neap_dims(neap_row_count(x->shape), x->shape.dim[x->shape.rank - 1]));
}

neap_tensor *neap_per_sample(neap_tensor *v, neap_shape shape)
{
    for (int i = 1; i < shape.rank - 1; i++)
        shape.dim[i] = 1;
    return neap_reshape(v, shape);
}

neap_tensor *neap_sum_samples(neap_tensor *x)
{
    int axes[NEAP_MAX_RANK], count = 0;
    for (int i = 1; x && i < x->shape.rank - 1; i++)
        axes[count++] = i;
    return count ? neap_sum(x, axes, count, false) : x;
}

neap_tensor *neap_pack_last(neap_tensor *x)
{
    const int last = x ? x->shape.rank - 1 : -1;
    if (last < 0 || x->shape.dim[last] == 1 || x->stride[last] == 1)
        return x;
    return neap_tensor_pack(x);
}

int64_t neap_window_count(int64_t n, int64_t kernel, int64_t stride, int64_t padding)
{
    const int64_t reach = n + 2 * padding - kernel;
    return reach < 0 ? 0 : reach / stride + 1;
}

int64_t neap_row_grain(int64_t row_size)
{
    return row_size < LEAST_ELEMENTS ? LEAST_ELEMENTS / (row_size < 1 ? 1 : row_size) : 1;
}
