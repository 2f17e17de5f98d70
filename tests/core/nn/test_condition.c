/*
 * Conditions: what fits which kind, null rows, joining with padding, picking, and drops that do not depend on how a batch is
 * split.
 */
#include <neap/condition.h>

#include "tests/core/plugin/plugin_test.h"

static neap_scope scope;

static void open_scope(void)
{
    scope = neap_scope_open();
}

static void close_scope(void)
{
    neap_scope_close(scope);
    ck_assert_uint_eq(neap_memory().live, 0);
}

static void fails_with(const void *result, const char *message)
{
    ck_assert_ptr_null(result);
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

#define LABELS(...)                                                                                                 \
    neap_from(NEAP_I32, neap_dims((int64_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))), (int32_t[]){__VA_ARGS__})

static neap_condition *labelled(neap_tensor *labels)
{
    return neap_condition_with(neap_condition_new(neap_dim(labels, 0)), NEAP_LABELS, labels);
}

static void same_whole(const neap_tensor *x, const int32_t *expected)
{
    const int32_t *got = neap_data((neap_tensor *)(uintptr_t)x);
    ck_assert_ptr_nonnull(got);
    for (int64_t i = 0; i < neap_size(x); i++)
        ck_assert_int_eq(got[i], expected[i]);
}

static void same_real(const neap_tensor *x, const float *expected)
{
    const float *got = neap_data((neap_tensor *)(uintptr_t)x);
    ck_assert_ptr_nonnull(got);
    for (int64_t i = 0; i < neap_size(x); i++)
        ck_assert_float_eq(got[i], expected[i]);
}

START_TEST(kinds_have_their_dtype_rank_and_rows)
{
    const neap_condition *c = neap_condition_new(2);
    fails_with(neap_condition_with(c, NEAP_LABELS, neap_zeros(NEAP_I32, neap_dims(3))),
               "condition: labels: expected 2 rows, got 3");
    fails_with(neap_condition_with(c, NEAP_LABELS, neap_zeros(NEAP_U8, neap_dims(2))),
               "condition: labels: expected i32 [B] or f32 [B, classes + 1], got u8 [2]");
    fails_with(neap_condition_with(c, NEAP_PICTURE, neap_zeros(NEAP_F32, neap_dims(2, 3, 3))),
               "condition: picture: expected f32 [B, H, W, C], got f32 [2, 3, 3]");
    fails_with(neap_condition_with(c, NEAP_TOKENS, neap_zeros(NEAP_I32, neap_dims(2, 3, 3))),
               "condition: tokens: expected f32 [B, L, D], got i32 [2, 3, 3]");
    fails_with(neap_condition_with(c, NEAP_CONDITION_KINDS, neap_zeros(NEAP_I32, neap_dims(2))),
               "condition: expected a kind from 0 to 5, got 6");
    fails_with(neap_condition_new(-1), "condition: expected a number of rows from 0, got -1");
    ck_assert_str_eq(neap_condition_kind_name(NEAP_PICTURE), "picture");
    ck_assert_ptr_null(neap_condition_kind_name(NEAP_CONDITION_KINDS));
}
END_TEST

START_TEST(conditions_do_not_change)
{
    neap_condition *first = labelled(LABELS(1, 2));
    neap_condition *second = neap_condition_with(first, NEAP_LABELS, LABELS(3, 4));
    neap_condition *third = neap_condition_with(second, NEAP_LABELS, NULL);
    same_whole(neap_condition_get(first, NEAP_LABELS), (int32_t[]){1, 2});
    same_whole(neap_condition_get(second, NEAP_LABELS), (int32_t[]){3, 4});
    ck_assert_ptr_null(neap_condition_get(third, NEAP_LABELS));
    ck_assert_ptr_null(neap_condition_get(NULL, NEAP_LABELS));
    ck_assert_int_eq(neap_condition_rows(NULL), 0);
}
END_TEST

/* Its tensors live as long as it does, in whichever scope. */
START_TEST(a_condition_keeps_its_tensors)
{
    neap_scope inner = neap_scope_open();
    neap_condition *c = neap_condition_return(inner, labelled(LABELS(5, 6, 7)));
    same_whole(neap_condition_get(c, NEAP_LABELS), (int32_t[]){5, 6, 7});
    neap_scope other = neap_scope_open();
    neap_condition *kept = neap_condition_keep(labelled(LABELS(8)));
    neap_scope_close(other);
    same_whole(neap_condition_get(kept, NEAP_LABELS), (int32_t[]){8});
    neap_condition_release(kept);
}
END_TEST

START_TEST(null_rows_fill_up_a_join)
{
    neap_condition *c = labelled(LABELS(1, 2));
    c = neap_condition_with(c, NEAP_POOLED, neap_full(NEAP_F32, neap_dims(2, 1), 3));
    neap_condition *both = neap_condition_join(c, neap_condition_null(c));
    ck_assert_int_eq(neap_condition_rows(both), 4);
    same_whole(neap_condition_get(both, NEAP_LABELS), (int32_t[]){1, 2, -1, -1});
    same_real(neap_condition_get(both, NEAP_POOLED), (float[]){3, 3, 0, 0});
    ck_assert_ptr_null(neap_condition_get(both, NEAP_TEXT));
    both = neap_condition_join(neap_condition_null(c), c);
    same_whole(neap_condition_get(both, NEAP_LABELS), (int32_t[]){-1, -1, 1, 2});
    ck_assert_ptr_null(neap_condition_join(NULL, NULL));
    ck_assert(!neap_failed());
    fails_with(neap_condition_join(c, NULL), "condition: join: expected two conditions, got one");
}
END_TEST

START_TEST(labels_join_weights_as_weights)
{
    neap_tensor *weights = neap_from(NEAP_F32, neap_dims(1, 3), (float[]){0.25f, 0.75f, 0});
    neap_condition *mixed = labelled(weights);
    neap_condition *both = neap_condition_join(mixed, labelled(LABELS(1, -1)));
    same_real(neap_condition_get(both, NEAP_LABELS), (float[]){0.25f, 0.75f, 0, 0, 1, 0, 0, 0, 1});
    both = neap_condition_join(mixed, neap_condition_null(mixed));
    same_real(neap_condition_get(both, NEAP_LABELS), (float[]){0.25f, 0.75f, 0, 0, 0, 1});
    fails_with(neap_condition_join(mixed, labelled(LABELS(3))), "condition: labels: expected -1 to 2, got 3");
}
END_TEST

static neap_condition *text_of(const char *text, int32_t length)
{
    const int64_t bytes = (int64_t)strlen(text);
    neap_condition *c = neap_condition_with(neap_condition_new(1), NEAP_TEXT, neap_from(NEAP_U8, neap_dims(1, bytes), text));
    return length < 0 ? c : neap_condition_with(c, NEAP_LENGTHS, LABELS(length));
}

START_TEST(shorter_texts_are_padded)
{
    neap_condition *both = neap_condition_join(text_of("ab", -1), text_of("cdef", 3));
    const char *bytes = neap_data(neap_condition_get(both, NEAP_TEXT));
    ck_assert_mem_eq(bytes, "ab\0\0cdef", 8);
    same_whole(neap_condition_get(both, NEAP_LENGTHS), (int32_t[]){2, 3});
    neap_condition *nothing = neap_condition_join(both, neap_condition_new(1));
    same_whole(neap_condition_get(nothing, NEAP_LENGTHS), (int32_t[]){2, 3, 0});
}
END_TEST

START_TEST(rows_are_picked_from_every_kind)
{
    neap_condition *c = labelled(LABELS(4, 5, 6));
    c = neap_condition_with(c, NEAP_POOLED, neap_from(NEAP_F32, neap_dims(3, 2), (float[]){1, 2, 3, 4, 5, 6}));
    neap_condition *taken = neap_condition_take(c, LABELS(2, 0));
    same_whole(neap_condition_get(taken, NEAP_LABELS), (int32_t[]){6, 4});
    same_real(neap_condition_get(taken, NEAP_POOLED), (float[]){5, 6, 1, 2});
}
END_TEST

enum { MANY = 4096 };

static neap_condition *many(int64_t rows)
{
    neap_condition *c = neap_condition_with(neap_condition_new(rows), NEAP_LABELS, neap_full(NEAP_I32, neap_dims(rows), 7));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_full(NEAP_I32, neap_dims(rows), 2));
    c = neap_condition_with(c, NEAP_TEXT, neap_full(NEAP_U8, neap_dims(rows, 2), 'x'));
    return neap_condition_with(c, NEAP_PICTURE, neap_full(NEAP_F32, neap_dims(rows, 1, 1, 1), 0.5));
}

/* Is row i told nothing, in all kinds alike? */
static bool is_dropped(const neap_condition *c, int64_t i)
{
    const bool label = ((const int32_t *)neap_data(neap_condition_get(c, NEAP_LABELS)))[i] == -1;
    const bool length = ((const int32_t *)neap_data(neap_condition_get(c, NEAP_LENGTHS)))[i] == 0;
    const bool picture = ((const float *)neap_data(neap_condition_get(c, NEAP_PICTURE)))[i] == 0;
    ck_assert(label == length && label == picture);
    return label;
}

START_TEST(all_kinds_of_a_row_are_dropped_at_once)
{
    const neap_random random = {3, 4};
    int dropped = 0;
    neap_condition *c = neap_condition_drop(many(MANY), 0.25, random, 0);
    for (int i = 0; i < MANY; i++)
        dropped += is_dropped(c, i);
    /* Six standard deviations of a binomial around MANY / 4. */
    ck_assert_int_gt(dropped, MANY / 4 - 167);
    ck_assert_int_lt(dropped, MANY / 4 + 167);
    c = neap_condition_drop(many(MANY), 0, random, 0);
    for (int i = 0; i < MANY; i++)
        ck_assert(!is_dropped(c, i));
    c = neap_condition_drop(many(MANY), 1, random, 0);
    for (int i = 0; i < MANY; i++)
        ck_assert(is_dropped(c, i));
    fails_with(neap_fail_null("earlier"), "earlier");
    ck_assert_ptr_null(neap_condition_drop(NULL, 0.5, random, 0));
}
END_TEST

START_TEST(drops_do_not_depend_on_the_split)
{
    const neap_random random = {3, 4};
    neap_condition *whole = neap_condition_drop(many(96), 0.5, random, 0);
    neap_condition *part = neap_condition_drop(many(32), 0.5, random, 64);
    for (int i = 0; i < 32; i++)
        ck_assert(is_dropped(part, i) == is_dropped(whole, 64 + i));
}
END_TEST

static bool join_and_drop(void)
{
    const neap_scope inner = neap_scope_open();
    neap_condition *c = many(3);
    neap_condition *joined = neap_condition_join(neap_condition_drop(c, 0.5, (neap_random){1, 1}, 0), neap_condition_null(c));
    const bool whole = neap_condition_take(joined, LABELS(5, 0)) != NULL;
    neap_scope_close(inner);
    return whole;
}

START_TEST(refused_memory_fails_whole)
{
    refuse_each(join_and_drop);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("condition", open_scope, close_scope, kinds_have_their_dtype_rank_and_rows, conditions_do_not_change,
                          a_condition_keeps_its_tensors, null_rows_fill_up_a_join, labels_join_weights_as_weights,
                          shorter_texts_are_padded, rows_are_picked_from_every_kind, all_kinds_of_a_row_are_dropped_at_once,
                          drops_do_not_depend_on_the_split, refused_memory_fails_whole);
}
