/* Ops that make views of their input. */
#include <string.h>

#include "ops/composite.h"

/* --- Shape rules ------------------------------------------------------------------------------------------------- */

static neap_shape listed(const neap_call *call)
{
    neap_shape shape = {call->attrs.count, {0}};
    memcpy(shape.dim, call->attrs.list, sizeof shape.dim);
    return shape;
}

int neap_shape_reshape(neap_call *call)
{
    int64_t size = neap_size(call->in[0]), known = 1;
    int open = -1;
    if (call->attrs.count > NEAP_MAX_RANK)
        return neap_fail("reshape: expected at most %d axes, got %d", NEAP_MAX_RANK, call->attrs.count);
    call->shape = listed(call);
    for (int i = 0; i < call->shape.rank; i++) {
        if (call->shape.dim[i] == -1 && open < 0)
            open = i;
        else if (call->shape.dim[i] < 0 || __builtin_mul_overflow(known, call->shape.dim[i], &known))
            known = -1, open = -1, i = call->shape.rank;
    }
    if (open >= 0 && known > 0 && size % known == 0)
        call->shape.dim[open] = size / known;
    char from[NEAP_SHAPE_TEXT], to[NEAP_SHAPE_TEXT];
    if (neap_shape_size(call->shape) != size)
        return neap_fail("reshape: expected a shape of %lld elements like %s, got %s", (long long)size,
                         neap_shape_text(call->in[0]->shape, from), neap_shape_text(call->shape, to));
    return 0;
}

int neap_shape_permute(neap_call *call)
{
    bool seen[NEAP_MAX_RANK] = {false};
    neap_shape in = call->in[0]->shape;
    if (call->attrs.count != in.rank)
        return neap_fail("permute: expected %d axes, got %d", in.rank, call->attrs.count);
    call->shape.rank = in.rank;
    for (int i = 0; i < in.rank; i++) {
        int64_t *axis = &call->attrs.list[i];
        if (neap_axis_check("permute", axis, in.rank) < 0)
            return -1;
        if (seen[*axis])
            return neap_fail("permute: axis %lld is given twice", (long long)*axis);
        seen[*axis] = true;
        call->shape.dim[i] = in.dim[*axis];
    }
    return 0;
}

int neap_shape_slice(neap_call *call)
{
    int64_t *axis = &call->attrs.i[0], start = call->attrs.i[1], stop = call->attrs.i[2];
    call->shape = call->in[0]->shape;
    if (neap_axis_check("slice", axis, call->shape.rank) < 0)
        return -1;
    if (start < 0 || stop < start || stop > call->shape.dim[*axis])
        return neap_fail("slice: expected a range within [0, %lld) of axis %lld, got [%lld, %lld)",
                         (long long)call->shape.dim[*axis], (long long)*axis, (long long)start, (long long)stop);
    call->shape.dim[*axis] = stop - start;
    return 0;
}

int neap_shape_expand(neap_call *call)
{
    char from[NEAP_SHAPE_TEXT], to[NEAP_SHAPE_TEXT];
    neap_shape in = call->in[0]->shape;
    bool fits = call->attrs.count <= NEAP_MAX_RANK && call->attrs.count >= in.rank;
    call->shape = listed(call);
    for (int i = 0; fits && i < call->shape.rank; i++) {
        int64_t given = i < call->shape.rank - in.rank ? 1 : in.dim[i - (call->shape.rank - in.rank)];
        fits = call->shape.dim[i] >= 0 && (given == 1 || given == call->shape.dim[i]);
    }
    if (!fits)
        return neap_fail("expand: expected a shape that %s broadcasts to, got %s", neap_shape_text(in, from),
                         call->attrs.count <= NEAP_MAX_RANK ? neap_shape_text(call->shape, to) : "too many axes");
    return 0;
}

/* --- Forward ----------------------------------------------------------------------------------------------------- */

/* Drops axes of size 1 and merges adjacent axes without gaps: the fewest axes that describe x. */
static int squeeze(const neap_tensor *x, int64_t *dim, int64_t *stride)
{
    int rank = 0;
    for (int i = 0; i < x->shape.rank; i++) {
        int64_t size = x->shape.dim[i];
        if (size == 1)
            continue;
        if (rank && stride[rank - 1] == x->stride[i] * size) {
            dim[rank - 1] *= size;
            stride[rank - 1] = x->stride[i];
        } else {
            dim[rank] = size;
            stride[rank++] = x->stride[i];
        }
    }
    return rank;
}

/* Splits the merged axes to the new shape, from the last on; false if the new shape crosses a gap. */
static bool restride(const neap_tensor *x, neap_shape shape, int64_t *stride)
{
    int64_t dim[NEAP_MAX_RANK], step[NEAP_MAX_RANK];
    int axis = squeeze(x, dim, step) - 1;
    int64_t inside = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        stride[i] = axis >= 0 ? step[axis] * inside : 1;
        if (shape.dim[i] == 1)
            continue;
        inside *= shape.dim[i];
        if (axis < 0 || dim[axis] % inside)
            return false;
        if (dim[axis] == inside) {
            axis--;
            inside = 1;
        }
    }
    return true;
}

int neap_reshape_forward(neap_call *call)
{
    neap_tensor *x = call->in[0];
    int64_t stride[NEAP_MAX_RANK];
    if (neap_is_contiguous(x) || !restride(x, call->shape, stride)) {
        x = neap_tensor_pack(x);
        neap_strides_of(call->shape, stride);
    }
    return neap_has(call->out = x ? neap_tensor_view(x, call->shape, stride, x->offset) : NULL);
}

int neap_permute_forward(neap_call *call)
{
    const neap_tensor *x = call->in[0];
    int64_t stride[NEAP_MAX_RANK];
    for (int i = 0; i < x->shape.rank; i++)
        stride[i] = x->stride[call->attrs.list[i]];
    return neap_has(call->out = neap_tensor_view(x, call->shape, stride, x->offset));
}

int neap_slice_forward(neap_call *call)
{
    const neap_tensor *x = call->in[0];
    int64_t offset = x->offset + call->attrs.i[1] * x->stride[call->attrs.i[0]];
    return neap_has(call->out = neap_tensor_view(x, call->shape, x->stride, offset));
}

int neap_expand_forward(neap_call *call)
{
    const neap_tensor *x = call->in[0];
    int64_t stride[NEAP_MAX_RANK];
    int lead = call->shape.rank - x->shape.rank;
    for (int i = 0; i < call->shape.rank; i++)
        stride[i] = i < lead || x->shape.dim[i - lead] == 1 ? 0 : x->stride[i - lead];
    return neap_has(call->out = neap_tensor_view(x, call->shape, stride, x->offset));
}

int neap_contiguous_forward(neap_call *call)
{
    neap_tensor_copy(call->out, call->in[0]);
    return 0;
}

/* --- Gradients --------------------------------------------------------------------------------------------------- */

int neap_reshape_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_reshape(g, call->in[0]->shape));
}

int neap_permute_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    int back[NEAP_MAX_RANK];
    for (int i = 0; i < call->attrs.count; i++)
        back[call->attrs.list[i]] = i;
    return neap_has(gx[0] = neap_permute(g, back));
}

int neap_slice_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    int64_t around[NEAP_MAX_LIST] = {0}, axis = call->attrs.i[0];
    around[2 * axis] = call->attrs.i[1];
    around[2 * axis + 1] = call->in[0]->shape.dim[axis] - call->attrs.i[2];
    return neap_has(gx[0] = neap_pad(g, around));
}

int neap_expand_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return neap_has(gx[0] = neap_sum_to(g, call->in[0]->shape));
}

int neap_contiguous_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    (void)call;
    gx[0] = g;
    return 0;
}
