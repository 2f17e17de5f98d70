/* What a condition is made of; for core/nn and for the network calls in core/run. */
#ifndef NEAP_NN_CONDITION_H
#define NEAP_NN_CONDITION_H

#include <stdatomic.h>

#include <neap/condition.h>

struct neap_condition {
    atomic_int owners;
    int64_t rows;
    const void *prepared_by; /* the network that fitted and encoded it; NULL: none has */
    neap_condition *raw;     /* owned: what it was before that, for other networks; NULL: the condition itself */
    neap_tensor *part[NEAP_CONDITION_KINDS]; /* owned, or NULL */
};

/* A copy that the scope owns and that the caller may change until it hands it out. */
neap_condition *neap_condition_copy(const neap_condition *c);

/* Sets one kind of a copy; x NULL removes it. */
void neap_condition_put(neap_condition *c, neap_condition_kind kind, neap_tensor *x);

/* Is this the form of LABELS with a weight for each class? */
bool neap_labels_are_weights(const neap_tensor *labels);

/* Rows that are told nothing, in the form of `like`: `rows` of them. */
neap_tensor *neap_condition_nothing(neap_condition_kind kind, const neap_tensor *like, int64_t rows);

#endif
