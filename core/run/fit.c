/* Conditions in the form that an architecture takes. */
#include <stdio.h>

#include <neap/error.h>
#include <neap/ops.h>

#include "nn/condition.h"
#include "run/network.h"

bool neap_spec_has(const neap_spec *spec, neap_condition_kind kind)
{
    const int64_t sizes[NEAP_CONDITION_KINDS] = {
        [NEAP_LABELS] = NEAP_MEMBER(spec, classes), [NEAP_TEXT] = NEAP_MEMBER(spec, text),
        [NEAP_TOKENS] = NEAP_MEMBER(spec, tokens),  [NEAP_POOLED] = NEAP_MEMBER(spec, pooled),
        [NEAP_PICTURE] = spec->picture.channels,
    };
    if (kind == NEAP_LENGTHS)
        return sizes[NEAP_TEXT] || sizes[NEAP_TOKENS];
    return (unsigned)kind < NEAP_CONDITION_KINDS && sizes[kind] > 0;
}

/* --- Sizes ---------------------------------------------------------------------------------------------------------- */

static int fail_shape(neap_condition_kind kind, const char *expected, const neap_tensor *got)
{
    char shape[NEAP_SHAPE_TEXT];
    return neap_fail("%s: expected %s, got %s %s", neap_condition_kind_name(kind), expected,
                     neap_dtype_name(neap_dtype_of(got)), neap_shape_text(neap_shape_of(got), shape));
}

static int check_labels(const neap_spec *spec, const neap_tensor *x)
{
    char expected[48];
    if (!neap_labels_are_weights(x) || neap_dim(x, 1) == spec->classes + 1)
        return 0;
    snprintf(expected, sizeof expected, "i32 [%lld]", (long long)neap_dim(x, 0));
    return fail_shape(NEAP_LABELS, expected, x);
}

static int check_text(const neap_spec *spec, const neap_tensor *x)
{
    return neap_dim(x, 1) <= spec->text ? 0 : neap_fail("text: expected at most %lld bytes, got %lld",
                                                        (long long)spec->text, (long long)neap_dim(x, 1));
}

static int check_width(neap_condition_kind kind, int64_t width, const neap_tensor *x)
{
    return neap_dim(x, -1) == width ? 0 : neap_fail("%s: expected a width of %lld, got %lld", neap_condition_kind_name(kind),
                                                    (long long)width, (long long)neap_dim(x, -1));
}

static int check_picture(const neap_spec *spec, const neap_tensor *x)
{
    const neap_extent *e = &spec->picture;
    const neap_shape want = neap_dims(neap_dim(x, 0), e->height, e->width, e->channels);
    char expected[NEAP_SHAPE_TEXT];
    return neap_shape_equal(neap_shape_of(x), want) ? 0 : fail_shape(NEAP_PICTURE, neap_shape_text(want, expected), x);
}

static int check_lengths(const neap_condition *c)
{
    const neap_tensor *counted = c->part[NEAP_TEXT] ? c->part[NEAP_TEXT] : c->part[NEAP_TOKENS];
    neap_tensor *lengths = neap_contiguous(c->part[NEAP_LENGTHS]);
    const int32_t *length = lengths && counted ? neap_data(lengths) : NULL;
    for (int64_t i = 0; length && i < c->rows; i++)
        if (length[i] < 0 || length[i] > neap_dim(counted, 1))
            return neap_fail("lengths: expected 0 to %lld, got %d", (long long)neap_dim(counted, 1), length[i]);
    return length ? 0 : neap_fail("lengths: expected a text or tokens as well");
}

static int check_part(const neap_spec *spec, const neap_condition *c, neap_condition_kind kind)
{
    const neap_tensor *x = c->part[kind];
    switch (kind) {
    case NEAP_LABELS:
        return check_labels(spec, x);
    case NEAP_TEXT:
        return check_text(spec, x);
    case NEAP_LENGTHS:
        return check_lengths(c);
    case NEAP_TOKENS:
        return spec->tokens ? check_width(kind, spec->tokens, x) : 0; /* prepared ones have the architecture's own width */
    case NEAP_POOLED:
        return spec->pooled ? check_width(kind, spec->pooled, x) : 0;
    default:
        return check_picture(spec, x);
    }
}

/* --- Filling up ------------------------------------------------------------------------------------------------------- */

static neap_tensor *renumbered(const int32_t *from, int64_t rows, int32_t classes)
{
    neap_tensor *result = neap_empty(NEAP_I32, neap_dims(rows));
    int32_t *to = result ? neap_data(result) : NULL;
    for (int64_t i = 0; to && i < rows; i++)
        to[i] = from[i] == -1 ? classes : from[i];
    return result;
}

/* Labels with the null class at `classes`. Others that are out of range stay, for the architecture's table to refuse. */
static neap_tensor *numbered(neap_tensor *labels, int64_t classes)
{
    neap_tensor *result = neap_contiguous(labels);
    const int32_t *from = result ? neap_data(result) : NULL;
    for (int64_t i = 0; from && i < neap_size(labels); i++)
        if (from[i] == -1)
            return renumbered(from, neap_size(labels), (int32_t)classes);
    return result;
}

/* A kind that the architecture takes and that was not told. */
static neap_tensor *missing(const neap_spec *spec, neap_condition_kind kind, int64_t rows)
{
    const neap_extent *e = &spec->picture;
    switch (kind) {
    case NEAP_LABELS:
        return neap_full(NEAP_I32, neap_dims(rows), (double)spec->classes);
    case NEAP_TEXT:
        return neap_zeros(NEAP_U8, neap_dims(rows, 1));
    case NEAP_LENGTHS:
        return neap_zeros(NEAP_I32, neap_dims(rows));
    case NEAP_TOKENS:
        return neap_zeros(NEAP_F32, neap_dims(rows, 1, spec->tokens));
    case NEAP_POOLED:
        return neap_zeros(NEAP_F32, neap_dims(rows, spec->pooled));
    default:
        return neap_zeros(NEAP_F32, neap_dims(rows, e->height, e->width, e->channels));
    }
}

/* LENGTHS of a text or tokens that came without: all of it counts. */
static neap_tensor *whole_lengths(const neap_condition *c)
{
    const neap_tensor *counted = c->part[NEAP_TEXT] ? c->part[NEAP_TEXT] : c->part[NEAP_TOKENS];
    return neap_full(NEAP_I32, neap_dims(c->rows), counted ? (double)neap_dim(counted, 1) : 0);
}

/* One kind as the architecture takes it; NULL without a message where it takes none. */
static neap_tensor *fit_part(const neap_spec *spec, const neap_condition *c, neap_condition_kind kind)
{
    neap_tensor *x = c->part[kind];
    if (!neap_spec_has(spec, kind))
        return NULL;
    if (!x)
        return kind == NEAP_LENGTHS ? whole_lengths(c) : missing(spec, kind, c->rows);
    if (check_part(spec, c, kind) < 0)
        return NULL;
    return kind == NEAP_LABELS && !neap_labels_are_weights(x) ? numbered(x, spec->classes) : x;
}

/* A prepared condition was fitted before; only rows that were joined to it may be new. */
static neap_condition *fit_prepared(const neap_spec *spec, const neap_condition *c)
{
    neap_condition *fitted = neap_condition_copy(c);
    neap_tensor *labels = fitted ? fitted->part[NEAP_LABELS] : NULL;
    if (!labels || neap_labels_are_weights(labels))
        return fitted;
    labels = numbered(labels, spec->classes);
    neap_condition_put(fitted, NEAP_LABELS, labels);
    return labels ? fitted : NULL;
}

static neap_condition *fit_new(const neap_spec *spec, const neap_condition *c)
{
    neap_condition *fitted = neap_condition_new(c->rows);
    for (int kind = 0; fitted && kind < NEAP_CONDITION_KINDS; kind++)
        neap_condition_put(fitted, kind, fit_part(spec, c, kind));
    return neap_failed() ? NULL : fitted;
}

static bool takes_nothing(const neap_spec *spec)
{
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (neap_spec_has(spec, kind))
            return false;
    return true;
}

/* The architecture's own encoding of a fitted condition, with what it was made from. */
static neap_condition *prepared(neap_network *n, neap_condition *fitted, const neap_condition *given)
{
    neap_condition *(*prepare)(void *, const neap_condition *) = NEAP_MEMBER(n->functions, prepare);
    neap_condition *result = prepare && fitted ? prepare(n->self, fitted) : fitted;
    if (!result) {
        neap_fail("prepare: gave nothing and no message");
        return NULL;
    }
    if (result->rows != given->rows)
        return neap_fail_null("prepare: expected %lld rows, got %lld", (long long)given->rows, (long long)result->rows);
    neap_condition *own = neap_condition_copy(result);
    if (!own)
        return NULL;
    neap_condition_release(own->raw);
    own->prepared_by = n;
    own->raw = neap_condition_keep((neap_condition *)(uintptr_t)given);
    return own;
}

int neap_condition_fit(neap_network *n, const neap_condition *condition, int64_t rows, neap_condition **fitted)
{
    *fitted = NULL;
    if (takes_nothing(&n->spec))
        return 0;
    const neap_condition *c = condition ? condition : neap_condition_new(rows);
    if (!c)
        return -1;
    if (c->rows != rows)
        return neap_fail("condition: expected %lld rows, got %lld", (long long)rows, (long long)c->rows);
    if (c->prepared_by && c->prepared_by != n)
        c = c->raw;
    *fitted = c->prepared_by ? fit_prepared(&n->spec, c) : prepared(n, fit_new(&n->spec, c), c);
    return *fitted ? 0 : -1;
}
