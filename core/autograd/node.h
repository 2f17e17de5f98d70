/*
 * A node of the tape: the recorded call, the tensors that its gradient needs, and the nodes of its inputs. A leaf is a
 * node without a call. Nodes reference their inputs and never their users, so there are no cycles.
 */
#ifndef NEAP_NODE_H
#define NEAP_NODE_H

#include "ops/op.h"

typedef struct neap_tape_node {
    neap_node head;
    uint64_t sequence;     /* grows with time: inputs come before users */
    neap_call call;        /* op NULL: a leaf. Its tensors have no history; those that were not saved have no elements */
    neap_node *edge[NEAP_MAX_ARITY]; /* of the inputs; NULL for an input that requires no gradient */
    uint32_t version[NEAP_MAX_ARITY], out_version; /* of the saved elements, when the call was recorded */
    bool spent;            /* a backward pass released the saved tensors */
    neap_tensor *grad;     /* leaf: the sum of neap_backward's gradients */
    char *name;            /* leaf: owned; NULL: none */
    /* State of the current pass. */
    uint64_t pass;
    bool useful;           /* some tensor whose gradient is requested was used to make it */
    neap_tensor *pending;  /* the gradient so far */
} neap_tape_node;

static inline neap_tape_node *neap_tape_node_of(const neap_tensor *x)
{
    return (neap_tape_node *)x->node;
}

/* The nodes that y depends on, oldest first; `pass` of each is the list's number. The caller frees `node`. */
typedef struct neap_tape_list {
    neap_tape_node **node;
    int64_t count, capacity;
    uint64_t number;
} neap_tape_list;
int neap_tape_list_fill(neap_tape_list *list, neap_tensor *y); /* of an empty list; 0 or -1 */

/* Records a call: call->out gets a node. Inputs are those given to the op. Returns 0 or -1. */
int neap_tape_record(neap_call *call);
bool neap_tape_wants(const neap_call *call); /* recording is on, and some input requires a gradient */
void neap_tape_forget(neap_tape_node *node); /* releases the saved tensors */

#endif
