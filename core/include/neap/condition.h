/*
 * Conditions: what a network is told about each row of a batch besides x and t. A label, a text, tokens, a picture.
 *
 * A condition is opaque and never changes once made. It belongs to the innermost scope, as a tensor does, and keeps its
 * tensors alive. NULL is the condition that tells nothing; a function given NULL while a message is pending fails, as ops do.
 *
 * A row may be told nothing while its neighbours are told something. It then has the label -1 (or the whole weight on the last
 * column), the length 0, and zeros as POOLED and PICTURE. A network is always given every kind that it takes, filled up
 * with such rows, and its null label is `classes`.
 */
#ifndef NEAP_CONDITION_H
#define NEAP_CONDITION_H

#include <neap/random.h>
#include <neap/tensor.h>

typedef struct neap_condition neap_condition;

typedef enum neap_condition_kind {
    NEAP_LABELS,  /* i32 [B], or weights of classes f32 [B, classes + 1], whose last column is the null class */
    NEAP_TEXT,    /* u8 [B, L]: UTF-8 */
    NEAP_LENGTHS, /* i32 [B] in [0, L]: bytes of TEXT or number of TOKENS that count; the rest is padding */
    NEAP_TOKENS,  /* f32 [B, L, D] */
    NEAP_POOLED,  /* f32 [B, D] */
    NEAP_PICTURE, /* f32 [B, H, W, C] */
    NEAP_CONDITION_KINDS
} neap_condition_kind;

/* "labels", "text", ...; NULL for anything else. */
const char *neap_condition_kind_name(neap_condition_kind kind);

/* `rows` rows that are told nothing. */
neap_condition *neap_condition_new(int64_t rows);

/* `c` with one kind set; x NULL removes it. Fails when dtype, rank or rows do not fit the kind. Sizes beyond the rows are
 * checked against the network when it is called. */
neap_condition *neap_condition_with(const neap_condition *c, neap_condition_kind kind, neap_tensor *x);

int64_t neap_condition_rows(const neap_condition *c);

/* The tensor of one kind, borrowed; NULL without a message where nothing was told. TEXT or TOKENS without LENGTHS count in
 * full. */
neap_tensor *neap_condition_get(const neap_condition *c, neap_condition_kind kind);

/* The same rows, told nothing. */
neap_condition *neap_condition_null(const neap_condition *c);

/* The rows of a, then those of b. What only one side has is filled up; shorter texts and token lists are padded; labels become
 * weights where the other side has weights. */
neap_condition *neap_condition_join(const neap_condition *a, const neap_condition *b);

/* Rows picked by `rows`, i32 [n], from 0. */
neap_condition *neap_condition_take(const neap_condition *c, neap_tensor *rows);

/* Each row told nothing with this probability, all of its kinds at once. Row i draws sample first + i of `random`, so that the
 * draws do not depend on how a global batch is split. Classifier-free guidance (Ho and Salimans 2022) trains so. */
neap_condition *neap_condition_drop(const neap_condition *c, double probability, neap_random random, uint64_t first);

/* Owners beyond the scope, as neap_keep and neap_release; and a result handed to the scope outside, as
 * neap_scope_return. */
neap_condition *neap_condition_keep(neap_condition *c);
void neap_condition_release(neap_condition *c);
neap_condition *neap_condition_return(neap_scope scope, neap_condition *c);

#endif
