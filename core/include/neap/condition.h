/*
 * Conditions: what a network receives for each row of a batch besides x and t. A label, a text, tokens, a picture.
 *
 * A condition is opaque and immutable. It belongs to the innermost scope, as a tensor does, and keeps its tensors alive.
 * NULL stands for no condition. Ops return NULL when they fail; so a function that is given NULL while a message is
 * pending fails, too.
 *
 * Single rows may be null (unconditional) beside others that are not. A null row has the label -1 (or the whole weight on
 * the last column), the length 0, and zeros as POOLED and PICTURE. An architecture always receives every kind that it
 * takes: missing kinds are filled with null rows, and the label -1 becomes `classes`, the null class.
 *
 * Functions may be called from any thread, as ops may. They fail as tensor.h says: NULL with a message.
 */
#ifndef NEAP_CONDITION_H
#define NEAP_CONDITION_H

#include <neap/random.h>
#include <neap/tensor.h>

typedef struct neap_condition neap_condition;

/* B is the number of rows. */
typedef enum neap_condition_kind {
    NEAP_LABELS,  /* i32 [B], or weights of classes f32 [B, classes + 1], whose last column is the null class */
    NEAP_TEXT,    /* u8 [B, L]: UTF-8 */
    NEAP_LENGTHS, /* i32 [B] in [0, L]: how many bytes of TEXT, or how many TOKENS, are not padding */
    NEAP_TOKENS,  /* f32 [B, L, D] */
    NEAP_POOLED,  /* f32 [B, D] */
    NEAP_PICTURE, /* f32 [B, H, W, C], in [-1, 1] */
    NEAP_CONDITION_KINDS
} neap_condition_kind;

/* "labels", "text", ...; NULL without a message for any other number. */
const char *neap_condition_kind_name(neap_condition_kind kind);

/* `rows` null rows, without any kind. */
neap_condition *neap_condition_new(int64_t rows);

/* `c` with one kind set; x NULL removes it. Fails when dtype, rank or rows do not fit the kind. The other sizes are checked
 * when a network is called. */
neap_condition *neap_condition_with(const neap_condition *c, neap_condition_kind kind, neap_tensor *x);

int64_t neap_condition_rows(const neap_condition *c); /* 0 for NULL */

/* The tensor of one kind, borrowed; NULL without a message when the condition has none. TEXT or TOKENS without LENGTHS have
 * no padding. */
neap_tensor *neap_condition_get(const neap_condition *c, neap_condition_kind kind);

/* The condition of one text in each row: TEXT of the length of the longest, at least 1 and at most `most` bytes, which is the
 * spec.text of the network, and LENGTHS. An empty text is a null row. A text that is longer is cut at the boundary of a
 * character, with one warning for all of them, which says after which byte, and what is lost. Fails for a text that is not
 * UTF-8 or holds a NUL. Messages begin with `what`, such as "text", and the number of the text from 1. */
typedef struct neap_string {
    const char *bytes; /* borrowed; no NUL need follow */
    size_t size;
} neap_string;
neap_condition *neap_condition_texts(const char *what, const neap_string *texts, int64_t rows, int64_t most);
/* Checks one text by the same rule: UTF-8 without NUL. Returns 0, or -1 with a message that says after what it breaks. */
int neap_string_check(neap_string text);

/* What is used in place of `c` for rows that are told nothing, as the velocity that a guidance leads away from: as many null
 * rows, unless others were given. */
neap_condition *neap_condition_null(const neap_condition *c);

/* `c` with other rows for neap_condition_null: the condition of a negative text, or null rows that a network has prepared.
 * Fails unless `null` has as many rows, and unless one network prepared both or none prepared either. Taking rows takes
 * those of `null`, too; a join drops them. */
neap_condition *neap_condition_with_null(const neap_condition *c, const neap_condition *null);

/* The rows of a, then those of b. A kind that only one of them has is filled with null rows. The shorter texts or token
 * lists are padded. Labels of one side become weights when the other side has weights. */
neap_condition *neap_condition_join(const neap_condition *a, const neap_condition *b);

/* The rows with the indices `rows`, i32 [n], from 0. */
neap_condition *neap_condition_take(const neap_condition *c, neap_tensor *rows);

/* Makes each row null with this probability, in all of its kinds at once, for classifier-free guidance (Ho and Salimans
 * 2022). Row i uses sample first + i of `random`, so the draws do not depend on how a global batch is divided. Fails for
 * a condition that a network has prepared. */
neap_condition *neap_condition_drop(const neap_condition *c, double probability, neap_random random, uint64_t first);

/* Ownership beyond a scope, as neap_keep and neap_release; NULL is passed through. neap_condition_return closes `scope`
 * and hands `c` to the scope outside, as neap_scope_return does. */
neap_condition *neap_condition_keep(neap_condition *c);
void neap_condition_release(neap_condition *c);
neap_condition *neap_condition_return(neap_scope scope, neap_condition *c);

#endif
