/*
 * SDE samplers on the flow that generates N(m, s^2): means, variances and weak orders, rows independent of their
 * batch, and refusals.
 */
#include "tests/core/base/moments.h"
#include "flow.h"

static const char *const names[] = {"euler_maruyama", "heun_sde"};

static neap_tensor *draw(neap_instance *sampler, int64_t count, int64_t batch)
{
    neap_network *network = TRY_NETWORK("flow", "law", "gauss");
    const neap_sampling s = {.sampler = sampler, .count = count, .batch = batch, .seed = 8};
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    neap_instance_release(sampler);
    neap_network_release(network);
    return x;
}

/* --- Moments ----------------------------------------------------------------------------------------------------- */

/* With the default steps the error of the variance is below 0.4% (from the recursion of moments for this linear
 * flow), which is half a standard error of 40,000 numbers; the bound is five standard errors. */
START_TEST(moments)
{
    enum { COUNT = 20000, ALL = 2 * COUNT };
    static double x[ALL];
    const double variance = GAUSS_DEVIATION * GAUSS_DEVIATION;
    static const char *const strengths[] = {"0.5", "1", "3"};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            neap_scope scope = neap_scope_open();
            neap_instance *sampler = COMPONENT("sampler", names[i], "strength", strengths[j]);
            ck_succeeds(neap_read(draw(sampler, COUNT, COUNT), NEAP_F64, x));
            check_moments(names[i], x, ALL, GAUSS_MEAN, variance, 3 * variance * variance);
            neap_scope_close(scope);
        }
}
END_TEST

/* The relative error of the variance of samples after n steps. */
static double variance_error(const char *name, const char *steps)
{
    enum { COUNT = 100000 };
    neap_scope scope = neap_scope_open();
    neap_tensor *x = draw(COMPONENT("sampler", name, "steps", steps), COUNT, COUNT);
    const double variance = neap_item(neap_variance(x, NULL, 0, false));
    neap_scope_close(scope);
    return fabs(variance / (GAUSS_DEVIATION * GAUSS_DEVIATION) - 1);
}

/* The recursion of moments gives slopes of 1.29 (16 and 64 steps) and 1.85 (4 and 16 steps), for orders 1 and 2
 * before their limits. The standard error of a variance, 0.003, moves them by at most 0.16 and 0.04 with a
 * probability of 0.7. The bounds are three times that. */
START_TEST(weak_orders)
{
    const double first = log2(variance_error(names[0], "16") / variance_error(names[0], "64")) / 2;
    const double second = log2(variance_error(names[1], "4") / variance_error(names[1], "16")) / 2;
    ck_assert_msg(fabs(first - 1.29) < 0.5, "euler_maruyama: order %g", first);
    ck_assert_msg(fabs(second - 1.85) < 0.12, "heun_sde: order %g", second);
}
END_TEST

/* Without noise, the ODE samplers. */
START_TEST(strength_of_zero)
{
    static const char *const plain[] = {"euler", "heun"};
    for (int i = 0; i < 2; i++) {
        neap_tensor *x = draw(COMPONENT("sampler", plain[i], "steps", "10"), 5, 0);
        neap_tensor *y = draw(COMPONENT("sampler", names[i], "steps", "10", "strength", "0"), 5, 0);
        check_near(names[i], y, x, 1e-6);
    }
}
END_TEST

/* A single step is the last, which adds no noise. At t = 1, v = z - m and the drift is 2 z - m, so the result is m -
 * z; for both samplers, because Heun's last step is an Euler step. */
START_TEST(last_step_is_the_mean)
{
    for (int i = 0; i < 2; i++) {
        neap_tensor *x = draw(COMPONENT("sampler", names[i], "steps", "1"), 2, 0);
        neap_tensor *z = neap_sample_noise(8, 0, neap_shape_of(x));
        check_near(names[i], x, neap_affine(z, -1, GAUSS_MEAN), 1e-6);
    }
}
END_TEST

/* --- Dependencies ------------------------------------------------------------------------------------------------ */

START_TEST(rows_do_not_depend_on_their_batch)
{
    for (int i = 0; i < 2; i++) {
        neap_tensor *x = draw(COMPONENT("sampler", names[i], "steps", "6"), 7, 7);
        for (int64_t batch = 1; batch < 7; batch++)
            ck_assert(same_bits(x, draw(COMPONENT("sampler", names[i], "steps", "6"), 7, batch)));
        ck_assert(same_bits(neap_slice(x, 0, 0, 3), draw(COMPONENT("sampler", names[i], "steps", "6"), 3, 2)));
        neap_tensor *rows = neap_sub(neap_slice(x, 0, 0, 6), neap_slice(x, 0, 1, 7));
        ck_assert_double_gt(neap_item(neap_max(neap_abs(rows), NULL, 0, false)), 1e-3);
    }
}
END_TEST

START_TEST(inversions)
{
    neap_network *network = TRY_NETWORK("flow", "law", "gauss");
    for (int i = 0; i < 2; i++) {
        char message[128];
        neap_sampling s = {.sampler = DEFAULTS("sampler", names[i]), .count = 2, .invert = true};
        s.picture = neap_zeros(NEAP_F32, neap_dims(2, 1, 2, 1));
        snprintf(message, sizeof message, "sample: %s: an inversion needs a sampler without noise", names[i]);
        ck_fails_with(!neap_sample(network, &s), message);
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

/* From t < 1, where the marginal is that of pictures mixed with noise. */
START_TEST(from_a_level)
{
    enum { COUNT = 20000, ALL = 2 * COUNT };
    static double x[ALL];
    const double variance = GAUSS_DEVIATION * GAUSS_DEVIATION;
    neap_network *network = TRY_NETWORK("flow", "law", "gauss");
    neap_tensor *pictures = neap_randn((neap_random){4, 4}, 0, neap_dims(COUNT, 1, 2, 1));
    for (int i = 0; i < 2; i++) {
        neap_sampling s = {.sampler = DEFAULTS("sampler", names[i]), .count = COUNT, .batch = COUNT, .level = 0.6};
        s.picture = neap_affine(pictures, GAUSS_DEVIATION, GAUSS_MEAN);
        neap_tensor *drawn = neap_sample(network, &s);
        ck_assert_msg(drawn != NULL, "%s", neap_error_message());
        ck_succeeds(neap_read(drawn, NEAP_F64, x));
        check_moments(names[i], x, ALL, GAUSS_MEAN, variance, 3 * variance * variance);
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("samplers with noise", flow_open, run_close, moments, weak_orders, strength_of_zero,
                          last_step_is_the_mean, rows_do_not_depend_on_their_batch, inversions, from_a_level);
}
