/*
 * ODE samplers on flows with a known solution: orders of convergence on even, shifted and given grids, partial
 * intervals, inversions and back, masks, evaluations, watchers, and failing allocations.
 */
#include "flow.h"

/* Orders, and evaluations of ten steps. */
static const struct solver {
    const char *name;
    double order;
    int evaluations;
} solvers[] = {{"euler", 1, 10}, {"heun", 2, 19}, {"midpoint", 2, 20}, {"ab2", 2, 10}};
enum { SOLVERS = 4, COUNT = 3 };

static const float starts[2 * COUNT] = {-1.5F, -0.7F, 0.2F, 0.6F, 1, 1.8F};

typedef struct problem {
    int law;
    double from, to; /* start below 1: `level` sets it */
} problem;

static neap_tensor *pictures(const float *x)
{
    return neap_from(NEAP_F32, neap_dims(COUNT, 1, 2, 1), x);
}

static neap_sampling sampling_of(problem p, neap_instance *sampler, neap_tensor *start)
{
    neap_sampling s = {.sampler = sampler, .count = COUNT};
    if (p.to > p.from)
        s.invert = true;
    else if (p.from < 1)
        s.level = p.from;
    if (p.from < 1)
        s.picture = start;
    s.noise = start; /* mixing the start with itself gives the start: (1 - t) x + t x */
    return s;
}

static neap_tensor *run(problem p, neap_instance *sampler, neap_tensor *start, int64_t *evaluations)
{
    neap_network *network = TRY_NETWORK("flow", "law", flow_names[p.law]);
    neap_sampling s = sampling_of(p, sampler, start);
    s.evaluations = evaluations;
    neap_tensor *x = neap_sample(network, &s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    neap_network_release(network);
    neap_instance_release(sampler);
    return x;
}

/* The largest distance from the exact solution. */
static double error_of(problem p, neap_instance *sampler)
{
    const float *x = floats(run(p, sampler, pictures(starts), NULL));
    double error = 0;
    for (int i = 0; i < 2 * COUNT; i++)
        error = fmax(error, fabs((double)x[i] - flow_solve(p.law, (double)starts[i], p.from, p.to)));
    return error;
}

/* --- Orders ------------------------------------------------------------------------------------------------------ */

/* The order is minus the slope of log error over log steps, between 16 and 64 steps. In double precision the slopes
 * on `swing` are within 0.2 of the orders, because of higher-order terms. The errors at 64 steps, 6e-5 and more
 * except for one of 2e-6, exceed f32 rounding. */
static void has_order(problem p, const struct solver *solver, const char *shift)
{
    const double coarse = error_of(p, COMPONENT("sampler", solver->name, "steps", "16", "shift", shift));
    const double fine = error_of(p, COMPONENT("sampler", solver->name, "steps", "64", "shift", shift));
    const double slope = log2(coarse / fine) / 2;
    ck_assert_msg(fabs(slope - solver->order) < 0.3, "%s, %s from %g to %g, shift %s: order %.3f, errors %g and %g",
                  solver->name, flow_names[p.law], p.from, p.to, shift, slope, coarse, fine);
}

START_TEST(orders)
{
    static const problem problems[] = {
        {FLOW_SWING, 1, 0}, {FLOW_FALL, 1, 0}, {FLOW_SWING, 0.625, 0}, {FLOW_SWING, 0, 1},
    };
    for (int i = 0; i < SOLVERS; i++)
        for (int j = 0; j < 4; j++)
            has_order(problems[j], &solvers[i], "1");
}
END_TEST

/* Steps of many lengths, to which the weights of a multistep method must adapt. */
START_TEST(orders_on_shifted_grids)
{
    for (int i = 0; i < SOLVERS; i++) {
        has_order((problem){FLOW_SWING, 1, 0}, &solvers[i], "3");
        /* the long steps are last, where heun takes an Euler step */
        has_order((problem){FLOW_FALL, 0.5, 0}, &solvers[i], "0.6");
    }
}
END_TEST

/* Alternating long and short steps, n of each. */
static neap_instance *uneven(const char *name, int n)
{
    char text[4096];
    int at = snprintf(text, sizeof text, "1");
    for (int i = 1; i <= 2 * n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, " %.17g",
                       i == 2 * n ? 0 : 1 - (i / 2 + (i % 2 ? 0.75 : 0)) / n);
    return COMPONENT("sampler", name, "times", text);
}

START_TEST(orders_on_given_grids)
{
    const problem p = {FLOW_SWING, 1, 0};
    for (int i = 0; i < SOLVERS; i++) {
        const double coarse = error_of(p, uneven(solvers[i].name, 8)), fine = error_of(p, uneven(solvers[i].name, 32));
        const double slope = log2(coarse / fine) / 2;
        ck_assert_msg(fabs(slope - solvers[i].order) < 0.3, "%s: order %.3f", solvers[i].name, slope);
    }
}
END_TEST

/* --- Inversion --------------------------------------------------------------------------------------------------- */

/* Inversion and sampling return the pictures. 200 steps of order 1 have an error of 2e-2 in each direction, of order
 * 2 of 1e-4. */
START_TEST(inversions_and_back)
{
    for (int i = 0; i < SOLVERS; i++) {
        const struct solver *s = &solvers[i];
        const problem up = {FLOW_SWING, 0, 1}, down = {FLOW_SWING, 1, 0};
        neap_tensor *noise = run(up, COMPONENT("sampler", s->name, "steps", "200"), pictures(starts), NULL);
        neap_tensor *back = run(down, COMPONENT("sampler", s->name, "steps", "200"), noise, NULL);
        check_near(s->name, back, pictures(starts), s->order == 1 ? 2e-2 : 2e-4);
    }
}
END_TEST

/* Evaluations are counted; watchers are called for the noise and for each step. */
static int count(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    int *calls = user;
    ck_assert_int_eq(step, (*calls)++);
    ck_assert_int_eq(steps, step ? 10 : 0);
    ck_assert_double_eq_tol(t, 1 - (double)step / 10, 1e-12);
    ck_assert(neap_shape_equal(neap_shape_of(x), neap_dims(COUNT, 1, 2, 1)));
    return 0;
}

START_TEST(evaluations_and_watchers)
{
    neap_network *network = TRY_NETWORK("flow", "law", "swing");
    for (int i = 0; i < SOLVERS; i++) {
        int calls = 0;
        int64_t evaluations = -1;
        const neap_watch watch = {sizeof watch, &calls, count};
        neap_sampling s = {.sampler = COMPONENT("sampler", solvers[i].name, "steps", "10"), .count = COUNT,
                           .watch = &watch, .evaluations = &evaluations};
        ck_assert_ptr_nonnull(neap_sample(network, &s));
        ck_assert_int_eq(calls, 11);
        ck_assert_int_eq(evaluations, solvers[i].evaluations);
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

/* --- Masks ------------------------------------------------------------------------------------------------------- */

/* The first element of each picture keeps its bits, the other is the same as without a mask. */
START_TEST(masks)
{
    static const char *const names[] = {"euler", "heun", "midpoint", "ab2", "dopri5", "euler_maruyama", "heun_sde"};
    neap_network *network = TRY_NETWORK("flow", "law", "swing");
    const float mask[] = {1, 0, 1, 0, 1, 0};
    for (int i = 0; i < 7; i++) {
        neap_sampling s = {.sampler = DEFAULTS("sampler", names[i]), .count = COUNT};
        neap_tensor *free = neap_sample(network, &s);
        s.picture = pictures(starts);
        s.keep = pictures(mask);
        neap_tensor *kept = neap_sample(network, &s);
        ck_assert_msg(free && kept, "%s", neap_error_message());
        for (int j = 0; j < 2 * COUNT; j += 2)
            ck_assert_msg(floats(kept)[j] == starts[j], "%s keeps", names[i]);
        /* dopri5 chooses other steps with a mask; its tolerance is 1e-3 per step. */
        const double tolerance = strcmp(names[i], "dopri5") == 0 ? 5e-3 : 0;
        for (int j = 1; j < 2 * COUNT; j += 2)
            ck_assert_double_le(fabs((double)floats(kept)[j] - (double)floats(free)[j]), tolerance);
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

/* --- Failing allocations ----------------------------------------------------------------------------------------- */

static neap_network *sampled;
static neap_sampling settings;

static bool draw(void)
{
    const neap_scope scope = neap_scope_open();
    const bool whole = neap_sample(sampled, &settings) != NULL;
    neap_scope_close(scope);
    return whole;
}

START_TEST(every_allocation_may_fail)
{
    static const char *const names[] = {"heun", "midpoint", "ab2", "euler_maruyama", "heun_sde"};
    sampled = TRY_NETWORK("flow", "law", "swing");
    neap_threads_set(1); /* failing allocations are counted on this thread */
    for (int i = 0; i < 6; i++) {
        neap_instance *sampler = i < 5 ? COMPONENT("sampler", names[i], "steps", "3") : DEFAULTS("sampler", "dopri5");
        settings = (neap_sampling){.sampler = sampler, .count = 3, .batch = 2};
        ck_assert(draw());
        const size_t live = neap_memory().live;
        refuse_each(draw);
        ck_assert_uint_eq(neap_memory().live, live);
        neap_instance_release(sampler);
    }
    neap_network_release(sampled);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("samplers", flow_open, run_close, orders, orders_on_shifted_grids, orders_on_given_grids,
                          inversions_and_back, evaluations_and_watchers, masks, every_allocation_may_fail);
}
