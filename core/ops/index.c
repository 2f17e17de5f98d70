/* Elements and rows selected by an index, and the adjoints, which add in the order of the index for any number of
 * threads. */
#include <string.h>

#include "ops/rules.h"

#define COLUMNS 64 /* of one unit of work: a cache line of f32 four times over */

/* picked [outer, m, inner], whole [outer, n, inner], index [outer, m, inner], or [outer, m] for rows. */
typedef struct index_job {
    int64_t outer, m, n, inner;
    bool rows; /* the index selects whole rows */
    const int32_t *index;
    char *whole, *picked;
    size_t size;
    bool add; /* adds picked to whole; else copies whole to picked */
} index_job;

/* Checked before any element is written, so that a bad index changes nothing. */
static int check_index(const char *op, const int32_t *index, int64_t count, int64_t size)
{
    for (int64_t i = 0; i < count; i++)
        if (index[i] < 0 || index[i] >= size)
            return neap_fail("%s: index: expected 0 to %lld, got %d at element %lld", op, (long long)size - 1,
                             index[i], (long long)i);
    return 0;
}

#define ADD_ROW(type)                                                                                               \
    for (int64_t i = 0; i < n; i++)                                                                                 \
    ((type *)(void *)y)[i] += ((const type *)(const void *)x)[i]

static void add_row(int64_t n, size_t size, char *y, const char *x)
{
    if (size == sizeof(float))
        ADD_ROW(float);
    else
        ADD_ROW(double);
}

/* n adjacent elements between `whole` and `picked`. */
static void move_row(const index_job *job, int64_t n, char *whole, char *picked)
{
    if (job->add)
        add_row(n, job->size, whole, picked);
    else
        memcpy(picked, whole, (size_t)n * job->size);
}

/* One outer index and one range of columns: no other thread writes these elements of `whole`. */
static void move_unit(const index_job *job, int64_t outer, int64_t first, int64_t count)
{
    for (int64_t row = outer * job->m; row < (outer + 1) * job->m; row++) {
        char *picked = job->picked + (size_t)(row * job->inner + first) * job->size;
        char *whole = job->whole + (size_t)(outer * job->n * job->inner + first) * job->size;
        const size_t step = (size_t)job->inner * job->size;
        if (job->rows) {
            move_row(job, count, whole + (size_t)job->index[row] * step, picked);
            continue;
        }
        const int32_t *index = job->index + row * job->inner + first;
        for (int64_t i = 0; i < count; i++)
            move_row(job, 1, whole + (size_t)index[i] * step + (size_t)i * job->size, picked + (size_t)i * job->size);
    }
}

static void move_units(void *user, int64_t begin, int64_t end)
{
    const index_job *job = user;
    const int64_t columns = (job->inner + COLUMNS - 1) / COLUMNS;
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t first = unit % columns * COLUMNS, left = job->inner - first;
        move_unit(job, unit / columns, first, left < COLUMNS ? left : COLUMNS);
    }
}

static int run(const char *op, index_job *job)
{
    const int64_t indices = job->outer * job->m * (job->rows ? 1 : job->inner);
    if (check_index(op, job->index, indices, job->n) != 0)
        return -1;
    const int64_t units = job->outer * ((job->inner + COLUMNS - 1) / COLUMNS);
    neap_parallel(units, neap_row_grain(job->m * COLUMNS), move_units, job);
    return 0;
}

static void clear(neap_tensor *x)
{
    memset(neap_tensor_bytes(x), 0, (size_t)neap_size(x) * neap_dtype_size(x->dtype));
}

/* --- Elements along an axis -------------------------------------------------------------------------------------- */

static int check_along(neap_call *call, const char *expected)
{
    const neap_shape x = call->in[0]->shape, index = call->in[1]->shape;
    if (neap_axis_check(call->op->info.name, &call->attrs.i[0], x.rank) != 0)
        return -1;
    bool fits = call->in[1]->dtype == NEAP_I32 && index.rank == x.rank;
    for (int i = 0; fits && i < x.rank; i++)
        fits = i == call->attrs.i[0] || x.dim[i] == index.dim[i];
    return fits ? 0 : neap_op_fail(call, expected);
}

int neap_shape_gather(neap_call *call)
{
    call->shape = call->in[1]->shape;
    return check_along(call, "x and an index in i32 whose shape is x's but for the axis");
}

static bool is_real(const neap_tensor *x)
{
    return x->dtype == NEAP_F32 || x->dtype == NEAP_F64;
}

int neap_shape_scatter(neap_call *call)
{
    const char *expected = "x in f32 or f64 and an index in i32 of its shape";
    if (check_along(call, expected) != 0)
        return -1;
    if (!is_real(call->in[0]) || !neap_shape_equal(call->in[0]->shape, call->in[1]->shape))
        return neap_op_fail(call, expected);
    if (call->attrs.i[1] < 0)
        return neap_fail("scatter_add: size: expected 0 or more, got %lld", (long long)call->attrs.i[1]);
    call->shape = call->in[0]->shape;
    call->shape.dim[call->attrs.i[0]] = call->attrs.i[1];
    return 0;
}

static index_job along(const neap_call *call, neap_tensor *whole, neap_tensor *picked, bool add)
{
    const int64_t axis = call->attrs.i[0];
    index_job job = {1, picked->shape.dim[axis], whole->shape.dim[axis], 1, false, neap_tensor_bytes(call->in[1]),
                     neap_tensor_bytes(whole), neap_tensor_bytes(picked), neap_dtype_size(whole->dtype), add};
    for (int i = 0; i < whole->shape.rank; i++) {
        job.outer *= i < axis ? whole->shape.dim[i] : 1;
        job.inner *= i > axis ? whole->shape.dim[i] : 1;
    }
    return job;
}

int neap_gather_forward(neap_call *call)
{
    index_job job = along(call, call->in[0], call->out, false);
    return run("gather", &job);
}

int neap_scatter_forward(neap_call *call)
{
    index_job job = along(call, call->out, call->in[0], true);
    clear(call->out);
    return run("scatter_add", &job);
}

int neap_gather_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const int64_t axis = call->attrs.i[0];
    return neap_has(gx[0] = neap_scatter_add(g, call->in[1], (int)axis, call->in[0]->shape.dim[axis]));
}

int neap_scatter_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_gather(g, call->in[1], (int)call->attrs.i[0]));
}

neap_tensor *neap_gather(neap_tensor *x, neap_tensor *index, int axis)
{
    return neap_apply2(NEAP_OP_gather, x, index, &(neap_attrs){.i = {axis}});
}

neap_tensor *neap_scatter_add(neap_tensor *x, neap_tensor *index, int axis, int64_t size)
{
    return neap_apply2(NEAP_OP_scatter_add, x, index, &(neap_attrs){.i = {axis, size}});
}

/* --- Rows of a table --------------------------------------------------------------------------------------------- */

int neap_shape_embedding(neap_call *call)
{
    const neap_shape table = call->in[0]->shape, index = call->in[1]->shape;
    if (!is_real(call->in[0]) || table.rank != 2 || call->in[1]->dtype != NEAP_I32 || index.rank >= NEAP_MAX_RANK)
        return neap_op_fail(call, "a table [N, D] in f32 or f64 and an index in i32");
    call->shape = index;
    call->shape.dim[call->shape.rank++] = table.dim[1];
    return 0;
}

int neap_shape_embedding_sum(neap_call *call)
{
    neap_shape rows = call->in[0]->shape;
    const int64_t width = rows.rank ? rows.dim[--rows.rank] : -1;
    if (!is_real(call->in[0]) || width < 0 || call->in[1]->dtype != NEAP_I32 ||
        !neap_shape_equal(rows, call->in[1]->shape))
        return neap_op_fail(call, "rows [.., D] in f32 or f64 and an index in i32 [..]");
    if (call->attrs.i[0] < 0)
        return neap_fail("embedding_sum: rows: expected 0 or more, got %lld", (long long)call->attrs.i[0]);
    call->shape = neap_dims(call->attrs.i[0], width);
    return 0;
}

static index_job rows_of(const neap_call *call, neap_tensor *table, neap_tensor *picked, bool add)
{
    return (index_job){1, neap_size(call->in[1]), table->shape.dim[0], table->shape.dim[1], true,
                       neap_tensor_bytes(call->in[1]), neap_tensor_bytes(table), neap_tensor_bytes(picked),
                       neap_dtype_size(table->dtype), add};
}

int neap_embedding_forward(neap_call *call)
{
    index_job job = rows_of(call, call->in[0], call->out, false);
    return run("embedding", &job);
}

int neap_embedding_sum_forward(neap_call *call)
{
    index_job job = rows_of(call, call->out, call->in[0], true);
    clear(call->out);
    return run("embedding_sum", &job);
}

int neap_embedding_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const neap_attrs rows = {.i = {call->in[0]->shape.dim[0]}};
    return neap_has(gx[0] = neap_apply2(NEAP_OP_embedding_sum, g, call->in[1], &rows));
}

int neap_embedding_sum_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_embedding(g, call->in[1]));
}

neap_tensor *neap_embedding(neap_tensor *table, neap_tensor *index)
{
    return neap_apply2(NEAP_OP_embedding, table, index, NULL);
}
