/* The objectives flow_matching and reflow: predictions of x and of noise, the loss by time, pairings. */
#include "../../plugins/objective/assign.h"
#include "probe.h"

/* Times near 1, where x_t differs from the noise by less than 1e-4. */
#define AT_THE_NOISE "times", "logit_normal", "mean", "10", "deviation", "0.01"

/* --- Predictions -------------------------------------------------------------------------------------------------- */

static neap_tensor *normals(uint64_t stream, int64_t batch)
{
    return neap_randn((neap_random){3, stream}, 0, neap_dims(batch, 2, 3, 1));
}

static neap_tensor *between(neap_tensor *x, neap_tensor *z, neap_tensor *t)
{
    return neap_add(x, neap_mul(neap_reshape(t, neap_dims(-1, 1, 1, 1)), neap_sub(z, x)));
}

static neap_tensor *velocity_from(const char *prediction, neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    neap_instance *instance = COMPONENT("objective", "flow_matching", "prediction", prediction);
    const neap_objective *objective = neap_instance_component(instance)->functions;
    neap_tensor *v = objective->velocity(neap_instance_config(instance), output, x, t);
    neap_instance_release(instance);
    return v;
}

/* With an exact prediction the velocity is z - x. Division by 0.02 multiplies rounding errors of f32 by 50. */
START_TEST(velocities_follow)
{
    neap_tensor *x = normals(1, 49), *z = normals(2, 49), *t = neap_arange(NEAP_F32, 0.02, 0.02, 49);
    neap_tensor *xt = between(x, z, t), *v = neap_sub(z, x);
    ck_assert(same_bits(velocity_from("v", v, xt, t), v));
    check_near("x0", velocity_from("x0", x, xt, t), v, 5e-5);
    check_near("noise", velocity_from("noise", z, xt, t), v, 5e-5);
}
END_TEST

/* The velocity is at most a hundred times the output. */
START_TEST(velocities_at_the_ends)
{
    const neap_shape shape = neap_dims(1, 2, 3, 1);
    neap_tensor *zero = neap_zeros(NEAP_F32, shape), *one = neap_full(NEAP_F32, shape, 1);
    neap_tensor *hundred = neap_full(NEAP_F32, shape, 100);
    check_near("x0", velocity_from("x0", zero, one, neap_zeros(NEAP_F32, neap_dims(1))), hundred, 1e-6);
    check_near("noise", velocity_from("noise", one, zero, neap_full(NEAP_F32, neap_dims(1), 1)), hundred, 1e-6);
}
END_TEST

/* The probe returns x_t, so its loss is mean (t (z - x))^2 for x and mean ((1 - t) (z - x))^2 for noise. */
START_TEST(losses_on_x_and_noise)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    double on_x = objective_loss("flow_matching", SETTINGS("prediction", "x0"), network, step), expected = 0;
    for (int i = 0; i < BATCH * SIZE; i++) {
        const double moved = (double)floats(shown.x)[i] - (double)floats(step->x)[i];
        expected += moved * moved / (BATCH * SIZE);
    }
    ck_assert_double_eq_tol(on_x, expected, 1e-5);
    step = step_of(1);
    double on_noise = objective_loss("flow_matching", SETTINGS("prediction", "noise", AT_THE_NOISE), network, step);
    ck_assert_double_lt(on_noise, 1e-6); /* (1 - t)^2 is below 1e-8 */
    ck_assert_double_gt(on_noise, 0);
    neap_network_release(network);
}
END_TEST

/* Times between 0.2 and 0.8, which no clamp of 0.05 changes. */
#define AWAY_FROM_THE_ENDS "times", "logit_normal", "mean", "0", "deviation", "0.3"

/* What the network predicts, x, v or z, follows from each of the others at x_t. */
static double predicted(int kind, double output, double xt, double t, int from)
{
    const double v = from == 0 ? output : from == 1 ? (xt - output) / t : (output - xt) / (1 - t);
    return kind == 0 ? v : kind == 1 ? xt - t * v : xt + (1 - t) * v;
}

/* The mean squared error of v, x or z, from the network's x_t as the prediction of v, x or z. */
static double error_of(int kind, int from, const neap_step *step)
{
    double sum = 0;
    for (int i = 0; i < BATCH * SIZE; i++) {
        const double t = (double)floats(shown.t)[i / SIZE], xt = (double)floats(shown.x)[i], x = (double)floats(step->x)[i];
        const double v = (xt - x) / t, exact[] = {v, x, x + v};
        const double error = predicted(kind, xt, xt, t, from) - exact[kind];
        sum += error * error / (BATCH * SIZE);
    }
    return sum;
}

START_TEST(losses_on_what_follows)
{
    static const char *const names[] = {"v", "x0", "noise"};
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    for (int from = 0; from < 3; from++)
        for (int kind = 0; kind < 3; kind++) {
            neap_step *step = step_of(1);
            const double loss = objective_loss("flow_matching", SETTINGS("prediction", names[from], "loss", names[kind],
                                                                         AWAY_FROM_THE_ENDS), network, step);
            ck_assert_double_eq_tol(loss, error_of(kind, from, step), 1e-4 * loss + 1e-7);
        }
    neap_network_release(network);
}
END_TEST

/* At the noise 1 - t is about 5e-5: the error of the velocity is that of the noise over the clamp. */
START_TEST(the_clamp_bounds_the_loss)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    const double plain = objective_loss("flow_matching", SETTINGS("prediction", "noise", AT_THE_NOISE), network, step_of(1));
    const double of_v = objective_loss("flow_matching", SETTINGS("prediction", "noise", "loss", "v", "clamp", "0.1", AT_THE_NOISE),
                                       network, step_of(1));
    ck_assert_double_eq_tol(of_v / plain, 100, 1e-3);
    neap_network_release(network);
}
END_TEST

/* --- The loss by time --------------------------------------------------------------------------------------------- */

static void sum_by_time(const neap_step *step, double sum[8], int count[8])
{
    for (int i = 0; i < BATCH; i++) {
        const int bin = (int)(8 * floats(shown.t)[i]);
        count[bin]++;
        for (int j = i * SIZE; j < (i + 1) * SIZE; j++) {
            const double off = (double)floats(shown.x)[j] - (double)floats(step->x)[j];
            sum[bin] += off * off / SIZE;
        }
    }
}

START_TEST(losses_by_time)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    const neap_reported *report;
    double sum[8] = {0}, whole = 0;
    int count[8] = {0};
    const double loss = objective_loss("flow_matching", SETTINGS("prediction", "x0"), network, step);
    sum_by_time(step, sum, count);
    ck_assert_int_eq(neap_step_reports(step, &report), 8);
    for (int k = 0; k < 8; k++) {
        const char name[] = {'l', 'o', 's', 's', '_', 't', (char)('0' + k), 0};
        ck_assert_str_eq(report[k].name, name);
        ck_assert_double_eq_tol(report[k].value, sum[k] / count[k], 1e-5);
        whole += report[k].value * count[k] / BATCH;
    }
    ck_assert_double_eq_tol(whole, loss, 1e-5);
    neap_network_release(network);
}
END_TEST

START_TEST(times_without_an_example_are_not_reported)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    const neap_reported *report;
    const double loss = objective_loss("flow_matching", SETTINGS(AT_THE_NOISE), network, step);
    ck_assert_int_eq(neap_step_reports(step, &report), 1);
    ck_assert_str_eq(report->name, "loss_t7");
    ck_assert_double_eq_tol(report->value, loss, 1e-5);
    neap_network_release(network);
}
END_TEST

/* --- Pairings ----------------------------------------------------------------------------------------------------- */

static double cost_of(const float *cost, int n, const int32_t *column)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)cost[i * n + column[i]];
    return sum;
}

/* The least sum over all assignments of the rows from `row` on to the columns not in `taken`. */
static double least(const float *cost, int n, int row, unsigned taken)
{
    double best = row == n ? 0 : INFINITY;
    for (int j = 0; row < n && j < n; j++)
        if (!(taken >> j & 1))
            best = fmin(best, (double)cost[row * n + j] + least(cost, n, row + 1, taken | 1u << j));
    return best;
}

static bool is_permutation(const int32_t *column, int64_t n)
{
    unsigned char seen[BATCH] = {0};
    for (int64_t i = 0; i < n; i++)
        if (column[i] < 0 || column[i] >= n || seen[column[i]]++)
            return false;
    return true;
}

/* Costs with few values have many optimal assignments. A sum of six small integers is exact, that of others nearly
 * so. */
START_TEST(assignments_are_optimal)
{
    int32_t column[6];
    for (uint64_t trial = 0; trial < 300; trial++) {
        const int n = 1 + (int)(trial % 6);
        neap_tensor *normal = neap_randn((neap_random){8, trial}, 0, neap_dims(n, n));
        neap_tensor *cost = neap_affine(normal, trial % 2 ? 1 : 2, -0.5);
        const float *costs = floats(trial % 2 ? cost : neap_floor(cost));
        ck_succeeds(assign_rows(costs, n, column));
        ck_assert(is_permutation(column, n));
        ck_assert_double_eq_tol(cost_of(costs, n, column), least(costs, n, 0, 0), 1e-6);
    }
}
END_TEST

static double distance(neap_tensor *a, neap_tensor *b)
{
    return neap_item(neap_sum(neap_square(neap_sub(a, b)), NULL, 0, false));
}

/* The noise of a step, as the network gets it: x_t at t near 1. */
static neap_tensor *noise_of(neap_network *network, const char *pairing, int64_t number)
{
    neap_step *step = short_step_of(number, 64);
    objective_loss("flow_matching", SETTINGS("pairing", pairing, AT_THE_NOISE), network, step);
    return shown.x;
}

/* The same noise, nearer to the examples: for 64 points in 6 dimensions, by a quarter or more. */
START_TEST(optimal_transport)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    for (int number = 1; number <= 5; number++) {
        neap_tensor *x = short_step_of(number, 64)->x;
        neap_tensor *any = noise_of(network, "independent", number);
        neap_tensor *best = noise_of(network, "optimal_transport", number);
        ck_assert_double_lt(distance(best, x), 0.9 * distance(any, x));
        const double sums[] = {neap_item(neap_sum(neap_square(any), NULL, 0, false)),
                               neap_item(neap_sum(neap_square(best), NULL, 0, false))};
        ck_assert_double_eq_tol(sums[0], sums[1], 1e-3 * sums[0]);
    }
    neap_network_release(network);
}
END_TEST

/* --- Reflow ------------------------------------------------------------------------------------------------------- */

START_TEST(reflow_takes_the_noise_given)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    double expected = 0;
    step->noise = normals(7, BATCH);
    const double loss = objective_loss("reflow", SETTINGS(NULL), network, step);
    check_near("x_t", shown.x, between(step->x, step->noise, shown.t), 1e-6);
    for (int i = 0; i < BATCH * SIZE; i++) {
        const double off = (double)floats(shown.x)[i] - (double)floats(step->noise)[i] + (double)floats(step->x)[i];
        expected += off * off / (BATCH * SIZE);
    }
    ck_assert_double_eq_tol(loss, expected, 1e-5);
    neap_network_release(network);
}
END_TEST

START_TEST(reflow_needs_noise)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    ck_fails_with(isnan(try_loss("reflow", SETTINGS(NULL), network, step)),
                  "reflow: the data set couples no noise with its examples; see neap.couple");
    neap_instance *instance = neap_instance_new(neap_registry_find("objective", "reflow"));
    ck_fails_with(neap_instance_set_text(instance, "pairing", "independent"), "reflow: unknown parameter 'pairing'");
    neap_instance_release(instance);
    neap_network_release(network);
}
END_TEST

static neap_network *plain;

static bool loss_once(void)
{
    neap_scope scope = neap_scope_open();
    neap_instance *instance = neap_instance_new(neap_registry_find("objective", "flow_matching"));
    bool ready = instance && neap_instance_set_text(instance, "pairing", "optimal_transport") == 0 &&
                 neap_instance_set_text(instance, "times", "logit_normal") == 0 &&
                 neap_instance_set_text(instance, "shift", "3") == 0 &&
                 neap_instance_set_text(instance, "prediction", "noise") == 0 &&
                 neap_instance_set_text(instance, "loss", "v") == 0;
    const neap_batch batch = {.x = neap_full(NEAP_F32, neap_dims(4, 2, 3, 1), 0.5)};
    neap_step *step = batch.x ? neap_step_new(&batch, (neap_random){1, 2}, 1) : NULL;
    const neap_objective *objective = ready ? neap_instance_component(instance)->functions : NULL;
    bool done = ready && step && objective->loss(neap_instance_config(instance), 0, plain, step);
    neap_step_free(step);
    neap_instance_release(instance);
    neap_scope_close(scope);
    return done;
}

START_TEST(every_allocation_may_fail)
{
    plain = TRY_NETWORK("probe", "classes", "0");
    refuse_each(loss_once);
    neap_network_release(plain);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("flow_matching", open_objectives, run_close, velocities_follow, velocities_at_the_ends,
                          losses_on_x_and_noise, losses_on_what_follows, the_clamp_bounds_the_loss, losses_by_time,
                          times_without_an_example_are_not_reported, assignments_are_optimal, optimal_transport, reflow_takes_the_noise_given,
                          reflow_needs_noise, every_allocation_may_fail);
}
