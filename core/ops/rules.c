/* Shape rules, and what the families of ops share below the dispatch: see rules.h. */
#include <stdio.h>
#include <string.h>

#include "ops/rules.h"

#define LEAST_ELEMENTS 16384 /* a thread wakes in a few microseconds, the time that so many elements take */
#define GOT_TEXT (5 * NEAP_SHAPE_TEXT)

/* Appends integer attributes that differ from their defaults, ", padding 500", and the list. */
static void append_attrs(const neap_call *call, size_t used, char got[GOT_TEXT])
{
    const neap_attr *attr = call->op->info.attrs;
    for (int place = 0; attr->type != NEAP_ATTR_END && used < GOT_TEXT; attr++) {
        if (attr->type == NEAP_ATTR_INT && (double)call->attrs.i[place] != attr->fallback)
            used += (size_t)snprintf(got + used, GOT_TEXT - used, ", %s %lld", attr->name, (long long)call->attrs.i[place]);
        for (int i = 0; attr->type == NEAP_ATTR_LIST && i < call->attrs.count && used < GOT_TEXT; i++)
            used += (size_t)snprintf(got + used, GOT_TEXT - used, "%s%s %lld", i ? "" : ", ", i ? "," : attr->name,
                                     (long long)call->attrs.list[i]);
        place += attr->type == NEAP_ATTR_INT || attr->type == NEAP_ATTR_FLAG;
    }
}

int neap_op_fail(const neap_call *call, const char *expected)
{
    char got[GOT_TEXT] = "", text[NEAP_SHAPE_TEXT];
    size_t used = 0;
    for (int i = 0; i < call->count && used < sizeof got; i++)
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%s %s", i ? ", " : "",
                                 neap_dtype_name(call->in[i]->dtype), neap_shape_text(call->in[i]->shape, text));
    append_attrs(call, used, got);
    return neap_fail("%s: expected %s, got %s", call->op->info.name, expected, got);
}

int neap_has(const neap_tensor *x)
{
    return x ? 0 : -1;
}

int neap_axis_check(const char *op, int64_t *axis, int rank)
{
    int64_t given = *axis;
    if (given < 0)
        *axis += rank;
    if (*axis < 0 || *axis >= rank)
        return neap_fail("%s: axis: expected %d to %d, got %lld", op, -rank, rank - 1, (long long)given);
    return 0;
}

int neap_broadcast_shapes(const char *op, neap_shape a, neap_shape b, neap_shape *out)
{
    char left[NEAP_SHAPE_TEXT], right[NEAP_SHAPE_TEXT];
    out->rank = a.rank > b.rank ? a.rank : b.rank;
    for (int i = 0; i < out->rank; i++) {
        int64_t x = i < a.rank ? a.dim[a.rank - 1 - i] : 1, y = i < b.rank ? b.dim[b.rank - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return neap_fail("%s: expected shapes that broadcast, got %s and %s", op, neap_shape_text(a, left),
                             neap_shape_text(b, right));
        out->dim[out->rank - 1 - i] = x == 1 ? y : x;
    }
    return 0;
}

int neap_shape_any(neap_call *call)
{
    call->shape = call->in[0]->shape;
    return 0;
}

int neap_shape_same(neap_call *call)
{
    return neap_shape_any(call);
}

int neap_shape_broadcast(neap_call *call)
{
    return neap_broadcast_shapes(call->op->info.name, call->in[0]->shape, call->in[1]->shape, &call->shape);
}

int neap_shape_compare(neap_call *call)
{
    call->dtype = NEAP_U8;
    return neap_shape_broadcast(call);
}

int neap_shape_where(neap_call *call)
{
    neap_shape values;
    neap_dtype dtype = call->in[1]->dtype;
    if (call->in[0]->dtype != NEAP_U8 || dtype != call->in[2]->dtype || (dtype != NEAP_F32 && dtype != NEAP_F64))
        return neap_op_fail(call, "a condition in u8 and two tensors in f32 or f64");
    call->dtype = dtype;
    if (neap_broadcast_shapes("where", call->in[1]->shape, call->in[2]->shape, &values) < 0)
        return -1;
    return neap_broadcast_shapes("where", call->in[0]->shape, values, &call->shape);
}

int neap_shape_cast(neap_call *call)
{
    if (call->attrs.i[0] < 0 || call->attrs.i[0] >= NEAP_DTYPE_COUNT)
        return neap_fail("cast: expected a dtype from 0 to %d, got %lld", NEAP_DTYPE_COUNT - 1, (long long)call->attrs.i[0]);
    call->dtype = (neap_dtype)call->attrs.i[0];
    return neap_shape_any(call);
}

/* Makes axes positive, and lists all axes if none is given; refuses repeated ones. */
static int check_axes(neap_call *call, bool reduced[NEAP_MAX_RANK])
{
    neap_attrs *attrs = &call->attrs;
    int rank = call->in[0]->shape.rank;
    if (attrs->count == 0)
        for (attrs->count = 0; attrs->count < rank; attrs->count++)
            attrs->list[attrs->count] = attrs->count;
    for (int i = 0; i < attrs->count; i++) {
        if (neap_axis_check(call->op->info.name, &attrs->list[i], rank) < 0)
            return -1;
        if (reduced[attrs->list[i]])
            return neap_fail("%s: axis %lld is given twice", call->op->info.name, (long long)attrs->list[i]);
        reduced[attrs->list[i]] = true;
    }
    return 0;
}

int neap_shape_reduce(neap_call *call)
{
    bool reduced[NEAP_MAX_RANK] = {false};
    neap_shape in = call->in[0]->shape;
    if (check_axes(call, reduced) < 0)
        return -1;
    call->shape.rank = 0;
    for (int i = 0; i < in.rank; i++)
        if (!reduced[i] || call->attrs.i[0])
            call->shape.dim[call->shape.rank++] = reduced[i] ? 1 : in.dim[i];
    return 0;
}

/* --- Rows and windows ------------------------------------------------------------------------------------------------ */

int64_t neap_row_count(neap_shape shape)
{
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape.rank; i++)
        rows *= shape.dim[i];
    return rows;
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

/* --- Around a forward pass -------------------------------------------------------------------------------------------- */

int neap_forward_put(const neap_call *call, const neap_tensor *value)
{
    if (!value)
        return -1;
    neap_tensor_copy(call->out, value);
    return 0;
}

neap_tensor *neap_pack_last(neap_tensor *x)
{
    const int last = x ? x->shape.rank - 1 : -1;
    if (last < 0 || x->shape.dim[last] == 1 || x->stride[last] == 1)
        return x;
    return neap_tensor_pack(x);
}
