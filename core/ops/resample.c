/*
 * Filters and resampling along one axis: each pixel of the result is a weighted sum of pixels of the input. The
 * gradient is the adjoint map, which the same op computes, so both can be differentiated any number of times.
 */
#include <math.h>

#include <neap/memory.h>

#include "ops/rules.h"

/* --- Which pixels make which --------------------------------------------------------------------------------------- */

/* Adds `weight` times pixel `from` of the input to pixel `to` of the result. */
typedef struct link {
    int64_t to, from;
    double weight;
} link;

/* The links of pixel i of the result are [first[i], first[i + 1]). */
typedef struct links {
    int64_t outputs, *first, *from;
    double *weight;
} links;

static void links_free(links *l)
{
    neap_free(l->first);
    neap_free(l->from);
    neap_free(l->weight);
}

/* A counting sort, which is stable, so that the terms of a pixel keep their order. */
static int links_sort(links *l, const link *found, int64_t count, int64_t outputs)
{
    l->outputs = outputs;
    l->first = neap_calloc((size_t)outputs + 2, sizeof *l->first);
    l->from = neap_calloc((size_t)count + 1, sizeof *l->from);
    l->weight = neap_calloc((size_t)count + 1, sizeof *l->weight);
    if (!l->first || !l->from || !l->weight)
        return -1;
    for (int64_t i = 0; i < count; i++)
        l->first[found[i].to + 2]++;
    for (int64_t i = 0; i < outputs; i++)
        l->first[i + 2] += l->first[i + 1];
    for (int64_t i = 0; i < count; i++) {
        const int64_t place = l->first[found[i].to + 1]++;
        l->from[place] = found[i].from;
        l->weight[place] = found[i].weight;
    }
    return 0;
}

static void turn_round(link *found, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        found[i] = (link){found[i].from, found[i].to, found[i].weight};
}

/* --- Along an axis ------------------------------------------------------------------------------------------------- */

typedef struct axis_job {
    const links *links;
    const neap_kernels *kernels;
    int64_t in, inner;
    size_t size;
    const char *x;
    char *y;
} axis_job;

static void pixels(void *user, int64_t begin, int64_t end)
{
    const axis_job *job = user;
    const links *l = job->links;
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t i = unit % l->outputs, first = l->first[i];
        const char *x = job->x + (size_t)(unit / l->outputs * job->in * job->inner) * job->size;
        job->kernels->weigh(job->inner, l->first[i + 1] - first, x, job->inner, l->from + first, l->weight + first,
                            job->y + (size_t)(unit * job->inner) * job->size);
    }
}

static void run_along(const neap_call *call, int64_t axis, const links *l)
{
    const neap_shape s = call->in[0]->shape;
    axis_job job = {l, call->kernels, s.dim[axis], 1, neap_dtype_size(call->dtype), neap_tensor_bytes(call->in[0]),
                    neap_tensor_bytes(call->out)};
    int64_t outer = 1;
    for (int i = 0; i < s.rank; i++)
        *(i < axis ? &outer : &job.inner) *= i == axis ? 1 : s.dim[i];
    neap_parallel(outer * l->outputs, neap_row_grain(job.inner), pixels, &job);
}

/* Writes the links of pixel `to` of a map from `in` to `out` pixels; returns how many. */
typedef int64_t links_fn(const neap_attrs *a, int64_t in, int64_t out, int64_t to, link *found);

/* `most`: links of a pixel. */
static int run(const neap_call *call, links_fn *links_of, int64_t most, int64_t axis, int64_t in, int64_t out, bool adjoint)
{
    if (neap_size(call->out) == 0)
        return 0;
    link *found = neap_calloc((size_t)(out * most), sizeof *found);
    links l = {0};
    int64_t count = 0;
    for (int64_t to = 0; found && to < out; to++)
        count += links_of(&call->attrs, in, out, to, found + count);
    if (found && adjoint)
        turn_round(found, count);
    const int status = found ? links_sort(&l, found, count, adjoint ? in : out) : -1;
    neap_free(found);
    if (status == 0)
        run_along(call, axis, &l);
    links_free(&l);
    return status;
}

/* --- filter -------------------------------------------------------------------------------------------------------- */

enum { AXIS, STRIDE, PADDING, SIZE }; /* of attrs.i; SIZE: pixels of the adjoint's result, 0 for the filter itself */

static int64_t filtered_size(const neap_attrs *a, int64_t n)
{
    return neap_window_count(n, a->count, a->i[STRIDE], a->i[PADDING]);
}

int neap_shape_filter(neap_call *call)
{
    neap_attrs *a = &call->attrs;
    call->shape = call->in[0]->shape;
    if (neap_axis_check("filter", &a->i[AXIS], call->shape.rank) < 0)
        return -1;
    if (a->count < 1 || a->i[STRIDE] < 1 || a->i[PADDING] < 0 || a->i[SIZE] < 0 || a->i[STRIDE] > INT32_MAX ||
        a->i[PADDING] > INT32_MAX || a->i[SIZE] > INT32_MAX)
        return neap_fail("filter: expected taps, a stride from 1, padding and size from 0, all below 2^31, got %d taps, %lld, "
                         "%lld, %lld", a->count, (long long)a->i[STRIDE], (long long)a->i[PADDING], (long long)a->i[SIZE]);
    const int64_t n = call->shape.dim[a->i[AXIS]], size = a->i[SIZE] ? a->i[SIZE] : filtered_size(a, n);
    if (n < 1 || size < 1 || (a->i[SIZE] && filtered_size(a, size) != n))
        return neap_op_fail(call, a->i[SIZE] ? "x as long as the filter makes `size` pixels" : "x as long as the taps");
    call->shape.dim[a->i[AXIS]] = size;
    return 0;
}

static int64_t filter_links(const neap_attrs *a, int64_t in, int64_t out, int64_t to, link *found)
{
    int64_t count = 0;
    (void)out;
    for (int64_t tap = 0; tap < a->count; tap++) {
        const int64_t from = to * a->i[STRIDE] - a->i[PADDING] + tap;
        if (from >= 0 && from < in)
            found[count++] = (link){to, from, a->f[0] * (double)a->list[tap]};
    }
    return count;
}

int neap_filter_forward(neap_call *call)
{
    const int64_t axis = call->attrs.i[AXIS], x = call->in[0]->shape.dim[axis], y = call->shape.dim[axis];
    const bool adjoint = call->attrs.i[SIZE] != 0;
    return run(call, filter_links, call->attrs.count, axis, adjoint ? y : x, adjoint ? x : y, adjoint);
}

int neap_filter_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attrs a = call->attrs;
    a.i[SIZE] = a.i[SIZE] ? 0 : call->in[0]->shape.dim[a.i[AXIS]];
    return neap_has(gx[0] = neap_apply1(NEAP_OP_filter, g, &a));
}

/* --- resample ------------------------------------------------------------------------------------------------------ */

enum { TO = 1, MODE, ADJOINT }; /* of attrs.i, after AXIS */

int neap_shape_resample(neap_call *call)
{
    neap_attrs *a = &call->attrs;
    call->shape = call->in[0]->shape;
    if (neap_axis_check("resample", &a->i[AXIS], call->shape.rank) < 0)
        return -1;
    if (a->i[TO] < 1 || a->i[TO] > INT32_MAX || a->i[MODE] < 0 || a->i[MODE] >= NEAP_RESAMPLE_COUNT || call->shape.dim[a->i[AXIS]] < 1)
        return neap_fail("resample: expected sizes from 1 and a mode from 0 to %d, got %lld to %lld and %lld",
                         NEAP_RESAMPLE_COUNT - 1, (long long)call->shape.dim[a->i[AXIS]], (long long)a->i[TO],
                         (long long)a->i[MODE]);
    call->shape.dim[a->i[AXIS]] = a->i[TO];
    return 0;
}

/* The centre of pixel i lies at i + 1/2; beyond the outer centres the border pixel is repeated. */
static int64_t resample_links(const neap_attrs *a, int64_t in, int64_t out, int64_t to, link *found)
{
    const double at = ((double)to + 0.5) * (double)in / (double)out;
    if (a->i[MODE] == NEAP_NEAREST) {
        found[0] = (link){to, (int64_t)at, 1};
        return 1;
    }
    const double centre = fmin(fmax(at - 0.5, 0), (double)(in - 1)), low = floor(centre);
    found[0] = (link){to, (int64_t)low, 1 - (centre - low)};
    found[1] = (link){to, (int64_t)low + 1, centre - low};
    return centre > low ? 2 : 1;
}

int neap_resample_forward(neap_call *call)
{
    const int64_t axis = call->attrs.i[AXIS], x = call->in[0]->shape.dim[axis], y = call->shape.dim[axis];
    const bool adjoint = call->attrs.i[ADJOINT] != 0;
    return run(call, resample_links, 2, axis, adjoint ? y : x, adjoint ? x : y, adjoint);
}

int neap_resample_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_attrs a = call->attrs;
    a.i[ADJOINT] = !a.i[ADJOINT];
    a.i[TO] = call->in[0]->shape.dim[a.i[AXIS]];
    return neap_has(gx[0] = neap_apply1(NEAP_OP_resample, g, &a));
}

/* --- C faces: along rows and columns of pictures -------------------------------------------------------------------- */

neap_tensor *neap_filter(neap_tensor *x, const int64_t *taps, int count, double scale, int64_t stride, int64_t padding)
{
    neap_attrs a = {.count = count, .i = {[STRIDE] = stride, [PADDING] = padding}, .f = {scale}};
    if (count > NEAP_MAX_LIST)
        return neap_fail_null("filter: expected at most %d taps, got %d", NEAP_MAX_LIST, count);
    for (int i = 0; i < count; i++)
        a.list[i] = taps[i];
    for (a.i[AXIS] = 1; a.i[AXIS] <= 2; a.i[AXIS]++)
        x = neap_apply1(NEAP_OP_filter, x, &a);
    return x;
}

neap_tensor *neap_average_pool(neap_tensor *x, int64_t kernel, int64_t stride, int64_t padding)
{
    int64_t ones[NEAP_MAX_LIST];
    for (int i = 0; i < NEAP_MAX_LIST; i++)
        ones[i] = 1;
    if (kernel < 1 || kernel > NEAP_MAX_LIST)
        return neap_fail_null("average_pool: kernel: expected 1 to %d, got %lld", NEAP_MAX_LIST, (long long)kernel);
    return neap_filter(x, ones, (int)kernel, 1 / (double)kernel, stride, padding);
}

neap_tensor *neap_resize(neap_tensor *x, int64_t rows, int64_t columns, neap_resample_mode mode)
{
    x = neap_apply1(NEAP_OP_resample, x, &(neap_attrs){.i = {1, rows, mode}});
    return neap_apply1(NEAP_OP_resample, x, &(neap_attrs){.i = {2, columns, mode}});
}
