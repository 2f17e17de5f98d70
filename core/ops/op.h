/*
 * What one row of ops.def becomes: a shape rule, a forward pass and a gradient.
 *
 * The dispatch (dispatch.c) refuses NULL, unknown attributes and mixed dtypes, makes the inputs contiguous unless the row
 * takes strides, applies the shape rule, calls forward, and records a node on the tape that holds what `needs` names. A
 * gradient is written in ops on call->in, call->out and g: all carry their history, so it can be differentiated again.
 * Inputs that `needs` does not name have a shape in it and no elements.
 */
#ifndef NEAP_OP_H
#define NEAP_OP_H

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/ops.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

#define NEAP_OP_AUX 2

typedef struct neap_call {
    const struct neap_op *op;
    int count;
    neap_tensor *in[NEAP_MAX_ARITY];
    bool wants[NEAP_MAX_ARITY]; /* gradient: which inputs need one */
    bool recorded;              /* forward: the call will be recorded on the tape */
    neap_attrs attrs;
    neap_shape shape; /* of the output, by the shape rule */
    neap_dtype dtype;
    neap_tensor *out; /* made before forward, except for views */
    neap_tensor *aux[NEAP_OP_AUX]; /* made by forward for the gradient: row statistics, log-sum-exp */
    const neap_kernels *kernels;   /* for the dtype of the first f32 or f64 input; NULL without one */
} neap_call;

/* Bits of `needs`. Bit i below 16: the gradient reads input i. */
enum {
    NEAP_NEEDS_OUT = 1 << 16,
    NEAP_NEEDS_AUX = 1 << 17,
    NEAP_TAKES_STRIDES = 1 << 18, /* forward reads inputs through their strides */
    NEAP_TAKES_DTYPES = 1 << 19,  /* inputs need not be all f32 or all f64: the shape rule checks them */
    NEAP_MAKES_VIEW = 1 << 20,    /* forward sets call->out to a view; takes strides too */
    NEAP_NO_GRADIENT = 1 << 21,   /* not differentiable */
    NEAP_WRITES = 1 << 22         /* shifted by i: forward updates input i in place; contiguous, without history */
};
#define NEAP_MAX_WRITTEN 10 /* inputs with a bit of NEAP_WRITES: the first ones */

typedef struct neap_op {
    neap_op_info info;
    unsigned needs;
    /* Checks inputs and attributes (normalising negative axes in place) and sets call->shape; call->dtype is the first
     * input's beforehand. */
    int (*shape)(neap_call *call);
    int (*forward)(neap_call *call);
    /* Sets gx[i] for each input that call->wants[i]; others may stay NULL. Returns 0, or -1 with a message. */
    int (*gradient)(const neap_call *call, neap_tensor *g, neap_tensor **gx);
} neap_op;

/* NEAP_OP_exp, NEAP_OP_add, ... and the table they index. */
#define OP(name, low, high, attrs, needs, shape, forward, gradient, help) NEAP_OP_##name,
typedef enum {
#include "ops/ops.def"
    NEAP_OP_COUNT
} neap_op_id;
#undef OP
extern const neap_op neap_ops[NEAP_OP_COUNT];

/* The functions that the rows name; each family's file defines its own. */
#define OP(name, low, high, attrs, needs, shape, forward, gradient, help)                                           \
    int neap_shape_##shape(neap_call *call);                                                                        \
    int neap_##forward(neap_call *call);                                                                            \
    int neap_##gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx);
#include "ops/ops.def"
#undef OP

static inline bool neap_is_real(const neap_tensor *x)
{
    return x->dtype == NEAP_F32 || x->dtype == NEAP_F64;
}

/* Helpers that families share (rules.c). */
int neap_broadcast_shapes(const char *op, neap_shape a, neap_shape b, neap_shape *out);
int neap_axis_check(const char *op, int64_t *axis, int rank); /* negative counts from the end */
int neap_op_fail(const neap_call *call, const char *expected); /* `op: expected .., got [shapes of inputs]`; -1 */
int neap_has(const neap_tensor *x);                            /* 0, or -1 for NULL: the status of a gradient */

/* One-line calls: neap_apply1(NEAP_OP_exp, x, NULL). */
neap_tensor *neap_apply1(neap_op_id op, neap_tensor *x, const neap_attrs *attrs);
neap_tensor *neap_apply2(neap_op_id op, neap_tensor *a, neap_tensor *b, const neap_attrs *attrs);
neap_tensor *neap_apply3(neap_op_id op, neap_tensor *a, neap_tensor *b, neap_tensor *c, const neap_attrs *attrs);

#endif
