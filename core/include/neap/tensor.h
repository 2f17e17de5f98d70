/*
 * Tensors: strided views of shared storage, row-major, images NHWC.
 *
 * Ownership. Every function borrows its arguments. A tensor made by an op belongs to the innermost open scope of its
 * thread and is released when that scope closes; neap_keep makes it outlive the scope. One scope per block of a network
 * bounds memory. The tape holds the tensors that gradients need.
 *
 * Errors. A failing function returns NULL (or -1) and records a message; given NULL, it returns NULL and leaves the
 * first message in place.
 */
#ifndef NEAP_TENSOR_H
#define NEAP_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <neap/dtype.h>

typedef struct neap_tensor neap_tensor;

#define NEAP_MAX_RANK 8

typedef struct neap_shape {
    int rank;
    int64_t dim[NEAP_MAX_RANK];
} neap_shape;

/* neap_dims(64, 28, 28, 1): a shape from its sizes; at least one. The shape of a scalar is (neap_shape){0}. */
#define neap_dims(...)                                                                                              \
    ((neap_shape){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})

/* Number of elements; -1 when a size is negative or the product of those that are not 0 overflows. */
int64_t neap_shape_size(neap_shape shape);
bool neap_shape_equal(neap_shape a, neap_shape b);
#define NEAP_SHAPE_TEXT 192
const char *neap_shape_text(neap_shape shape, char text[NEAP_SHAPE_TEXT]); /* "[64, 28, 28, 1]" */

/* Scopes nest; closing one closes those opened after it. */
typedef size_t neap_scope;
neap_scope neap_scope_open(void);
void neap_scope_close(neap_scope scope);
neap_tensor *neap_scope_return(neap_scope scope, neap_tensor *result); /* closes; result moves to the outer scope */

neap_tensor *neap_keep(neap_tensor *x);   /* makes the caller an owner and returns x; NULL gives NULL */
void neap_release(neap_tensor *x);        /* gives up ownership; NULL is ignored */

/* New tensors, in the innermost scope. */
neap_tensor *neap_empty(neap_dtype dtype, neap_shape shape);
neap_tensor *neap_zeros(neap_dtype dtype, neap_shape shape);
neap_tensor *neap_full(neap_dtype dtype, neap_shape shape, double value);
neap_tensor *neap_scalar(double value); /* f32, rank 0 */
neap_tensor *neap_arange(neap_dtype dtype, double start, double step, int64_t count);
neap_tensor *neap_from(neap_dtype dtype, neap_shape shape, const void *data); /* copies */

/* Properties. */
neap_dtype neap_dtype_of(const neap_tensor *x);
neap_shape neap_shape_of(const neap_tensor *x);
int neap_rank(const neap_tensor *x);
int64_t neap_dim(const neap_tensor *x, int axis); /* negative axes count from the end; 0 outside */
int64_t neap_size(const neap_tensor *x);
bool neap_is_contiguous(const neap_tensor *x);

/* The elements of a contiguous tensor; NULL with a message for a strided view or NULL. Only write to tensors that the
 * caller made and that no op has read. */
void *neap_data(neap_tensor *x);

/* Copies all elements out in row-major order, converted to `dtype`; `out` holds neap_size(x) of them. */
int neap_read(neap_tensor *x, neap_dtype dtype, void *out);
/* Overwrites all elements in place: for parameters and optimiser state between steps. The backward pass of a tape that
 * saved the old values fails. */
int neap_write(neap_tensor *x, neap_dtype dtype, const void *data);
double neap_item(neap_tensor *x); /* the only element; NaN with a message otherwise */

#endif
