/* Brings conditions into the form that an architecture takes. */
#include <stdio.h>

#include <neap/error.h>

#include "nn/condition.h"
#include "plugin/call.h"
#include "run/network.h"

/* --- Checks --------------------------------------------------------------------------------------------------------- */

static int fail_shape(neap_condition_kind kind, const char *expected, const neap_tensor *got)
{
    char shape[NEAP_SHAPE_TEXT];
    return neap_fail("%s: expected %s, got %s %s", neap_condition_kind_name(kind), expected,
                     neap_dtype_name(neap_dtype_of(got)), neap_shape_text(neap_shape_of(got), shape));
}

static int check_labels(const neap_spec *spec, const neap_condition *c)
{
    char expected[80];
    const neap_tensor *x = c->part[NEAP_LABELS];
    if (!neap_labels_are_weights(x) || neap_dim(x, 1) == spec->classes + 1)
        return 0;
    snprintf(expected, sizeof expected, "i32 [%lld] or f32 [%lld, %lld]", (long long)c->rows, (long long)c->rows,
             (long long)spec->classes + 1);
    return fail_shape(NEAP_LABELS, expected, x);
}

static int check_text(const neap_spec *spec, const neap_condition *c)
{
    const int64_t length = neap_dim(c->part[NEAP_TEXT], 1);
    return length <= spec->text ? 0 : neap_fail("text: expected at most %lld bytes, got %lld", (long long)spec->text,
                                                (long long)length);
}

static int check_width(const neap_condition *c, neap_condition_kind kind, int64_t width)
{
    const int64_t got = neap_dim(c->part[kind], -1);
    return got == width ? 0 : neap_fail("%s: expected a width of %lld, got %lld", neap_condition_kind_name(kind),
                                        (long long)width, (long long)got);
}

static int check_tokens(const neap_spec *spec, const neap_condition *c)
{
    return check_width(c, NEAP_TOKENS, spec->tokens);
}

static int check_pooled(const neap_spec *spec, const neap_condition *c)
{
    return check_width(c, NEAP_POOLED, spec->pooled);
}

static int check_picture(const neap_spec *spec, const neap_condition *c)
{
    const neap_extent *e = &spec->picture;
    const neap_tensor *x = c->part[NEAP_PICTURE];
    const neap_shape want = neap_dims(neap_dim(x, 0), e->height, e->width, e->channels);
    char expected[NEAP_SHAPE_TEXT];
    return neap_shape_equal(neap_shape_of(x), want) ? 0 : fail_shape(NEAP_PICTURE, neap_shape_text(want, expected), x);
}

static int check_lengths(const neap_spec *spec, const neap_condition *c)
{
    (void)spec;
    const neap_tensor *padded = c->part[NEAP_TEXT] ? c->part[NEAP_TEXT] : c->part[NEAP_TOKENS];
    neap_tensor *lengths = neap_contiguous(c->part[NEAP_LENGTHS]);
    const int32_t *length = lengths && padded ? neap_data(lengths) : NULL;
    for (int64_t i = 0; length && i < c->rows; i++)
        if (length[i] < 0 || length[i] > neap_dim(padded, 1))
            return neap_fail("lengths: expected 0 to %lld, got %d", (long long)neap_dim(padded, 1), length[i]);
    return length ? 0 : neap_fail("lengths: expected a text or tokens as well");
}

/* --- Missing kinds -------------------------------------------------------------------------------------------------- */

static neap_tensor *null_labels(const neap_spec *spec, const neap_condition *c)
{
    return neap_full(NEAP_I32, neap_dims(c->rows), (double)spec->classes);
}

static neap_tensor *null_text(const neap_spec *spec, const neap_condition *c)
{
    (void)spec;
    return neap_zeros(NEAP_U8, neap_dims(c->rows, 1));
}

static neap_tensor *default_lengths(const neap_spec *spec, const neap_condition *c)
{
    (void)spec;
    return neap_condition_lengths(c);
}

static neap_tensor *null_tokens(const neap_spec *spec, const neap_condition *c)
{
    return neap_zeros(NEAP_F32, neap_dims(c->rows, 1, spec->tokens));
}

static neap_tensor *null_pooled(const neap_spec *spec, const neap_condition *c)
{
    return neap_zeros(NEAP_F32, neap_dims(c->rows, spec->pooled));
}

static neap_tensor *null_picture(const neap_spec *spec, const neap_condition *c)
{
    const neap_extent *e = &spec->picture;
    return neap_zeros(NEAP_F32, neap_dims(c->rows, e->height, e->width, e->channels));
}

/* --- Kinds ---------------------------------------------------------------------------------------------------------- */

/* Size, check and default of each kind. Both functions see the whole condition. */
static const struct {
    size_t size;                                                  /* offset of a size in neap_spec that is 0 when not taken */
    int (*check)(const neap_spec *spec, const neap_condition *c); /* of a part that is not NULL */
    neap_tensor *(*missing)(const neap_spec *spec, const neap_condition *c); /* in place of a part that is NULL */
} kinds[NEAP_CONDITION_KINDS] = {
    [NEAP_LABELS] = {offsetof(neap_spec, classes), check_labels, null_labels},
    [NEAP_TEXT] = {offsetof(neap_spec, text), check_text, null_text},
    [NEAP_LENGTHS] = {0, check_lengths, default_lengths}, /* see neap_spec_has */
    [NEAP_TOKENS] = {offsetof(neap_spec, tokens), check_tokens, null_tokens},
    [NEAP_POOLED] = {offsetof(neap_spec, pooled), check_pooled, null_pooled},
    [NEAP_PICTURE] = {offsetof(neap_spec, picture.channels), check_picture, null_picture},
};

bool neap_spec_has(const neap_spec *spec, neap_condition_kind kind)
{
    int64_t size = 0;
    if (kind == NEAP_LENGTHS)
        return neap_spec_has(spec, NEAP_TEXT) || neap_spec_has(spec, NEAP_TOKENS);
    if ((unsigned)kind < NEAP_CONDITION_KINDS && spec->size >= kinds[kind].size + sizeof size)
        memcpy(&size, (const char *)spec + kinds[kind].size, sizeof size);
    return size > 0;
}

static bool is_unconditional(const neap_spec *spec)
{
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (neap_spec_has(spec, kind))
            return false;
    return true;
}

/* --- Labels --------------------------------------------------------------------------------------------------------- */

/* A copy of labels, i32 [rows], with `classes` in place of -1. */
static neap_tensor *renumbered(const int32_t *from, int64_t rows, int32_t classes)
{
    neap_tensor *result = neap_empty(NEAP_I32, neap_dims(rows));
    int32_t *to = result ? neap_data(result) : NULL;
    for (int64_t i = 0; to && i < rows; i++)
        to[i] = from[i] == -1 ? classes : from[i];
    return result;
}

/* i32 labels whose null class is `classes`; the same tensor when none is -1. Other labels out of range are left for the
 * architecture's table to refuse. */
static neap_tensor *numbered(neap_tensor *labels, int64_t classes)
{
    neap_tensor *result = neap_contiguous(labels);
    const int32_t *from = result ? neap_data(result) : NULL;
    for (int64_t i = 0; from && i < neap_size(labels); i++)
        if (from[i] == -1)
            return renumbered(from, neap_size(labels), (int32_t)classes);
    return result;
}

/* --- Fitting -------------------------------------------------------------------------------------------------------- */

/* One kind as the architecture takes it; NULL without a message when it does not take this kind. */
static neap_tensor *fit_part(const neap_spec *spec, const neap_condition *c, neap_condition_kind kind)
{
    neap_tensor *x = c->part[kind];
    if (!neap_spec_has(spec, kind))
        return NULL;
    if (!x)
        return kinds[kind].missing(spec, c);
    if (kinds[kind].check(spec, c) < 0)
        return NULL;
    return kind == NEAP_LABELS && !neap_labels_are_weights(x) ? numbered(x, spec->classes) : x;
}

/* A prepared condition is fitted already, but null rows may have been joined to it since. */
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

/* `fitted` encoded by the architecture. Keeps `given`, from which other networks prepare their own. */
static neap_condition *prepared(neap_network *n, neap_condition *fitted, const neap_condition *given)
{
    neap_condition *(*prepare)(void *, const neap_condition *) = NEAP_MEMBER(n->functions, prepare);
    const neap_component *c = neap_instance_component(n->instance);
    neap_condition *result = prepare && fitted ? NEAP_CALL(c, "prepare", prepare(n->self, fitted)) : fitted;
    if (!result) {
        neap_call_fail(c, "prepare", "returned NULL without a message");
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
    if (is_unconditional(&n->spec))
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
