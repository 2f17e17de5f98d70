/* New tensors and views, in the innermost scope. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

neap_tensor *neap_empty(neap_dtype dtype, neap_shape shape)
{
    char text[NEAP_SHAPE_TEXT];
    if (!neap_kernels_for(NEAP_F32)) /* NEAP_CPU or NEAP_GEMM means nothing: no op could touch the tensor */
        return NULL;
    int64_t size = shape.rank > NEAP_MAX_RANK ? -1 : neap_shape_size(shape);
    if (size < 0 || size > (int64_t)(PTRDIFF_MAX / (int64_t)sizeof(double)))
        return neap_fail_null("tensor: expected at most %d axes of sizes from 0, got %s", NEAP_MAX_RANK,
                              shape.rank > NEAP_MAX_RANK ? "more" : neap_shape_text(shape, text));
    neap_tensor *x = neap_tensor_new(dtype, shape);
    if (!x)
        return NULL;
    x->storage = neap_storage_new((size_t)size * neap_dtype_size(dtype));
    if (!x->storage) {
        neap_release(x);
        return NULL;
    }
    return neap_scope_adopt(x);
}

neap_tensor *neap_zeros(neap_dtype dtype, neap_shape shape)
{
    neap_tensor *x = neap_empty(dtype, shape);
    if (x)
        memset(x->storage->data, 0, x->storage->bytes);
    return x;
}

neap_tensor *neap_from(neap_dtype dtype, neap_shape shape, const void *data)
{
    neap_tensor *x = neap_empty(dtype, shape);
    if (x && x->storage->bytes)
        memcpy(x->storage->data, data, x->storage->bytes);
    return x;
}

neap_tensor *neap_tensor_view(const neap_tensor *x, neap_shape shape, const int64_t *stride, int64_t offset)
{
    neap_tensor *view = neap_tensor_alias(x);
    if (!view)
        return NULL;
    view->shape = shape;
    if (shape.rank)
        memcpy(view->stride, stride, (size_t)shape.rank * sizeof *stride);
    view->offset = offset;
    return neap_scope_adopt(view);
}
