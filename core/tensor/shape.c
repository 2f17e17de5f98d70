/* Dtypes and shapes: sizes, names, comparisons. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>

#include "tensor/tensor.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[NEAP_DTYPE_COUNT] = {
    [NEAP_F32] = {"f32", 4}, [NEAP_F64] = {"f64", 8}, [NEAP_BF16] = {"bf16", 2}, [NEAP_I32] = {"i32", 4}, [NEAP_U8] = {"u8", 1},
};

size_t neap_dtype_size(neap_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *neap_dtype_name(neap_dtype dtype)
{
    return dtypes[dtype].name;
}

int neap_dtype_parse(const char *name)
{
    for (int i = 0; i < NEAP_DTYPE_COUNT; i++)
        if (strcmp(name, dtypes[i].name) == 0)
            return i;
    return neap_fail("dtype: expected f32, f64, bf16, i32 or u8, got '%s'", name);
}

int64_t neap_shape_size(neap_shape shape)
{
    int64_t size = 1; /* sizes of 0 are left out, so that strides are checked as well */
    bool empty = false;
    for (int i = 0; i < shape.rank; i++) {
        empty |= shape.dim[i] == 0;
        if (shape.dim[i] < 0 || (shape.dim[i] && __builtin_mul_overflow(size, shape.dim[i], &size)))
            return -1;
    }
    return empty ? 0 : size;
}

bool neap_shape_equal(neap_shape a, neap_shape b)
{
    return a.rank == b.rank && (a.rank == 0 || memcmp(a.dim, b.dim, (size_t)a.rank * sizeof a.dim[0]) == 0);
}

const char *neap_shape_text(neap_shape shape, char text[NEAP_SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, NEAP_SHAPE_TEXT, "[");
    for (int i = 0; i < shape.rank; i++)
        used += (size_t)snprintf(text + used, NEAP_SHAPE_TEXT - used, "%s%lld", i ? ", " : "", (long long)shape.dim[i]);
    snprintf(text + used, NEAP_SHAPE_TEXT - used, "]");
    return text;
}

void neap_strides_of(neap_shape shape, int64_t stride[NEAP_MAX_RANK])
{
    int64_t step = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape.dim[i];
    }
}
