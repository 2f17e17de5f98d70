/*
 * Networks under a condition: `viewer`, an architecture that takes labels, a text, and a picture, and encodes the text into
 * tokens. Conditions are fitted to it, prepared once, and refused where they do not fit.
 */
#include "run_test.h"

enum { CLASSES = 3, MOST_BYTES = 4 };

typedef struct viewer_config {
    double scale; /* of a byte in its token */
    double start; /* what each text is encoded to besides, the empty one, too */
} viewer_config;

typedef struct viewer {
    const viewer_config *config;
    neap_tensor *weight;
} viewer;

static const neap_condition *seen; /* by the last call */
static int prepared;               /* calls of prepare */

static void *viewer_build(const void *config, neap_model *model)
{
    viewer *v = neap_calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->config = config;
    v->weight = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "weight");
    return v;
}

static int viewer_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 1, .classes = CLASSES, .text = MOST_BYTES,
                                           .picture = {1, 2, 1}});
}

static neap_condition *viewer_prepare(void *self, const neap_condition *condition)
{
    neap_tensor *text = neap_cast(neap_condition_get(condition, NEAP_TEXT), NEAP_F32);
    if (!text)
        return NULL;
    neap_tensor *tokens = neap_reshape(text, neap_dims(neap_dim(text, 0), neap_dim(text, 1), 1));
    prepared++;
    tokens = neap_affine(tokens, ((const viewer *)self)->config->scale, 0);
    const double start = ((const viewer *)self)->config->start;
    if (start != 0)
        condition = neap_condition_with(condition, NEAP_POOLED, neap_full(NEAP_F32, neap_dims(neap_dim(text, 0), 1), start));
    return neap_condition_with(neap_condition_with(condition, NEAP_TEXT, NULL), NEAP_TOKENS, tokens);
}

/* Label + the sum of the tokens that count + the start + the sum of the picture, in each row. */
static neap_tensor *viewer_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const int64_t rows = neap_dim(x, 0);
    neap_tensor *tokens = neap_condition_get(condition, NEAP_TOKENS), *picture = neap_condition_get(condition, NEAP_PICTURE);
    const int32_t *label = neap_data(neap_condition_get(condition, NEAP_LABELS));
    const int32_t *length = neap_data(neap_condition_get(condition, NEAP_LENGTHS));
    neap_tensor *start = neap_condition_get(condition, NEAP_POOLED);
    neap_tensor *v = neap_empty(NEAP_F32, neap_dims(rows, 1, 1, 1));
    (void)t;
    seen = condition;
    for (int64_t i = 0; v && i < rows; i++) {
        float sum = (float)label[i] + (start ? floats(start)[i] : 0) + floats(picture)[2 * i] + floats(picture)[2 * i + 1];
        for (int32_t k = 0; k < length[i]; k++)
            sum += floats(tokens)[i * neap_dim(tokens, 1) + k];
        ((float *)neap_data(v))[i] = sum;
    }
    return neap_add(v, neap_mul(neap_affine(x, 0, 0), ((const viewer *)self)->weight));
}

static const neap_architecture viewer_functions = {.size = sizeof viewer_functions, .build = viewer_build,
                                                   .destroy = neap_free, .spec = viewer_spec,
                                                   .velocity = viewer_velocity, .prepare = viewer_prepare};
static const neap_param viewer_params[] = {
    NEAP_REAL(viewer_config, scale, 1, -10, 10, "Of a byte in its token."),
    NEAP_REAL(viewer_config, start, 0, -10, 10, "Of each text."),
    NEAP_PARAMS_END,
};
/* Ten examples: the picture i of one pixel, the label i % 3, a text of i % 5 bytes, and the picture i, -i. */
typedef struct dots_config {
    bool text, picture;
    int64_t fault; /* 1: a label, 2: a length out of range; 3: a byte that no text has */
} dots_config;

static void *dots_open(const void *config)
{
    dots_config *self = neap_calloc(1, sizeof *self);
    if (self)
        *self = *(const dots_config *)config;
    return self;
}

static int dots_spec(const void *self, neap_spec *out)
{
    const dots_config *c = self;
    neap_spec spec = {.height = 1, .width = 1, .channels = 1, .classes = CLASSES, .text = c->text ? MOST_BYTES : 0};
    if (c->picture)
        spec.picture = (neap_extent){1, 2, 1};
    return neap_spec_fill(out, spec);
}

static int64_t dots_count(const void *self)
{
    (void)self;
    return 10;
}

static int dots_read(const void *self, int64_t index, const neap_example *out)
{
    const dots_config *c = self;
    *out->x = (float)index;
    *out->label = c->fault == 1 ? CLASSES : (int32_t)(index % CLASSES);
    if (out->text) {
        *out->length = c->fault == 2 ? MOST_BYTES + 1 : (int32_t)(index % (MOST_BYTES + 1));
        memset(out->text, c->fault == 3 ? 0xff : (int)index, (size_t)(index % (MOST_BYTES + 1)));
    }
    if (out->picture) {
        out->picture[0] = (float)index;
        out->picture[1] = -(float)index;
    }
    return 0;
}

static const neap_dataset dots_functions = {.size = sizeof dots_functions, .open = dots_open, .close = neap_free,
                                            .spec = dots_spec, .count = dots_count, .read = dots_read};
static const neap_param dots_params[] = {
    NEAP_FLAG(dots_config, text, 1, "Tell a text."),
    NEAP_FLAG(dots_config, picture, 1, "Tell a picture."),
    NEAP_INT(dots_config, fault, 0, 0, 3, "Which."),
    NEAP_PARAMS_END,
};

static const neap_component components[] = {
    {"dataset/2", "dots", "Dots that tell everything.", sizeof(dots_config), dots_params, &dots_functions},
    {"architecture/2", "viewer", "Sums up what it is told.", sizeof(viewer_config), viewer_params, &viewer_functions},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static neap_network *network;

static void open_viewer(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
    network = TRY_NETWORK("viewer", NULL);
    prepared = 0;
}

static void close_viewer(void)
{
    neap_network_release(network);
    run_close();
}

static neap_tensor *call(const neap_condition *condition, int64_t rows)
{
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(rows, 1, 1, 1));
    return neap_network_velocity(network, x, neap_zeros(NEAP_F32, neap_dims(rows)), condition);
}

static void gives(const neap_condition *condition, int rows, const float *expected)
{
    neap_tensor *v = call(condition, rows);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    for (int i = 0; i < rows; i++)
        ck_assert_float_eq(floats(v)[i], expected[i]);
}

static void refused(const neap_condition *condition, int rows, const char *message)
{
    ck_assert_ptr_null(call(condition, rows));
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

/* Row 0: label 1, "\1\2" of which both count, picture 10, 20. Row 1: label 2, one byte, picture 30, 40. */
static neap_condition *two_rows(void)
{
    neap_condition *c = neap_condition_new(2);
    c = neap_condition_with(c, NEAP_LABELS, neap_from(NEAP_I32, neap_dims(2), (int32_t[]){1, 2}));
    c = neap_condition_with(c, NEAP_TEXT, neap_from(NEAP_U8, neap_dims(2, 2), "\1\2\3\4"));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(2), (int32_t[]){2, 1}));
    return neap_condition_with(c, NEAP_PICTURE, neap_from(NEAP_F32, neap_dims(2, 1, 2, 1), (float[]){10, 20, 30, 40}));
}

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
                          a_negative_without_effect_is_refused,
                          other_networks_prepare_once_a_batch, data_sets_tell_every_kind, examples_out_of_range_are_refused,
                          a_misfit_is_named,
                          training_prepares_in_every_step, every_allocation_may_fail);
}
