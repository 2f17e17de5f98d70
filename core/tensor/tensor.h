/*
 * The struct of tensors; for core/tensor, core/ops and core/autograd only.
 */
#ifndef NEAP_TENSOR_INTERNAL_H
#define NEAP_TENSOR_INTERNAL_H

#include <stdatomic.h>

#include <neap/tensor.h>

/* The first members of a node of the tape (core/autograd/node.h). */
typedef struct neap_node neap_node;
struct neap_node {
    atomic_int owners;
    void (*destroy)(neap_node *self);
    neap_node *next_dead; /* long chains are freed in a loop, without recursion */
};

neap_node *neap_node_keep(neap_node *node); /* NULL gives NULL */
void neap_node_release(neap_node *node);

typedef struct neap_storage {
    atomic_int owners;
    uint32_t version; /* counts in-place writes, so that the tape detects changed values */
    size_t bytes;
    void *data;
} neap_storage;

struct neap_tensor {
    atomic_int owners;
    neap_dtype dtype;
    neap_shape shape;
    int64_t stride[NEAP_MAX_RANK]; /* in elements */
    int64_t offset;                /* in elements */
    neap_storage *storage;         /* NULL: a placeholder, of which only the shape is known */
    neap_node *node;               /* owned; NULL: needs no gradient */
};

/* A tensor without storage, with one owner, outside any scope; and storage for one. */
neap_tensor *neap_tensor_new(neap_dtype dtype, neap_shape shape);
neap_storage *neap_storage_new(size_t bytes);

/* Hands a tensor with one owner to the innermost scope; releases it and returns NULL when that fails. */
neap_tensor *neap_scope_adopt(neap_tensor *x);

/* Shares x's storage under another shape; no history. In the innermost scope. */
neap_tensor *neap_tensor_view(const neap_tensor *x, neap_shape shape, const int64_t *stride, int64_t offset);
/* Shape and dtype alone, and with the storage: owned by the caller, without history, outside any scope. */
neap_tensor *neap_tensor_placeholder(const neap_tensor *x);
neap_tensor *neap_tensor_alias(const neap_tensor *x);

/* The first element; strides apply. Never NULL for a tensor with storage. */
static inline void *neap_tensor_bytes(const neap_tensor *x)
{
    return (char *)x->storage->data + (size_t)x->offset * neap_dtype_size(x->dtype);
}

void neap_strides_of(neap_shape shape, int64_t stride[NEAP_MAX_RANK]); /* row-major */
void neap_tensor_touch(neap_tensor *x);                                 /* counts an in-place write */

/* y <- x, of equal shape and dtype, any strides. */
void neap_tensor_copy(neap_tensor *y, const neap_tensor *x);
/* y[0..n) <- x[0..n) between any two dtypes. */
void neap_convert(int64_t n, neap_dtype from, const void *x, neap_dtype to, void *y);
/* x itself, or a contiguous copy with the same history (node). */
neap_tensor *neap_tensor_pack(neap_tensor *x);

#endif
