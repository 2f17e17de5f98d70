/* dopri5: coefficients, errors within the tolerance, adaptive steps, and its fallback. */
#include "flow.h"

static neap_sampling drawing(neap_instance *sampler, int64_t count)
{
    return (neap_sampling){.sampler = sampler, .count = count, .seed = 3};
}

static neap_tensor *draw(const char *law, neap_sampling s)
{
    neap_network *network = TRY_NETWORK("flow", "law", law);
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    neap_network_release(network);
    return x;
}

static double error_of(int law, neap_tensor *x)
{
    neap_tensor *z = neap_sample_noise(3, 0, neap_shape_of(x));
    double error = 0;
    for (int64_t i = 0; i < neap_size(x); i++)
        error = fmax(error, fabs((double)floats(x)[i] - flow_solve(law, (double)floats(z)[i], 1, 0)));
    return error;
}

/* --- Tolerances -------------------------------------------------------------------------------------------------- */

/* A method of order 5 integrates a polynomial of degree 4 exactly, with the longest steps allowed: .05, .25, .7. */
START_TEST(exact_for_quartics)
{
    int64_t evaluations = 0;
    neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "rtol", "1", "atol", "1"), 4);
    s.evaluations = &evaluations;
    neap_tensor *x = draw("quartic", s), *z = neap_sample_noise(3, 0, neap_shape_of(x));
    check_near("quartic", x, neap_affine(z, 1, -1), 1e-6);
    ck_assert_int_eq(evaluations, 19);
    neap_instance_release(s.sampler);
}
END_TEST

/* At each tenfold stricter tolerance the global error is at most a few times the tolerance; f32 limits it to about
 * 1e-6. At order 5 the number of steps grows by about 10^(1/5) = 1.6, give or take a rejected step. Wrong
 * coefficients would lower the order and take hundreds of steps. */
START_TEST(errors_follow_the_tolerance)
{
    static const char *const tolerances[] = {"1e-2", "1e-3", "1e-4", "1e-5"};
    double error[4];
    int64_t evaluations[4];
    for (int i = 0; i < 4; i++) {
        const char *tolerance = tolerances[i];
        neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "rtol", tolerance, "atol", tolerance), 8);
        s.evaluations = &evaluations[i];
        error[i] = error_of(FLOW_SWING, draw("swing", s));
        neap_instance_release(s.sampler);
        ck_assert_msg(error[i] < 3 * atof(tolerance), "error %g at %s", error[i], tolerance);
        ck_assert_msg(evaluations[i] % 6 == 1, "%d evaluations", (int)evaluations[i]);
        ck_assert(i < 2 || evaluations[i] > evaluations[i - 2]);
    }
    ck_assert_double_lt(error[3], error[0] / 10);
    ck_assert_int_le(evaluations[3], 73);
}
END_TEST

/* The steps of a sample do not depend on its batch. */
START_TEST(batches_do_not_matter)
{
    static const int64_t batches[] = {1, 3, 50};
    neap_sampling s = drawing(DEFAULTS("sampler", "dopri5"), 50);
    neap_tensor *whole = draw("swing", s);
    for (int i = 0; i < 3; i++) {
        s.batch = batches[i];
        ck_assert(same_bits(draw("swing", s), whole));
    }
    neap_instance_release(s.sampler);
}
END_TEST

/* With an atol of 1, samples of zeros accept every step and a sample of 1000 needs small ones. Beside 30 of the
 * former the latter takes the same steps as alone, and finished samples are not evaluated while it continues. */
START_TEST(finished_samples_cost_nothing)
{
    neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "atol", "1", "rtol", "1e-5"), 1);
    neap_tensor *large = neap_full(NEAP_F32, neap_dims(1, 1, 2, 1), 1000);
    int64_t alone = 0, beside = 0, lax = 0;
    s.noise = large;
    s.evaluations = &alone;
    neap_tensor *x = draw("fall", s);
    s.count = 31;
    s.evaluations = &beside;
    s.noise = neap_concat((neap_tensor *[]){neap_zeros(NEAP_F32, neap_dims(30, 1, 2, 1)), large}, 2, 0);
    flow_rows = 0;
    ck_assert(same_bits(neap_slice(draw("fall", s), 0, 30, 31), x));
    ck_assert_int_eq(alone, beside);
    const int64_t rows = flow_rows;
    s.evaluations = &lax;
    s.noise = neap_zeros(NEAP_F32, neap_dims(31, 1, 2, 1));
    draw("fall", s);
    ck_assert_int_lt(lax, alone);
    ck_assert_int_eq(rows, 30 * lax + alone);
    neap_instance_release(s.sampler);
}
END_TEST

START_TEST(inversions_and_back)
{
    neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "rtol", "1e-5", "atol", "1e-5"), 6);
    neap_tensor *picture = s.picture = neap_sample_noise(9, 0, neap_dims(6, 1, 2, 1));
    s.invert = true;
    neap_tensor *noise = draw("swing", s);
    s.invert = false;
    s.picture = NULL;
    s.noise = noise;
    check_near("there and back", draw("swing", s), picture, 1e-4);
    neap_instance_release(s.sampler);
}
END_TEST

/* --- Watchers ---------------------------------------------------------------------------------------------------- */

typedef struct watcher {
    int64_t steps, stop_at;
    double t;
} watcher;

static int watch(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    watcher *w = user;
    ck_assert_int_eq(step, w->steps++);
    ck_assert_int_eq(steps, 0);
    ck_assert(step ? t <= w->t : t == w->t); /* of the sample that is farthest behind, which may change */
    ck_assert_int_eq(neap_dim(x, 0), 4);
    w->t = t;
    return step > 0 && step == w->stop_at ? neap_fail("enough") : 0;
}

/* Called for the noise and after each accepted step, down to exactly t = 0; a watcher may stop sampling. */
START_TEST(watchers)
{
    neap_network *network = TRY_NETWORK("flow", "law", "swing");
    watcher w = {.t = 1};
    const neap_watch watched = {sizeof watched, &w, watch};
    neap_sampling s = drawing(DEFAULTS("sampler", "dopri5"), 4);
    s.watch = &watched;
    ck_assert_ptr_nonnull(neap_sample(network, &s));
    ck_assert_int_ge(w.steps, 4);
    ck_assert(w.t == 0);
    w = (watcher){.t = 1, .stop_at = 2};
    ck_fails_with(!neap_sample(network, &s), "sample: enough");
    ck_assert_int_eq(w.steps, 3);
    neap_instance_release(s.sampler);
    neap_network_release(network);
}
END_TEST

/* --- Fallback to Euler steps ------------------------------------------------------------------------------------- */

static struct {
    int count;
    char text[512];
} warned;

static void note(void *user, const char *message)
{
    (void)user;
    warned.count++;
    snprintf(warned.text, sizeof warned.text, "%s", message);
}

/* On `fall`, where v = 1.5 x: two steps, to 0.95 and 0.7, then one Euler step. */
START_TEST(evaluations_run_out)
{
    int64_t evaluations = 0;
    neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "max_evaluations", "18"), 4);
    s.evaluations = &evaluations;
    neap_on_warning(note, NULL);
    neap_tensor *x = draw("fall", s), *z = neap_sample_noise(3, 0, neap_shape_of(x));
    neap_on_warning(NULL, NULL);
    ck_assert_int_eq(evaluations, 13);
    ck_assert_int_eq(warned.count, 1);
    ck_assert_str_eq(warned.text, "dopri5: the evaluations are used up at t = 0.7 with tolerances rtol 0.001, "
                                  "atol 0.001; one Euler step finishes 4 of 4 samples");
    check_near("to the end", x, neap_affine(z, exp(-1.5 * 0.3) * (1 - 1.5 * 0.7), 0), 1e-3);
    neap_instance_release(s.sampler);
}
END_TEST

/* One warning for each batch; none if the evaluations suffice. */
START_TEST(once_a_batch)
{
    neap_sampling s = drawing(COMPONENT("sampler", "dopri5", "max_evaluations", "7"), 4);
    neap_on_warning(note, NULL);
    s.batch = 2;
    draw("swing", s);
    ck_assert_int_eq(warned.count, 2);
    neap_instance_release(s.sampler);
    s.sampler = DEFAULTS("sampler", "dopri5");
    draw("swing", s);
    ck_assert_int_eq(warned.count, 2);
    neap_instance_release(s.sampler);
    neap_on_warning(NULL, NULL);
}
END_TEST

/* The velocity is NaN below t = 0.5, and 1 above it. */
START_TEST(steps_become_too_short)
{
    neap_sampling s = drawing(DEFAULTS("sampler", "dopri5"), 4);
    neap_on_warning(note, NULL);
    neap_tensor *x = draw("wall", s);
    neap_on_warning(NULL, NULL);
    ck_assert_int_eq(warned.count, 1);
    ck_assert_str_eq(warned.text, "dopri5: steps become too short at t = 0.5 with tolerances rtol 0.001, atol 0.001; "
                                  "one Euler step finishes 4 of 4 samples");
    check_near("to the end", x, neap_affine(neap_sample_noise(3, 0, neap_shape_of(x)), 1, -1), 1e-5);
    neap_instance_release(s.sampler);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("adaptive steps", flow_open, run_close, exact_for_quartics, errors_follow_the_tolerance,
                          batches_do_not_matter, finished_samples_cost_nothing, inversions_and_back, watchers,
                          evaluations_run_out, once_a_batch, steps_become_too_short);
}
