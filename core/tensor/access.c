/* Elements in and out: fills, reads, writes. */
#include <math.h>
#include <string.h>

#include <neap/error.h>

#include "tensor/tensor.h"

neap_tensor *neap_full(neap_dtype dtype, neap_shape shape, double value)
{
    neap_tensor *x = neap_empty(dtype, shape);
    if (!x)
        return NULL;
    char *to = x->storage->data;
    size_t bytes = x->storage->bytes, done = neap_dtype_size(dtype);
    if (bytes)
        neap_convert(1, NEAP_F64, &value, dtype, to);
    for (; done < bytes; done *= 2)
        memcpy(to + done, to, done < bytes - done ? done : bytes - done);
    return x;
}

neap_tensor *neap_scalar(double value)
{
    return neap_full(NEAP_F32, (neap_shape){0}, value);
}

neap_tensor *neap_arange(neap_dtype dtype, double start, double step, int64_t count)
{
    neap_tensor *x = neap_empty(dtype, neap_dims(count));
    for (int64_t i = 0; x && i < count; i++) {
        double value = start + step * (double)i;
        neap_convert(1, NEAP_F64, &value, dtype, (char *)x->storage->data + (size_t)i * neap_dtype_size(dtype));
    }
    return x;
}

void *neap_data(neap_tensor *x)
{
    if (!x)
        return NULL;
    if (!neap_is_contiguous(x))
        return neap_fail_null("tensor: expected adjacent elements, got a strided view (neap_contiguous makes a copy)");
    return neap_tensor_bytes(x);
}

int neap_read(neap_tensor *x, neap_dtype dtype, void *out)
{
    neap_scope scope = neap_scope_open();
    const neap_tensor *packed = neap_tensor_pack(x);
    if (packed)
        neap_convert(neap_size(x), x->dtype, neap_tensor_bytes(packed), dtype, out);
    neap_scope_close(scope);
    return packed ? 0 : -1;
}

int neap_write(neap_tensor *x, neap_dtype dtype, const void *data)
{
    if (!x)
        return -1;
    neap_scope scope = neap_scope_open();
    neap_tensor *packed = neap_is_contiguous(x) ? x : neap_empty(x->dtype, x->shape);
    if (packed)
        neap_convert(neap_size(x), dtype, data, x->dtype, neap_tensor_bytes(packed));
    if (packed && packed != x)
        neap_tensor_copy(x, packed);
    if (packed)
        neap_tensor_touch(x);
    neap_scope_close(scope);
    return packed ? 0 : -1;
}

double neap_item(neap_tensor *x)
{
    char text[NEAP_SHAPE_TEXT];
    double value = NAN;
    if (!x)
        return NAN;
    if (neap_size(x) != 1)
        neap_fail("item: expected one element, got %s", neap_shape_text(x->shape, text));
    else
        neap_convert(1, x->dtype, neap_tensor_bytes(x), NEAP_F64, &value);
    return value;
}
