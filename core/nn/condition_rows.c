/* Rows of conditions: joined, taken, and made null at random. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/nn.h>
#include <neap/ops.h>

#include "nn/condition.h"

neap_tensor *neap_rows(neap_tensor *x, neap_tensor *rows)
{
    if (!x || !rows)
        return NULL;
    neap_shape shape = neap_shape_of(x), column = shape;
    for (int i = 1; i < column.rank; i++)
        column.dim[i] = 1;
    shape.dim[0] = column.dim[0] = neap_dim(rows, 0);
    return neap_gather(x, neap_expand(neap_reshape(rows, column), shape), 0);
}

/* --- Null rows ------------------------------------------------------------------------------------------------------ */

static neap_tensor *null_weights(int64_t rows, int64_t columns)
{
    return neap_pad(neap_full(NEAP_F32, neap_dims(rows, 1), 1), (int64_t[]){0, 0, columns - 1, 0});
}

neap_tensor *neap_condition_null_part(neap_condition_kind kind, const neap_tensor *like, int64_t rows)
{
    neap_shape shape = neap_shape_of(like);
    shape.dim[0] = rows;
    if (kind != NEAP_LABELS)
        return neap_zeros(neap_dtype_of(like), shape);
    return neap_labels_are_weights(like) ? null_weights(rows, shape.dim[1]) : neap_full(NEAP_I32, shape, -1);
}

/* --- Joining -------------------------------------------------------------------------------------------------------- */

/* Labels, i32 [B], as weights of `columns` classes; the last one is the null class. */
static neap_tensor *weights_of(neap_tensor *labels, int64_t columns)
{
    const int64_t rows = neap_size(labels);
    neap_tensor *numbers = neap_contiguous(labels), *weights = neap_zeros(NEAP_F32, neap_dims(rows, columns));
    const int32_t *label = numbers ? neap_data(numbers) : NULL;
    float *weight = weights ? neap_data(weights) : NULL;
    for (int64_t i = 0; label && weight && i < rows; i++) {
        if (label[i] < -1 || label[i] >= columns)
            return neap_fail_null("condition: labels: expected -1 to %lld, got %d", (long long)columns - 1, label[i]);
        weight[i * columns + (label[i] < 0 ? columns - 1 : label[i])] = 1;
    }
    return label ? weights : NULL;
}

neap_tensor *neap_condition_lengths(const neap_condition *c)
{
    const neap_tensor *padded = c->part[NEAP_TEXT] ? c->part[NEAP_TEXT] : c->part[NEAP_TOKENS];
    if (c->part[NEAP_LENGTHS])
        return c->part[NEAP_LENGTHS];
    return neap_full(NEAP_I32, neap_dims(c->rows), padded ? (double)neap_dim(padded, 1) : 0);
}

/* x [B, L, ..] with axis 1 padded with zeros to `length`. */
static neap_tensor *padded_to(neap_tensor *x, int64_t length)
{
    int64_t around[2 * NEAP_MAX_RANK] = {0};
    around[3] = length - neap_dim(x, 1);
    return around[3] > 0 ? neap_pad(x, around) : x;
}

/* Gives two parts of one kind the same dtype and the same sizes after the rows. */
static int unify(neap_condition_kind kind, neap_tensor *part[2])
{
    if (kind == NEAP_TEXT || kind == NEAP_TOKENS) {
        const int64_t a = neap_dim(part[0], 1), b = neap_dim(part[1], 1), most = a > b ? a : b;
        part[0] = padded_to(part[0], most);
        part[1] = padded_to(part[1], most);
    }
    for (int i = 0; kind == NEAP_LABELS && i < 2; i++)
        if (neap_labels_are_weights(part[!i]) && !neap_labels_are_weights(part[i]))
            part[i] = weights_of(part[i], neap_dim(part[!i], 1));
    return part[0] && part[1] ? 0 : -1;
}

static neap_tensor *join_part(neap_condition_kind kind, const neap_condition *a, const neap_condition *b)
{
    neap_tensor *part[2] = {a->part[kind], b->part[kind]};
    if (kind == NEAP_LENGTHS) {
        part[0] = neap_condition_lengths(a);
        part[1] = neap_condition_lengths(b);
        return part[0] && part[1] ? neap_concat(part, 2, 0) : NULL;
    }
    if (!part[0])
        part[0] = neap_condition_null_part(kind, part[1], a->rows);
    if (!part[1])
        part[1] = neap_condition_null_part(kind, part[0], b->rows);
    return part[0] && part[1] && unify(kind, part) == 0 ? neap_concat(part, 2, 0) : NULL;
}

static bool has(const neap_condition *a, const neap_condition *b, neap_condition_kind kind)
{
    if (kind == NEAP_LENGTHS)
        return has(a, b, NEAP_TEXT) || has(a, b, NEAP_TOKENS);
    return a->part[kind] || b->part[kind];
}

static bool is_null(const neap_condition *c)
{
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (c->part[kind])
            return false;
    return true;
}

/* The condition before a network prepared it. */
static const neap_condition *raw_of(const neap_condition *c)
{
    return c->raw ? c->raw : c;
}

/* Allowed: both prepared by one network, neither prepared, or a prepared one and one without any kind. */
static int join_prepared(neap_condition *joined, const neap_condition *a, const neap_condition *b)
{
    const neap_condition *first = a->prepared_by ? a : b, *other = a->prepared_by ? b : a;
    if (!first->prepared_by)
        return 0;
    if (other->prepared_by != first->prepared_by && !is_null(other))
        return neap_fail("condition: join: expected both prepared by one network, or neither prepared");
    joined->prepared_by = first->prepared_by;
    joined->raw = neap_condition_keep(neap_condition_join(raw_of(a), raw_of(b)));
    return joined->raw ? 0 : -1;
}

neap_condition *neap_condition_join(const neap_condition *a, const neap_condition *b)
{
    neap_condition *joined = a && b ? neap_condition_new(a->rows + b->rows) : NULL;
    if (!joined)
        return !a && !b ? NULL : neap_fail_null("condition: join: expected two conditions, got one");
    if (join_prepared(joined, a, b) < 0)
        return NULL;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++) {
        neap_tensor *part = has(a, b, kind) ? join_part(kind, a, b) : NULL;
        if (!part && has(a, b, kind))
            return NULL;
        neap_condition_put(joined, kind, part);
    }
    return joined;
}

/* --- Taking --------------------------------------------------------------------------------------------------------- */

neap_condition *neap_condition_take(const neap_condition *c, neap_tensor *rows)
{
    neap_condition *taken = c && rows ? neap_condition_new(neap_dim(rows, 0)) : NULL;
    if (!taken)
        return NULL;
    taken->prepared_by = c->prepared_by;
    if (c->raw && !(taken->raw = neap_condition_keep(neap_condition_take(c->raw, rows))))
        return NULL;
    if (c->null && !(taken->null = neap_condition_keep(neap_condition_take(c->null, rows))))
        return NULL;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++) {
        neap_tensor *part = c->part[kind] ? neap_rows(c->part[kind], rows) : NULL;
        if (!part && c->part[kind])
            return NULL;
        neap_condition_put(taken, kind, part);
    }
    return taken;
}

/* --- Dropping ------------------------------------------------------------------------------------------------------- */

/* x where `drop`, u8 [B], is 0, and null rows elsewhere. neap_where takes f32, which holds LABELS and LENGTHS exactly:
 * both are below 2^24. */
static neap_tensor *drop_part(neap_condition_kind kind, neap_tensor *x, neap_tensor *drop)
{
    neap_shape column = neap_shape_of(x);
    for (int i = 1; i < column.rank; i++)
        column.dim[i] = 1;
    neap_tensor *null = neap_condition_null_part(kind, x, column.dim[0]), *mask = neap_reshape(drop, column);
    if (neap_dtype_of(x) == NEAP_F32)
        return neap_where(mask, null, x);
    neap_tensor *chosen = neap_where(mask, neap_cast(null, NEAP_F32), neap_cast(x, NEAP_F32));
    return neap_cast(chosen, neap_dtype_of(x));
}

neap_condition *neap_condition_drop(const neap_condition *c, double probability, neap_random random, uint64_t first)
{
    neap_condition *left = neap_condition_copy(c);
    if (!left || probability <= 0)
        return left;
    if (c->prepared_by)
        return neap_fail_null("condition: drop: expected a condition that no network has prepared");
    neap_tensor *drop = neap_lt(neap_rand(random, first, neap_dims(c->rows)), neap_scalar(probability));
    if (c->part[NEAP_TEXT] || c->part[NEAP_TOKENS])
        neap_condition_put(left, NEAP_LENGTHS, neap_condition_lengths(c));
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++) {
        if (!left->part[kind] || kind == NEAP_TEXT || kind == NEAP_TOKENS) /* null by their length of 0 */
            continue;
        neap_tensor *part = drop_part(kind, left->part[kind], drop);
        if (!part)
            return NULL;
        neap_condition_put(left, kind, part);
    }
    return drop ? left : NULL;
}
