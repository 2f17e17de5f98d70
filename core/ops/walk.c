/* See walk.h. */
#include <neap/parallel.h>

#include "ops/walk.h"

static void align(neap_walk *walk, int input, const neap_tensor *x, neap_shape shape)
{
    int lead = shape.rank - x->shape.rank;
    for (int i = 0; i < shape.rank; i++)
        walk->stride[input][i] = i < lead || x->shape.dim[i - lead] == 1 ? 0 : x->stride[i - lead];
}

static bool joins(const neap_walk *walk, int outer, int inner)
{
    for (int k = 0; k < walk->inputs; k++)
        if (walk->stride[k][outer] != walk->stride[k][inner] * walk->shape.dim[inner])
            return false;
    return true;
}

static void set_axis(neap_walk *walk, int to, int from)
{
    walk->shape.dim[to] = walk->shape.dim[from];
    for (int k = 0; k < walk->inputs; k++)
        walk->stride[k][to] = walk->stride[k][from];
}

/* Joins axes in place, from the first on; axes of size 1 go. */
static void collapse(neap_walk *walk)
{
    int rank = 0;
    for (int i = 0; i < walk->shape.rank; i++) {
        if (walk->shape.dim[i] == 1)
            continue;
        if (rank && joins(walk, rank - 1, i)) {
            int64_t outer = walk->shape.dim[rank - 1];
            set_axis(walk, rank - 1, i);
            walk->shape.dim[rank - 1] *= outer;
        } else {
            set_axis(walk, rank++, i);
        }
    }
    if (rank == 0)
        walk->shape.dim[rank++] = 1;
    walk->shape.rank = rank;
}

static void run_segment(const neap_walk *walk, int64_t row, int64_t begin, int64_t n)
{
    int last = walk->shape.rank - 1;
    int64_t offset[NEAP_WALK_INPUTS] = {0}, rest = row;
    const char *x[NEAP_WALK_INPUTS];
    for (int i = last - 1; i >= 0; i--) {
        int64_t index = rest % walk->shape.dim[i];
        rest /= walk->shape.dim[i];
        for (int k = 0; k < walk->inputs; k++)
            offset[k] += index * walk->stride[k][i];
    }
    for (int k = 0; k < walk->inputs; k++)
        x[k] = walk->x[k] + (offset[k] + begin * walk->step[k]) * (int64_t)walk->size[k];
    walk->segment(walk, n, x, walk->y + (size_t)(row * walk->shape.dim[last] + begin) * walk->out_size);
}

static void run_rows(void *user, int64_t begin, int64_t end)
{
    const neap_walk *walk = user;
    for (int64_t row = begin; row < end; row++)
        run_segment(walk, row, 0, walk->shape.dim[walk->shape.rank - 1]);
}

static void run_one_row(void *user, int64_t begin, int64_t end)
{
    run_segment(user, 0, begin, end - begin);
}

void neap_walk_run(neap_tensor *y, neap_tensor *const *x, int inputs, neap_walk_fn *segment, const void *user)
{
    neap_walk walk = {.inputs = inputs, .shape = y->shape, .out_size = neap_dtype_size(y->dtype), .y = neap_tensor_bytes(y),
                      .segment = segment, .user = user};
    if (neap_size(y) == 0)
        return;
    for (int k = 0; k < inputs; k++) {
        align(&walk, k, x[k], y->shape);
        walk.size[k] = neap_dtype_size(x[k]->dtype);
        walk.x[k] = neap_tensor_bytes(x[k]);
    }
    collapse(&walk);
    int64_t n = walk.shape.dim[walk.shape.rank - 1];
    for (int k = 0; k < inputs; k++)
        walk.step[k] = n == 1 ? 0 : walk.stride[k][walk.shape.rank - 1];
    if (walk.shape.rank == 1)
        neap_parallel(n, 16384, run_one_row, &walk);
    else
        neap_parallel(neap_size(y) / n, 1 + 16384 / n, run_rows, &walk);
}
