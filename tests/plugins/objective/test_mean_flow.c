/* The objective mean_flow and its sampler: derivative along the path, target without gradient, times, weights,
 * steps. */
#include "tests/core/base/moments.h"
#include "tests/core/run/field.h"

#include <neap/sampling.h>

/* `watched` passes its calls to a network with interval = true and records their arguments. */
static neap_network *inner;
static struct {
    neap_tensor *x, *t, *r;
    const neap_condition *condition;
} shown;

static void *watched_build(const void *config, neap_model *model)
{
    (void)config, (void)model;
    return neap_calloc(1, 1);
}

static int watched_spec(const void *self, neap_spec *out)
{
    (void)self;
    neap_network_spec(inner, out);
    return 0;
}

static neap_tensor *watched_average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition)
{
    (void)self;
    shown.x = x;
    shown.t = t;
    shown.r = r;
    shown.condition = condition;
    return neap_network_average(inner, x, t, r, condition);
}

static const neap_architecture watched_functions = {.size = sizeof watched_functions, .build = watched_build,
                                                    .destroy = neap_free, .spec = watched_spec,
                                                    .average = watched_average};
static const neap_param watched_params[] = {NEAP_PARAMS_END};
static const neap_component watched_components[] = {
    {"architecture/2", "watched", "Notes what it is shown.", 0, watched_params, &watched_functions},
    {0},
};
static const neap_plugin watched_plugin = {NEAP_ABI, sizeof watched_plugin, "test_watched", "1", "MIT", "For tests.",
                                           watched_components};

static neap_network *watched;

static void open_watched(void)
{
    field_open();
    ck_succeeds(neap_registry_add(&watched_plugin, NULL));
    inner = NETWORK("mlp", "interval", "true", "hidden", "16", "depth", "2", "time_features", "8", "classes", "3");
    watched = TRY_NETWORK("watched", NULL);
}

static void close_watched(void)
{
    neap_network_release(watched);
    neap_network_release(inner);
    run_close();
}

static neap_step *step_of(int64_t batch)
{
    neap_tensor *labels = neap_empty(NEAP_I32, neap_dims(batch));
    for (int64_t i = 0; i < batch; i++)
        ((int32_t *)neap_data(labels))[i] = (int32_t)(i % 3);
    const neap_batch drawn = {.x = neap_randn((neap_random){5, 6}, 0, neap_dims(batch, 1, 1, 2)), .condition = labelled(labels)};
    return step_on(drawn, (neap_random){1, 2}, 1);
}

static neap_tensor *loss_of(const char *const *settings, neap_step *step)
{
    neap_instance *instance = component_of("objective", "mean_flow", settings);
    const neap_objective *objective = neap_instance_component(instance)->functions;
    neap_tensor *loss = objective->loss(neap_instance_config(instance), 0, watched, step);
    ck_assert_msg(loss != NULL, "%s", neap_error_message());
    neap_instance_release(instance);
    return loss;
}

/* --- The target --------------------------------------------------------------------------------------------------- */

static neap_tensor *per_point(neap_tensor *t)
{
    return neap_reshape(t, neap_dims(-1, 1, 1, 1));
}

/* The velocity of the paths: (x_t - x) / t. */
static neap_tensor *path_velocity(const neap_step *step)
{
    return neap_div(neap_sub(neap_detach(shown.x), step->x), per_point(neap_detach(shown.t)));
}

static neap_tensor *average_at(neap_tensor *v, double by)
{
    neap_tensor *x = neap_add(neap_detach(shown.x), neap_affine(v, by, 0));
    return neap_network_average(inner, x, neap_affine(neap_detach(shown.t), 1, by), shown.r, shown.condition);
}

/* v - (t - r) du/dt by a difference of order four. With steps of 0.02 its error is about 1e-5, like that of f32. */
static neap_tensor *target_by_differences(const neap_step *step)
{
    const double h = 0.02;
    neap_tensor *v = path_velocity(step);
    neap_tensor *near = neap_sub(average_at(v, h), average_at(v, -h));
    neap_tensor *far = neap_sub(average_at(v, 2 * h), average_at(v, -2 * h));
    neap_tensor *slope = neap_sub(neap_affine(near, 2 / (3 * h), 0), neap_affine(far, 1 / (12 * h), 0));
    return neap_detach(neap_sub(v, neap_mul(per_point(neap_sub(shown.t, shown.r)), slope)));
}

static neap_tensor *errors_from(neap_tensor *target)
{
    neap_tensor *u = neap_network_average(inner, neap_detach(shown.x), neap_detach(shown.t), shown.r, shown.condition);
    return neap_sum(neap_square(neap_sub(u, target)), (const int[]){1, 2, 3}, 3, false);
}

/* At power 0 weights are equal. The test is sensitive only if (t - r) du/dt is a large part of the target. */
START_TEST(derivative_along_the_path)
{
    neap_step *step = step_of(256);
    neap_tensor *loss = loss_of(SETTINGS("power", "0", "same", "0"), step), *target = target_by_differences(step);
    neap_tensor *expected = neap_mean(errors_from(target), NULL, 0, false);
    ck_assert_double_eq_tol(neap_item(loss), neap_item(expected), 1e-3 * neap_item(expected));
    const double without = neap_item(neap_mean(errors_from(path_velocity(step)), NULL, 0, false));
    ck_assert_double_gt(fabs(without - neap_item(expected)), 0.02 * neap_item(expected));
}
END_TEST

/* The gradient equals that of a loss with a constant target. */
START_TEST(target_has_no_gradient)
{
    const neap_model *model = neap_network_model(inner);
    const int count = neap_model_count(model);
    neap_tensor *parameters[32], *got[32], *expected[32];
    ck_assert_int_le(count, 32);
    for (int i = 0; i < count; i++)
        parameters[i] = neap_model_tensor(model, i);
    neap_step *step = step_of(256);
    neap_tensor *loss = loss_of(SETTINGS("power", "0", "same", "0"), step);
    ck_succeeds(neap_gradients(loss, NULL, parameters, count, 0, got));
    loss = neap_mean(errors_from(target_by_differences(step)), NULL, 0, false);
    ck_succeeds(neap_gradients(loss, NULL, parameters, count, 0, expected));
    for (int i = 0; i < count; i++)
        check_near(neap_model_name(model, i), neap_contiguous(got[i]), neap_contiguous(expected[i]), 5e-3);
}
END_TEST

/* (|e|^2 + c)^-p with c = 0.5 and p = 2, for each example. */
static neap_tensor *weights_of(neap_tensor *errors)
{
    float out[64];
    for (int i = 0; i < 64; i++)
        out[i] = (float)pow((double)floats(errors)[i] + 0.5, -2);
    return neap_from(NEAP_F32, neap_dims(64), out);
}

/* Computed as plain numbers, so that no gradient goes through them. */
START_TEST(weights)
{
    neap_tensor *bias = neap_model_find(neap_network_model(inner), "out.bias"), *got, *expected;
    neap_step *step = step_of(64);
    neap_tensor *loss = loss_of(SETTINGS("power", "2", "offset", "0.5", "same", "1"), step);
    neap_tensor *errors = errors_from(path_velocity(step));
    neap_tensor *by_hand = neap_mean(neap_mul(weights_of(errors), errors), NULL, 0, false);
    check_near("loss", loss, by_hand, 1e-5);
    ck_succeeds(neap_gradients(loss, NULL, &bias, 1, 0, &got));
    ck_succeeds(neap_gradients(by_hand, NULL, &bias, 1, 0, &expected));
    check_near("gradient", got, expected, 1e-5);
    const neap_reported *report;
    ck_assert_int_gt(neap_step_reports(step, &report), 0);
    ck_assert(strncmp(report->name, "loss_t", 6) == 0);
}
END_TEST

static bool loss_once(void)
{
    neap_scope scope = neap_scope_open();
    neap_instance *instance = neap_instance_new(neap_registry_find("objective", "mean_flow"));
    const neap_batch batch = {.x = neap_full(NEAP_F32, neap_dims(4, 1, 1, 2), 0.5),
                              .condition = labelled(neap_zeros(NEAP_I32, neap_dims(4)))};
    neap_step *step = instance && batch.x && batch.condition ? neap_step_new(&batch, (neap_random){1, 2}, 1) : NULL;
    const neap_objective *objective = step ? neap_instance_component(instance)->functions : NULL;
    bool done = step && objective->loss(neap_instance_config(instance), 0, watched, step);
    neap_step_free(step);
    neap_instance_release(instance);
    neap_scope_close(scope);
    return done;
}

START_TEST(every_allocation_may_fail)
{
    refuse_each(loss_once);
}
END_TEST

/* --- Times -------------------------------------------------------------------------------------------------------- */

START_TEST(times)
{
    enum { BATCH = 4096 };
    static double logits[2 * BATCH];
    neap_step *step = step_of(BATCH);
    loss_of(SETTINGS("same", "0"), step);
    for (int i = 0; i < BATCH; i++) {
        const double t = (double)floats(shown.t)[i], r = (double)floats(shown.r)[i];
        ck_assert(r < t);
        logits[2 * i] = log(t / (1 - t));
        logits[2 * i + 1] = log(r / (1 - r));
    }
    check_moments("both ends", logits, 2 * BATCH, -0.4, 1, 3);
    loss_of(SETTINGS(NULL), step);
    int same = 0;
    for (int i = 0; i < BATCH; i++)
        same += floats(shown.t)[i] <= floats(shown.r)[i];
    ck_assert_double_le(fabs((double)same / BATCH - 0.75), 5 * sqrt(0.75 * 0.25 / BATCH));
}
END_TEST

/* Two times from the same stratum would differ by less than its width. */
START_TEST(stratified_ends_lie_apart)
{
    neap_step *step = step_of(256);
    double sum = 0;
    loss_of(SETTINGS("same", "0", "stratified", "true", "times", "uniform"), step);
    for (int i = 0; i < 256; i++)
        sum += ((double)floats(shown.t)[i] - (double)floats(shown.r)[i]) / 256;
    ck_assert_double_eq_tol(sum, 1.0 / 3, 5 * sqrt(1.0 / 18 / 256));
}
END_TEST

/* --- The network and the sampler ---------------------------------------------------------------------------------- */

START_TEST(one_time_is_the_velocity)
{
    neap_step *step = step_of(8);
    neap_tensor *t = neap_rand((neap_random){1, 1}, 0, neap_dims(8));
    neap_tensor *v = neap_network_velocity(inner, step->x, t, step->condition);
    ck_assert(same_bits(v, neap_network_average(inner, step->x, t, t, step->condition)));
    ck_assert(!same_bits(v, neap_network_average(inner, step->x, t, neap_zeros(NEAP_F32, neap_dims(8)), step->condition)));
    neap_network *plain = TRY_NETWORK("mlp", "hidden", "4");
    ck_fails_with(!neap_network_average(plain, step->x, t, t, NULL),
                  "mlp: average: expected a network with interval = true, got one with a single time");
    neap_network_release(plain);
}
END_TEST

/* One step and two, by hand. */
START_TEST(sampler)
{
    neap_tensor *z = neap_randn((neap_random){2, 2}, 0, neap_dims(8, 1, 1, 2)), *x = z;
    neap_tensor *time[] = {neap_full(NEAP_F32, neap_dims(8), 1), neap_full(NEAP_F32, neap_dims(8), 0.5),
                           neap_zeros(NEAP_F32, neap_dims(8))};
    neap_sampling s = {.sampler = COMPONENT("sampler", "mean", NULL), .count = 8, .noise = z};
    neap_tensor *whole = neap_network_average(inner, z, time[0], time[2], NULL);
    check_near("one step", sample(inner, &s), neap_sub(z, whole), 1e-6);
    ck_succeeds(neap_instance_set_text(s.sampler, "steps", "2"));
    for (int i = 0; i < 2; i++)
        x = neap_sub(x, neap_affine(neap_network_average(inner, x, time[i], time[i + 1], NULL), 0.5, 0));
    check_near("two steps", sample(inner, &s), x, 1e-6);
    s.picture = z;
    s.noise = NULL;
    s.invert = true;
    ck_fails_with(!neap_sample(inner, &s),
                  "sample: mean: expected descending times, because the mean velocity is known at a step's "
                  "noisier end; got times from 0 up to 1");
    s.guidance = COMPONENT("guidance", "cfg", NULL);
    ck_fails_with(!neap_sample(inner, &s), "sample: mean takes no guidance, for it asks for no velocity; got cfg");
    end_sampling(s);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("mean_flow", open_watched, close_watched, derivative_along_the_path, target_has_no_gradient,
                          weights, every_allocation_may_fail, times, stratified_ends_lie_apart, one_time_is_the_velocity, sampler);
}
