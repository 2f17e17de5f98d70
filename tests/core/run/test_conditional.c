/* Networks under a condition: it is fitted to the network, prepared once, and refused where it does not fit. */
#include "viewer.h"

START_TEST(every_kind_is_given)
{
    gives(two_rows(), 2, (float[]){1 + 3 + 30, 2 + 3 + 70});
    ck_assert_ptr_null(neap_condition_get(seen, NEAP_TEXT));
    gives(NULL, 2, (float[]){CLASSES, CLASSES});
    gives(neap_condition_null(two_rows()), 2, (float[]){CLASSES, CLASSES});
    neap_condition *labels = neap_condition_with(neap_condition_new(1), NEAP_LABELS, neap_full(NEAP_I32, neap_dims(1), -1));
    gives(labels, 1, (float[]){CLASSES});
}
END_TEST

START_TEST(a_text_without_lengths_counts_whole)
{
    gives(neap_condition_with(two_rows(), NEAP_LENGTHS, NULL), 2, (float[]){1 + 3 + 30, 2 + 7 + 70});
}
END_TEST

/* A longer neighbour changes nothing in a row. */
START_TEST(rows_do_not_see_their_padding)
{
    neap_condition *c = neap_condition_with(neap_condition_new(1), NEAP_TEXT, neap_from(NEAP_U8, neap_dims(1, 4), "\1\1\1\1"));
    gives(neap_condition_join(two_rows(), c), 3, (float[]){1 + 3 + 30, 2 + 3 + 70, CLASSES + 4});
}
END_TEST

START_TEST(kinds_that_are_not_taken_are_left_out)
{
    neap_condition *c = neap_condition_with(two_rows(), NEAP_POOLED, neap_zeros(NEAP_F32, neap_dims(2, 5)));
    gives(c, 2, (float[]){1 + 3 + 30, 2 + 3 + 70});
    ck_assert_ptr_null(neap_condition_get(seen, NEAP_POOLED));
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    neap_condition *c = two_rows();
    refused(c, 3, "viewer: condition: expected 3 rows, got 2");
    refused(neap_condition_with(c, NEAP_PICTURE, neap_zeros(NEAP_F32, neap_dims(2, 2, 1, 1))), 2,
            "viewer: picture: expected [2, 1, 2, 1], got f32 [2, 2, 1, 1]");
    refused(neap_condition_with(c, NEAP_LABELS, neap_zeros(NEAP_F32, neap_dims(2, 3))), 2,
            "viewer: labels: expected i32 [2] or f32 [2, 4], got f32 [2, 3]");
    refused(neap_condition_with(c, NEAP_TEXT, neap_zeros(NEAP_U8, neap_dims(2, 5))), 2,
            "viewer: text: expected at most 4 bytes, got 5");
    refused(neap_condition_with(c, NEAP_LENGTHS, neap_full(NEAP_I32, neap_dims(2), 3)), 2,
            "viewer: lengths: expected 0 to 2, got 3");
    refused(neap_condition_with(c, NEAP_LENGTHS, neap_full(NEAP_I32, neap_dims(2), -1)), 2,
            "viewer: lengths: expected 0 to 2, got -1");
}
END_TEST

/* Prepared once, whatever is joined, picked or called after. */
START_TEST(preparing_is_done_once)
{
    neap_condition *ready = neap_network_prepare(network, two_rows(), 2);
    ck_assert_int_eq(prepared, 1);
    gives(ready, 2, (float[]){1 + 3 + 30, 2 + 3 + 70});
    gives(neap_condition_join(ready, neap_condition_null(ready)), 4, (float[]){1 + 3 + 30, 2 + 3 + 70, CLASSES, CLASSES});
    gives(neap_condition_take(ready, neap_from(NEAP_I32, neap_dims(1), (int32_t[]){1})), 1, (float[]){2 + 3 + 70});
    ck_assert_int_eq(prepared, 1);
    ck_assert_ptr_null(neap_condition_join(ready, two_rows()));
    ck_assert_str_eq(neap_error_message(), "condition: join: expected both prepared by one network, or neither prepared");
    neap_error_clear();
    ck_assert_ptr_null(neap_condition_drop(ready, 0.5, (neap_random){1, 1}, 0));
    neap_error_clear();
}
END_TEST

/* Another network encodes the text itself. */
START_TEST(other_networks_prepare_for_themselves)
{
    neap_network *first = network;
    neap_condition *ready = neap_network_prepare(first, two_rows(), 2);
    network = TRY_NETWORK("viewer", "scale", "10");
    gives(ready, 2, (float[]){1 + 30 + 30, 2 + 30 + 70});
    gives(neap_condition_join(ready, neap_condition_null(ready)), 4, (float[]){1 + 30 + 30, 2 + 30 + 70, CLASSES, CLASSES});
    ck_assert_int_eq(prepared, 3);
    neap_network_release(first);
}
END_TEST

/* Guidance meets the tokens of a batch with rows of length 0, and prepares once for all steps. */
START_TEST(sampling_prepares_once_a_batch)
{
    neap_sampling s = {.sampler = COMPONENT("sampler", "euler", "steps", "4"), .guidance = COMPONENT("guidance", "cfg", "w", "1"),
                       .count = 2, .batch = 1, .condition = two_rows(), .noise = neap_zeros(NEAP_F32, neap_dims(2, 1, 1, 1))};
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    ck_assert_int_eq(prepared, 2);
    ck_assert_float_eq(floats(x)[0], -(2 * 34 - CLASSES)); /* from t = 1 down to 0 */
    ck_assert_float_eq(floats(x)[1], -(2 * 75 - CLASSES));
    s.condition = neap_condition_new(3);
    ck_assert_ptr_null(neap_sample(network, &s));
    ck_assert_str_eq(neap_error_message(), "sample: condition: expected 2 rows, got 3");
    neap_error_clear();
    s.condition = neap_condition_with(two_rows(), NEAP_POOLED, neap_zeros(NEAP_F32, neap_dims(2, 5)));
    ck_assert_ptr_null(neap_sample(network, &s));
    ck_assert_str_eq(neap_error_message(), "sample: viewer takes no 'pooled'");
    neap_error_clear();
    neap_instance_release(s.sampler);
    neap_instance_release(s.guidance);
}
END_TEST

/* What guidance leads away from is the encoding of an empty text, not tokens of length 0. */
START_TEST(null_rows_are_prepared_for_a_guidance)
{
    neap_sampling s = {.sampler = COMPONENT("sampler", "euler", "steps", "2"), .guidance = COMPONENT("guidance", "cfg", "w", "1"),
                       .count = 2, .condition = two_rows(), .noise = neap_zeros(NEAP_F32, neap_dims(2, 1, 1, 1))};
    neap_network_release(network);
    network = TRY_NETWORK("viewer", "start", "7");
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    ck_assert_int_eq(prepared, 1);
    ck_assert_float_eq(floats(x)[0], -(2 * (34 + 7) - (CLASSES + 7)));
    ck_assert_float_eq(floats(x)[1], -(2 * (75 + 7) - (CLASSES + 7)));
    neap_instance_release(s.sampler);
    neap_instance_release(s.guidance);
}
END_TEST

/* A negative condition takes the place of the null rows, in each row its own, whatever the batch. */
START_TEST(guidance_leads_away_from_a_negative)
{
    neap_tensor *text = neap_from(NEAP_U8, neap_dims(2, 3), "\5\5\5\7\7\7");
    neap_condition *no = neap_condition_with(neap_condition_new(2), NEAP_TEXT, text);
    no = neap_condition_with(no, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(2), (int32_t[]){3, 1}));
    neap_sampling s = {.sampler = COMPONENT("sampler", "euler", "steps", "2"), .guidance = COMPONENT("guidance", "cfg", "w", "1"),
                       .count = 2, .batch = 1, .condition = two_rows(), .negative = no,
                       .noise = neap_zeros(NEAP_F32, neap_dims(2, 1, 1, 1))};
    for (s.batch = 1; s.batch <= 2; s.batch++) {
        prepared = 0;
        neap_tensor *x = neap_sample(network, &s);
        ck_assert_msg(x != NULL, "%s", neap_error_message());
        ck_assert_int_eq(prepared, s.batch == 1 ? 2 : 1);
        ck_assert_float_eq(floats(x)[0], -(2 * 34 - (CLASSES + 15)));
        ck_assert_float_eq(floats(x)[1], -(2 * 75 - (CLASSES + 7)));
    }
    neap_instance_release(s.sampler);
    neap_instance_release(s.guidance);
}
END_TEST

static void negative_refused(neap_sampling *s, const char *message)
{
    ck_assert_ptr_null(neap_sample(network, s));
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

START_TEST(a_negative_without_effect_is_refused)
{
    neap_sampling s = {.sampler = COMPONENT("sampler", "euler", "steps", "2"), .count = 2, .negative = two_rows()};
    neap_instance *none = COMPONENT("guidance", "cfg", "w", "0"), *some = COMPONENT("guidance", "cfg", "w", "1");
    negative_refused(&s, "sample: negative: needs a guidance such as cfg that leads away from it");
    s.guidance = none;
    negative_refused(&s, "sample: negative: the guidance cfg, as it is set, uses no null condition, whose place it would take");
    s.guidance = some;
    s.negative = neap_condition_new(3);
    negative_refused(&s, "sample: negative: expected 2 rows, got 3");
    s.negative = neap_condition_with(two_rows(), NEAP_POOLED, neap_zeros(NEAP_F32, neap_dims(2, 5)));
    negative_refused(&s, "sample: viewer takes no 'pooled'");
    neap_instance_release(s.sampler);
    neap_instance_release(none);
    neap_instance_release(some);
}
END_TEST

/* The worse network of an autoguidance prepares once for all steps, too. */
START_TEST(other_networks_prepare_once_a_batch)
{
    neap_network *worse = TRY_NETWORK("viewer", "scale", "0.5");
    neap_instance *away = DEFAULTS("guidance", "autoguidance");
    ck_succeeds(neap_instance_set(away, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = worse}));
    neap_sampling s = {.sampler = COMPONENT("sampler", "euler", "steps", "4"), .guidance = away, .count = 2, .batch = 1,
                       .condition = two_rows(), .noise = neap_zeros(NEAP_F32, neap_dims(2, 1, 1, 1))};
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    ck_assert_int_eq(prepared, 4);
    ck_assert_float_eq(floats(x)[0], -(2 * 34 - (34 - 1.5f)));
    ck_assert_float_eq(floats(x)[1], -(2 * 75 - (75 - 1.5f)));
    neap_instance_release(s.sampler);
    neap_instance_release(away);
    neap_network_release(worse);
}
END_TEST

static bool call_prepared(void)
{
    const neap_scope scope = neap_scope_open();
    neap_condition *c = neap_network_prepare(network, two_rows(), 2);
    const bool whole = call(neap_condition_join(c, neap_condition_null(c)), 4) != NULL;
    neap_scope_close(scope);
    return whole;
}

START_TEST(every_allocation_may_fail)
{
    refuse_each(call_prepared);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("conditional", open_viewer, close_viewer, every_kind_is_given, a_text_without_lengths_counts_whole,
                          rows_do_not_see_their_padding, kinds_that_are_not_taken_are_left_out, what_does_not_fit_is_refused,
                          preparing_is_done_once, other_networks_prepare_for_themselves, sampling_prepares_once_a_batch,
                          null_rows_are_prepared_for_a_guidance, guidance_leads_away_from_a_negative,
                          a_negative_without_effect_is_refused, other_networks_prepare_once_a_batch, every_allocation_may_fail);
}
