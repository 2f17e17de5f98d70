/*
 * Reverse-mode differentiation. While recording is on, an op with an input that wants a gradient leaves a node on the
 * tape: which op, its attributes, and the inputs and outputs its row says the gradient needs. A node lives as long as
 * a tensor or node made from it; so memory is what the backward pass needs, and nothing else.
 *
 * Gradients are written in ops. With NEAP_CREATE_GRAPH they are recorded in turn and can be differentiated again.
 */
#ifndef NEAP_AUTOGRAD_H
#define NEAP_AUTOGRAD_H

#include <neap/tensor.h>

/* Recording is on by default, per thread. Both return the former state. */
bool neap_record(bool on);
bool neap_recording(void);

/* Marks a leaf as wanting a gradient (f32 or f64, not made by a recorded op). */
int neap_require_grad(neap_tensor *x, bool on);
bool neap_requires_grad(const neap_tensor *x); /* a marked leaf, or made from one while recording */

enum {
    NEAP_CREATE_GRAPH = 1, /* record the gradients too; keeps the graph */
    NEAP_KEEP_GRAPH = 2    /* keep what the tape holds, for another pass */
};

/* d(sum(seed * y)) / dx for each x, written to gradients[]; seed NULL stands for ones and needs a y of one element.
 * An x that y does not depend on gets zeros. The gradients belong to the innermost scope. */
int neap_gradients(neap_tensor *y, neap_tensor *seed, neap_tensor *const *x, int count, unsigned flags,
                   neap_tensor **gradients);

/* The same for every leaf, added to what neap_grad(leaf) holds. */
int neap_backward(neap_tensor *y, neap_tensor *seed, unsigned flags);
neap_tensor *neap_grad(const neap_tensor *leaf); /* borrowed; NULL without a message when there is none */
void neap_grad_clear(neap_tensor *leaf);

/* The same elements without their history. */
neap_tensor *neap_detach(neap_tensor *x);

/* The oldest tensor with a NaN or an infinity among those that y's tape holds, in words: "input 0 of 'log', [64, 10]". False
 * where there is none, or where they are let go of. */
#define NEAP_BLAME_TEXT 288
bool neap_find_not_finite(neap_tensor *y, char text[NEAP_BLAME_TEXT]);

/* Compares the gradients of a scalar function with central differences, in f64, element by element: both must agree
 * within tolerance * max(1, |numeric|). `second` checks the gradient of the gradient too. */
typedef neap_tensor *neap_function(void *user, neap_tensor *const *x);
int neap_gradient_check(neap_function *f, void *user, neap_tensor *const *x, int count, double tolerance, bool second);

#endif
