/* Padding, concatenating, splitting. */
#include <string.h>

#include "ops/op.h"
#include <neap/parallel.h>

/* --- Pad --------------------------------------------------------------------------------------------------------- */

int neap_shape_pad(neap_call *call)
{
    const neap_attrs *attrs = &call->attrs;
    call->shape = call->in[0]->shape;
    if (attrs->count != 2 * call->shape.rank)
        return neap_fail("pad: expected %d counts, two per axis, got %d", 2 * call->shape.rank, attrs->count);
    for (int i = 0; i < attrs->count; i++)
        if (attrs->list[i] < 0 ||
            __builtin_add_overflow(call->shape.dim[i / 2], attrs->list[i], &call->shape.dim[i / 2]))
            return neap_fail("pad: expected counts from 0, got %lld", (long long)attrs->list[i]);
    return 0;
}

/* Writes x into y from `first` of each axis on. */
static int put_at(neap_tensor *y, const neap_tensor *x, const int64_t *first)
{
    int64_t offset = y->offset;
    for (int i = 0; i < x->shape.rank; i++)
        offset += first[i] * y->stride[i];
    neap_tensor *inside = neap_tensor_view(y, x->shape, y->stride, offset);
    if (inside)
        neap_tensor_copy(inside, x);
    return neap_has(inside);
}

int neap_pad_forward(neap_call *call)
{
    int64_t first[NEAP_MAX_RANK] = {0};
    for (int i = 0; i < call->shape.rank; i++)
        first[i] = call->attrs.list[2 * i];
    memset(neap_tensor_bytes(call->out), 0, (size_t)neap_size(call->out) * neap_dtype_size(call->dtype));
    return put_at(call->out, call->in[0], first);
}

int neap_pad_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const neap_shape shape = call->in[0]->shape;
    for (int i = 0; i < shape.rank; i++)
        if (g && g->shape.dim[i] != shape.dim[i])
            g = neap_slice(g, i, call->attrs.list[2 * i], call->attrs.list[2 * i] + shape.dim[i]);
    return neap_has(gx[0] = g);
}

neap_tensor *neap_pad(neap_tensor *x, const int64_t *before_after)
{
    neap_attrs attrs = {.count = x ? 2 * x->shape.rank : 0};
    for (int i = 0; i < attrs.count; i++)
        attrs.list[i] = before_after[i];
    return neap_apply1(NEAP_OP_pad, x, &attrs);
}

/* --- Concat and chunk -------------------------------------------------------------------------------------------- */

int neap_shape_concat(neap_call *call)
{
    int64_t *axis = &call->attrs.i[0], joined = 0;
    call->shape = call->in[0]->shape;
    if (neap_axis_check("concat", axis, call->shape.rank) != 0)
        return -1;
    for (int i = 0; i < call->count; i++) {
        neap_shape shape = call->in[i]->shape;
        const int64_t size = *axis < shape.rank ? shape.dim[*axis] : 0;
        if (*axis < shape.rank)
            shape.dim[*axis] = call->shape.dim[*axis];
        if (!neap_shape_equal(shape, call->shape) || call->in[i]->dtype != call->dtype ||
            __builtin_add_overflow(joined, size, &joined))
            return neap_op_fail(call, "one dtype, and shapes that are equal but for the joined axis");
    }
    call->shape.dim[*axis] = joined;
    return 0;
}

int neap_concat_forward(neap_call *call)
{
    const int64_t axis = call->attrs.i[0];
    int64_t first[NEAP_MAX_RANK] = {0};
    for (int i = 0; i < call->count; i++) {
        if (put_at(call->out, call->in[i], first) != 0)
            return -1;
        first[axis] += call->in[i]->shape.dim[axis];
    }
    return 0;
}

int neap_concat_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    const int64_t axis = call->attrs.i[0];
    int64_t first = 0;
    for (int i = 0; i < call->count; i++) {
        const int64_t stop = first + call->in[i]->shape.dim[axis];
        if (call->wants[i] && !(gx[i] = neap_slice(g, (int)axis, first, stop)))
            return -1;
        first = stop;
    }
    return 0;
}

neap_tensor *neap_concat(neap_tensor *const *x, int count, int axis)
{
    return neap_op_apply(NEAP_OP_concat, x, count, &(neap_attrs){.i = {axis}});
}

static int chunk(neap_tensor *x, int count, neap_tensor **parts, int axis)
{
    char text[NEAP_SHAPE_TEXT];
    int64_t at = axis;
    if (neap_axis_check("chunk", &at, x->shape.rank) != 0)
        return -1;
    if (count < 1 || x->shape.dim[at] % count)
        return neap_fail("chunk: expected %d equal parts of axis %d, got %s", count, axis,
                         neap_shape_text(x->shape, text));
    const int64_t size = x->shape.dim[at] / count;
    for (int i = 0; i < count; i++)
        if (!(parts[i] = neap_slice(x, (int)at, i * size, (i + 1) * size)))
            return -1;
    return 0;
}

int neap_chunk(neap_tensor *x, int count, neap_tensor **parts, int axis)
{
    if (x && chunk(x, count, parts, axis) == 0)
        return 0;
    for (int i = 0; i < count; i++)
        parts[i] = NULL;
    return -1;
}
