/* The members of a condition, for core/nn and for the network calls of core/run. */
#ifndef NEAP_NN_CONDITION_H
#define NEAP_NN_CONDITION_H

#include <stdatomic.h>

#include <neap/condition.h>

struct neap_condition {
    atomic_int owners;
    int64_t rows;
    const void *prepared_by; /* the network that prepared it, for comparison only; NULL: none */
    neap_condition *raw;     /* owned: the condition before it was prepared, for other networks; NULL when not prepared */
    neap_condition *null;    /* owned: the result of neap_condition_null; NULL: rows without any kind */
    neap_tensor *part[NEAP_CONDITION_KINDS]; /* owned, or NULL */
};

/* A copy in the innermost scope. The caller may change it with neap_condition_put until others see it. */
neap_condition *neap_condition_copy(const neap_condition *c);

/* Sets one kind of such a copy; x NULL removes it. */
void neap_condition_put(neap_condition *c, neap_condition_kind kind, neap_tensor *x);

/* Do these LABELS have a weight for each class, f32 [B, classes + 1]? */
bool neap_labels_are_weights(const neap_tensor *labels);

/* `rows` null rows with dtype and sizes of `like`. */
neap_tensor *neap_condition_null_part(neap_condition_kind kind, const neap_tensor *like, int64_t rows);

/* LENGTHS, i32 [B]. Without them, the whole width of TEXT or of TOKENS for each row; 0 when there is neither. */
neap_tensor *neap_condition_lengths(const neap_condition *c);

#endif
