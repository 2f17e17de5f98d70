/*
 * A node of the tape: the call it records, what the gradient needs of it, and the nodes of its inputs. A leaf is a
 * node without a call. Nodes know their inputs and never their users, so there are no cycles.
 */
#ifndef NEAP_NODE_H
#define NEAP_NODE_H

#include "ops/op.h"

typedef struct neap_tape_node {
    neap_node head;
    uint64_t sequence;     /* grows with time: inputs come before users */
    neap_call call;        /* op NULL: a leaf. Its tensors have no history of their own, or are ghosts */
    neap_node *edge[NEAP_MAX_ARITY]; /* of the inputs; NULL where one wants no gradient */
    uint32_t version[NEAP_MAX_ARITY], out_version; /* of the elements held, when the call was recorded */
    bool spent;            /* the backward pass let go of what it held */
    neap_tensor *grad;     /* leaf: what neap_backward accumulates */
    /* Of the pass under way. */
    uint64_t pass;
    bool useful;           /* leads to something a gradient is wanted of */
    neap_tensor *pending;  /* the gradient so far */
} neap_tape_node;

static inline neap_tape_node *neap_tape_node_of(const neap_tensor *x)
{
    return (neap_tape_node *)x->node;
}

/* The nodes that y was made from, oldest first; each bears the list's number in `pass`. The caller frees `node`. */
typedef struct neap_tape_list {
    neap_tape_node **node;
    int64_t count, capacity;
    uint64_t number;
} neap_tape_list;
int neap_tape_list_fill(neap_tape_list *list, neap_tensor *y); /* of an empty list; 0 or -1 */

/* Puts a call on the tape: call->out gets a node. Inputs are as they were given to the op. Returns 0 or -1. */
int neap_tape_record(neap_call *call);
bool neap_tape_wants(const neap_call *call); /* recording, and some input wants a gradient */
void neap_tape_forget(neap_tape_node *node); /* lets go of what the gradient would need */

#endif
