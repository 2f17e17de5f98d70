/* Conditions from data sets: all kinds are read, checked, and prepared in every step of a training. */
#include "viewer.h"

static neap_source *open_dots(const char *const *settings)
{
    neap_instance *data = component_of("dataset", "dots", settings);
    neap_source *source = neap_source_open(data);
    neap_instance_release(data);
    ck_assert_msg(source != NULL, "%s", neap_error_message());
    return source;
}

START_TEST(data_sets_tell_every_kind)
{
    neap_batch batch;
    neap_source *source = open_dots(SETTINGS(NULL));
    ck_succeeds(neap_source_read(source, (int64_t[]){7, 1}, 2, &batch));
    gives(batch.condition, 2, (float[]){1 + 2 * 7, 1 + 1});
    const int32_t *length = neap_data(neap_condition_get(batch.condition, NEAP_LENGTHS));
    ck_assert_int_eq(length[0], 2);
    ck_assert_float_eq(floats(neap_condition_get(batch.condition, NEAP_PICTURE))[1], -7);
    neap_source_close(source);
}
END_TEST

START_TEST(examples_out_of_range_are_refused)
{
    neap_batch batch;
    neap_source *source = open_dots(SETTINGS("fault", "1"));
    ck_fails_with(neap_source_read(source, (int64_t[]){3}, 1, &batch),
                  "dots: example 3: expected a label of 0 to 2, or -1 for none, got 3");
    neap_source_close(source);
    source = open_dots(SETTINGS("fault", "2"));
    ck_fails_with(neap_source_read(source, (int64_t[]){4}, 1, &batch), "dots: example 4: expected a text of 0 to 4 bytes, got 5");
    neap_source_close(source);
    source = open_dots(SETTINGS("fault", "3"));
    ck_fails_with(neap_source_read(source, (int64_t[]){5, 6}, 2, &batch),
                  "dots: example 6: text: expected UTF-8, got the byte ff after ''");
    neap_source_close(source);
}
END_TEST

static neap_trainer *train_on(neap_source *source)
{
    neap_instance *objective = COMPONENT("objective", "flow_matching", "label_dropout", "0.5");
    const neap_trainer_config config = {.batch = 4, .optimizer = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.9, .eps = 1e-8}};
    neap_trainer *trainer = neap_trainer_new(network, source, objective, &config);
    neap_instance_release(objective);
    return trainer;
}

/* What a network takes and a data set does not tell is refused by name. */
START_TEST(a_misfit_is_named)
{
    neap_source *source = open_dots(SETTINGS("picture", "false"));
    ck_assert_ptr_null(train_on(source));
    ck_assert_str_eq(neap_error_message(), "viewer: takes 'picture'; the data set 'dots' provides 'labels', 'text'");
    neap_error_clear();
    neap_source_close(source);
}
END_TEST

START_TEST(training_prepares_in_every_step)
{
    neap_train_report report;
    neap_source *source = open_dots(SETTINGS(NULL));
    neap_trainer *trainer = train_on(source);
    ck_assert_msg(trainer != NULL, "%s", neap_error_message());
    for (int i = 1; i <= 3; i++)
        ck_succeeds(neap_trainer_step(trainer, i, 1, &report));
    ck_assert_int_eq(prepared, 3);
    neap_trainer_free(trainer);
    neap_source_close(source);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("conditions in training", open_viewer, close_viewer, data_sets_tell_every_kind,
                          examples_out_of_range_are_refused, a_misfit_is_named, training_prepares_in_every_step);
}
