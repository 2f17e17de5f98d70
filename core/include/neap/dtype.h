/*
 * Element types of tensors.
 */
#ifndef NEAP_DTYPE_H
#define NEAP_DTYPE_H

#include <stddef.h>

typedef enum neap_dtype {
    NEAP_F32,
    NEAP_F64, /* for gradient checks and reference results; every op takes it, none is optimised for it */
    NEAP_BF16,
    NEAP_I32,
    NEAP_U8,
    NEAP_DTYPE_COUNT
} neap_dtype;

size_t neap_dtype_size(neap_dtype dtype);
const char *neap_dtype_name(neap_dtype dtype); /* "f32", "f64", "bf16", "i32", "u8" */
int neap_dtype_parse(const char *name);        /* a neap_dtype, or -1 with a message */

#endif
