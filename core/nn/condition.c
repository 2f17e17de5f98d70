/* Conditions: their members, their owners, and the dtype and rank of each kind. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/ops.h>

#include "nn/condition.h"
#include "tensor/scope.h"

/* --- Kinds ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *expected;
    neap_dtype dtype, other_dtype; /* LABELS have two forms; the other kinds have one, given twice */
    int rank, other_rank;
} kinds[NEAP_CONDITION_KINDS] = {
    [NEAP_LABELS] = {"labels", "i32 [B] or f32 [B, classes + 1]", NEAP_I32, NEAP_F32, 1, 2},
    [NEAP_TEXT] = {"text", "u8 [B, L]", NEAP_U8, NEAP_U8, 2, 2},
    [NEAP_LENGTHS] = {"lengths", "i32 [B]", NEAP_I32, NEAP_I32, 1, 1},
    [NEAP_TOKENS] = {"tokens", "f32 [B, L, D]", NEAP_F32, NEAP_F32, 3, 3},
    [NEAP_POOLED] = {"pooled", "f32 [B, D]", NEAP_F32, NEAP_F32, 2, 2},
    [NEAP_PICTURE] = {"picture", "f32 [B, H, W, C]", NEAP_F32, NEAP_F32, 4, 4},
};

const char *neap_condition_kind_name(neap_condition_kind kind)
{
    return (unsigned)kind < NEAP_CONDITION_KINDS ? kinds[kind].name : NULL;
}

static bool fits(neap_condition_kind kind, const neap_tensor *x)
{
    const int rank = neap_rank(x);
    const neap_dtype dtype = neap_dtype_of(x);
    return (rank == kinds[kind].rank && dtype == kinds[kind].dtype) ||
           (rank == kinds[kind].other_rank && dtype == kinds[kind].other_dtype);
}

static int check_part(neap_condition_kind kind, const neap_tensor *x, int64_t rows)
{
    char got[NEAP_SHAPE_TEXT];
    if (!fits(kind, x))
        return neap_fail("condition: %s: expected %s, got %s %s", kinds[kind].name, kinds[kind].expected,
                         neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
    if (neap_dim(x, 0) != rows)
        return neap_fail("condition: %s: expected %lld rows, got %lld", kinds[kind].name, (long long)rows,
                         (long long)neap_dim(x, 0));
    return 0;
}

bool neap_labels_are_weights(const neap_tensor *labels)
{
    return neap_dtype_of(labels) == NEAP_F32;
}

/* --- Owners --------------------------------------------------------------------------------------------------------- */

neap_condition *neap_condition_keep(neap_condition *c)
{
    if (c)
        atomic_fetch_add(&c->owners, 1);
    return c;
}

void neap_condition_release(neap_condition *c)
{
    if (!c || atomic_fetch_sub(&c->owners, 1) != 1)
        return;
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        neap_release(c->part[kind]);
    neap_condition_release(c->raw);
    neap_condition_release(c->null);
    neap_free(c);
}

static void release_held(void *c)
{
    neap_condition_release(c);
}

neap_condition *neap_condition_return(neap_scope scope, neap_condition *c)
{
    neap_condition_keep(c);
    neap_scope_close(scope);
    return neap_scope_hold(c, release_held);
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

neap_condition *neap_condition_new(int64_t rows)
{
    if (rows < 0)
        return neap_fail_null("condition: expected a number of rows from 0, got %lld", (long long)rows);
    neap_condition *c = neap_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    atomic_init(&c->owners, 1);
    c->rows = rows;
    return neap_scope_hold(c, release_held);
}

neap_condition *neap_condition_copy(const neap_condition *c)
{
    neap_condition *copy = c ? neap_condition_new(c->rows) : NULL;
    if (!copy)
        return NULL;
    copy->prepared_by = c->prepared_by;
    copy->raw = neap_condition_keep(c->raw);
    copy->null = neap_condition_keep(c->null);
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        copy->part[kind] = neap_keep(c->part[kind]);
    return copy;
}

void neap_condition_put(neap_condition *c, neap_condition_kind kind, neap_tensor *x)
{
    neap_tensor *before = c->part[kind];
    c->part[kind] = neap_keep(x);
    neap_release(before);
}

neap_condition *neap_condition_with(const neap_condition *c, neap_condition_kind kind, neap_tensor *x)
{
    if (!c || (!x && neap_failed()))
        return NULL;
    if ((unsigned)kind >= NEAP_CONDITION_KINDS)
        return neap_fail_null("condition: expected a kind from 0 to %d, got %d", NEAP_CONDITION_KINDS - 1, (int)kind);
    if (x && check_part(kind, x, c->rows) < 0)
        return NULL;
    neap_condition *changed = neap_condition_copy(c);
    if (changed)
        neap_condition_put(changed, kind, x);
    return changed;
}

int64_t neap_condition_rows(const neap_condition *c)
{
    return c ? c->rows : 0;
}

neap_tensor *neap_condition_get(const neap_condition *c, neap_condition_kind kind)
{
    return c && (unsigned)kind < NEAP_CONDITION_KINDS ? c->part[kind] : NULL;
}

neap_condition *neap_condition_null(const neap_condition *c)
{
    if (!c)
        return NULL;
    return c->null ? neap_condition_copy(c->null) : neap_condition_new(c->rows);
}

neap_condition *neap_condition_with_null(const neap_condition *c, const neap_condition *null)
{
    if (!c || !null)
        return NULL;
    if (null->rows != c->rows)
        return neap_fail_null("condition: null: expected %lld rows, got %lld", (long long)c->rows, (long long)null->rows);
    if (null->prepared_by != c->prepared_by)
        return neap_fail_null("condition: null: expected both prepared by one network, or neither prepared");
    neap_condition *changed = neap_condition_copy(c), *own = neap_condition_copy(null);
    if (!changed || !own)
        return NULL;
    neap_condition_release(changed->null);
    changed->null = neap_condition_keep(own);
    return changed;
}
