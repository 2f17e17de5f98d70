/*
 * Reverse-mode differentiation. While recording is on, an op with an input that requires a gradient adds a node to the
 * tape: the op, its attributes, and the inputs and outputs that its gradient needs. A node lives as long as a tensor or
 * node made from it, so the tape holds what the backward pass needs and nothing else.
 *
 * Gradients are written in ops. With NEAP_CREATE_GRAPH they are recorded in turn and can be differentiated again.
 *
 * Recording is a setting of each thread. Tensors of one tape belong to one thread at a time.
 */
#ifndef NEAP_AUTOGRAD_H
#define NEAP_AUTOGRAD_H

#include <neap/tensor.h>

/* Recording is on by default, per thread. neap_record returns the previous state. */
bool neap_record(bool on);
bool neap_recording(void);

/* Marks a leaf as requiring a gradient (f32 or f64, not made by a recorded op). */
int neap_require_grad(neap_tensor *x, bool on);
bool neap_requires_grad(const neap_tensor *x); /* a marked leaf, or made from one while recording */

enum {
    NEAP_CREATE_GRAPH = 1, /* record the gradients too; keeps the graph */
    NEAP_KEEP_GRAPH = 2    /* keep the saved tensors for another pass */
};

/* d(sum(seed * y)) / dx for each x, written to gradients[]; seed NULL stands for ones and requires a y of one element.
 * An x that y does not depend on gets zeros. The gradients belong to the innermost scope. */
int neap_gradients(neap_tensor *y, neap_tensor *seed, neap_tensor *const *x, int count, unsigned flags,
                   neap_tensor **gradients);

/* The same for every leaf, added to neap_grad(leaf). */
int neap_backward(neap_tensor *y, neap_tensor *seed, unsigned flags);
neap_tensor *neap_grad(const neap_tensor *leaf); /* borrowed; NULL without a message if there is none */
void neap_grad_clear(neap_tensor *leaf);

/* The same elements without their history. */
neap_tensor *neap_detach(neap_tensor *x);

/* Replaces the results of neap_detach on this thread, so that a check of gradients by differences can hold constant what is
 * detached: `replace` gets each result and returns it, or another tensor of its shape. NULL ends this. */
typedef neap_tensor *neap_detached(void *user, neap_tensor *x);
void neap_on_detach(neap_detached *replace, void *user);

/* --- Finding errors ------------------------------------------------------------------------------------------------ */

/* Finds the oldest tensor with NaN or infinity that y's tape saved, and describes it: "input 0 of 'log', [64, 10]". False if
 * there is none, or if a backward pass has released it. */
#define NEAP_BLAME_TEXT 288
bool neap_find_not_finite(neap_tensor *y, char text[NEAP_BLAME_TEXT]);

/* The tape of y as text, or NULL with a message where y has none; the caller frees it with neap_free. One line per op, from y
 * back: the output, the op, its inputs with their dtypes and shapes. `#n` is the output of another line, `saved` marks tensors
 * whose elements the gradient reads, `statistics` are saved results besides the output:
 *
 *   tape of f32 []: 2 ops, 1 leaf
 *   #3 f32 [] = sum(#2 f32 [64, 2])
 *   #2 f32 [64, 2] = mul(leaf 'head.weight' f32 [64, 2] saved, constant f32 [64, 2] saved) */
char *neap_tape_dump(neap_tensor *y);

/* Names a leaf in dumps; the name is copied. Parameters of a model have theirs. neap_require_grad(leaf, false) removes it. */
int neap_tape_name(neap_tensor *leaf, const char *name);

/* A scalar function of its inputs; NULL with a message on failure. The result belongs to the innermost scope. */
typedef neap_tensor *neap_function(void *user, neap_tensor *const *x);

/* The element with the largest error. */
typedef struct neap_gradient_report {
    int order;                /* 1: a gradient, 2: a gradient of the gradient; 0: nothing was compared */
    int input;                /* from 0 */
    int64_t element;          /* from 0, in row-major order */
    double analytic, numeric; /* the gradient, and the central difference */
    double error;             /* |analytic - numeric| / max(1, |numeric|) */
    bool wrong;               /* error exceeds the tolerance */
} neap_gradient_report;

/* Compares the gradients of f with central differences, element by element: errors must not exceed `tolerance`. `second`
 * compares gradients of a weighted sum of the gradients too, with 10 times the tolerance. x: 1 to NEAP_MAX_ARITY contiguous f64
 * leaves; they are marked as requiring a gradient, and their elements change while f is called and are restored. f must
 * compute in f64 and return the same value for the same inputs. Returns 0, or -1 with a message; `worst` may be NULL. */
int neap_gradient_check(neap_function *f, void *user, neap_tensor *const *x, int count, double tolerance, bool second,
                        neap_gradient_report *worst);

#endif
