/*
 * Element types of arrays in files, and the dtypes of the core that they are read as.
 */
#ifndef NEAP_IO_ELEMENTS_H
#define NEAP_IO_ELEMENTS_H

#include <neap/tensor.h>

typedef struct neap_element {
    const char *safetensors, *numpy; /* its names; NumPy's without the byte order; NULL: the format has none */
    size_t bytes;
    neap_dtype dtype; /* reading fails for the first value that it cannot represent */
    /* NULL where the bytes are copied. Fails without the name of the file. */
    int (*read)(const uint8_t *from, void *to, int64_t count);
} neap_element;

/* By the name in one of the two formats; NULL, without a message, if the core has no dtype for it. */
const neap_element *neap_element_of_safetensors(const char *name);
const neap_element *neap_element_of_numpy(const char *name);

/* A new tensor from little-endian elements in row-major order, as many as the shape says. */
neap_tensor *neap_element_tensor(const neap_element *element, neap_shape shape, const void *from);

#endif
