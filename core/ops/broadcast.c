/* See broadcast.h. */
#include <neap/parallel.h>

#include "ops/broadcast.h"

static void align(neap_broadcast *loop, int input, const neap_tensor *x, neap_shape shape)
{
    int lead = shape.rank - x->shape.rank;
    for (int i = 0; i < shape.rank; i++)
        loop->stride[input][i] = i < lead || x->shape.dim[i - lead] == 1 ? 0 : x->stride[i - lead];
}

static bool joins(const neap_broadcast *loop, int outer, int inner)
{
    for (int k = 0; k < loop->inputs; k++)
        if (loop->stride[k][outer] != loop->stride[k][inner] * loop->shape.dim[inner])
            return false;
    return true;
}

static void set_axis(neap_broadcast *loop, int to, int from)
{
    loop->shape.dim[to] = loop->shape.dim[from];
    for (int k = 0; k < loop->inputs; k++)
        loop->stride[k][to] = loop->stride[k][from];
}

/* Merges axes in place, from the first on, and drops axes of size 1. */
static void collapse(neap_broadcast *loop)
{
    int rank = 0;
    for (int i = 0; i < loop->shape.rank; i++) {
        if (loop->shape.dim[i] == 1)
            continue;
        if (rank && joins(loop, rank - 1, i)) {
            int64_t outer = loop->shape.dim[rank - 1];
            set_axis(loop, rank - 1, i);
            loop->shape.dim[rank - 1] *= outer;
        } else {
            set_axis(loop, rank++, i);
        }
    }
    if (rank == 0)
        loop->shape.dim[rank++] = 1;
    loop->shape.rank = rank;
}

static void run_segment(const neap_broadcast *loop, int64_t row, int64_t begin, int64_t n)
{
    int last = loop->shape.rank - 1;
    int64_t offset[NEAP_BROADCAST_INPUTS] = {0}, rest = row;
    const char *x[NEAP_BROADCAST_INPUTS];
    for (int i = last - 1; i >= 0; i--) {
        int64_t index = rest % loop->shape.dim[i];
        rest /= loop->shape.dim[i];
        for (int k = 0; k < loop->inputs; k++)
            offset[k] += index * loop->stride[k][i];
    }
    for (int k = 0; k < loop->inputs; k++)
        x[k] = loop->x[k] + (offset[k] + begin * loop->step[k]) * (int64_t)loop->size[k];
    loop->segment(loop, n, x, loop->y + (size_t)(row * loop->shape.dim[last] + begin) * loop->out_size);
}

static void run_rows(void *user, int64_t begin, int64_t end)
{
    const neap_broadcast *loop = user;
    for (int64_t row = begin; row < end; row++)
        run_segment(loop, row, 0, loop->shape.dim[loop->shape.rank - 1]);
}

static void run_one_row(void *user, int64_t begin, int64_t end)
{
    run_segment(user, 0, begin, end - begin);
}

void neap_broadcast_run(neap_tensor *y, neap_tensor *const *x, int inputs, neap_broadcast_fn *segment, const void *user)
{
    neap_broadcast loop = {.inputs = inputs, .shape = y->shape, .out_size = neap_dtype_size(y->dtype), .y = neap_tensor_bytes(y),
                      .segment = segment, .user = user};
    if (neap_size(y) == 0)
        return;
    for (int k = 0; k < inputs; k++) {
        align(&loop, k, x[k], y->shape);
        loop.size[k] = neap_dtype_size(x[k]->dtype);
        loop.x[k] = neap_tensor_bytes(x[k]);
    }
    collapse(&loop);
    int64_t n = loop.shape.dim[loop.shape.rank - 1];
    for (int k = 0; k < inputs; k++)
        loop.step[k] = n == 1 ? 0 : loop.stride[k][loop.shape.rank - 1];
    if (loop.shape.rank == 1)
        neap_parallel(n, 16384, run_one_row, &loop);
    else
        neap_parallel(neap_size(y) / n, 1 + 16384 / n, run_rows, &loop);
}
