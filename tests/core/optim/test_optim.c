/* AdamW and SGD against doubles, for any number of threads, its state and its averages; learning-rate schedules. */
#include <neap/parallel.h>

#include "optim_test.h"

/* --- Against doubles --------------------------------------------------------------------------------------------- */

enum { ELEMENTS = 21 }; /* of the largest parameter */

/* AdamW as in Loshchilov and Hutter 2019, algorithm 2, or SGD with momentum m, with the gradient scaled to a largest norm,
 * and an average. */
typedef struct reference {
    const neap_optimizer_config *config;
    int count;
    int64_t size[MOST];
    double p[MOST][ELEMENTS], m[MOST][ELEMENTS], v[MOST][ELEMENTS], average[MOST][ELEMENTS];
} reference;

static reference start(const neap_optimizer *o, const neap_optimizer_config *config)
{
    reference r = {.config = config, .count = neap_optimizer_count(o)};
    for (int i = 0; i < r.count; i++) {
        r.size[i] = neap_size(neap_optimizer_parameter(o, i));
        memcpy(r.p[i], values(neap_optimizer_parameter(o, i)), (size_t)r.size[i] * sizeof(double));
        memcpy(r.average[i], r.p[i], sizeof r.p[i]);
    }
    return r;
}

static double norm_of(neap_tensor *const *g, int count)
{
    double squares = 0;
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < neap_size(g[i]); j++)
            squares += values(g[i])[j] * values(g[i])[j];
    return sqrt(squares);
}

static void follow_adamw(reference *r, int i, int j, double d, int64_t step, double lr)
{
    const neap_optimizer_config *c = r->config;
    r->m[i][j] = c->beta1 * r->m[i][j] + (1 - c->beta1) * d;
    r->v[i][j] = c->beta2 * r->v[i][j] + (1 - c->beta2) * d * d;
    const double m = r->m[i][j] / (1 - pow(c->beta1, (double)step));
    const double v = r->v[i][j] / (1 - pow(c->beta2, (double)step));
    r->p[i][j] -= lr * (m / (sqrt(v) + c->eps) + c->weight_decay * r->p[i][j]);
}

static void follow_sgd(reference *r, int i, int j, double d, double lr)
{
    const neap_optimizer_config *c = r->config;
    r->m[i][j] = c->momentum * r->m[i][j] + d + c->weight_decay * r->p[i][j];
    r->p[i][j] -= lr * r->m[i][j];
}

static void follow(reference *r, int i, const double *g, double shrink, int64_t step, double lr)
{
    const double keep = fmin(r->config->ema, 1 - pow(1.0 + (double)step, -2.0 / 3));
    for (int j = 0; j < r->size[i]; j++) {
        if (r->config->kind == NEAP_SGD)
            follow_sgd(r, i, j, shrink * g[j], lr);
        else
            follow_adamw(r, i, j, shrink * g[j], step, lr);
        r->average[i][j] = keep * r->average[i][j] + (1 - keep) * r->p[i][j];
    }
}

/* Fifty f32 steps stay this near: a step adds an ulp or two of numbers near 1. */
#define DRIFT 5e-6

static int moments(const neap_optimizer_config *c)
{
    return c->kind == NEAP_SGD ? c->momentum > 0 : 2;
}

static void compare(const reference *r, neap_optimizer *o)
{
    const char *const *names;
    neap_tensor *const *state;
    const int count = r->count, states = neap_optimizer_state(o, &names, &state), kept = moments(r->config);
    const double *expected[3];
    ck_assert_int_eq(states, (kept + (r->config->ema > 0)) * count);
    for (int i = 0; i < count; i++) {
        const neap_shape shape = neap_shape_of(neap_optimizer_parameter(o, i));
        check_values("parameter", neap_optimizer_parameter(o, i), shape, r->p[i], DRIFT);
        expected[0] = r->m[i];
        expected[1] = r->v[i];
        expected[kept] = r->average[i];
        for (int k = 0; k < states / count; k++)
            check_values(names[k * count + i], state[k * count + i], shape, expected[k], DRIFT);
    }
}

static const neap_optimizer_config configs[] = {
    PLAIN,
    {.lr = 3e-2, .beta1 = 0, .beta2 = 0.5, .eps = 1e-3},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.3},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-2, .clip = 0.5},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-2, .clip = 100}, /* never reached */
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .ema = 0.8},  /* past its warm-up from step 11 on */
    FULL,
    {.kind = NEAP_SGD, .lr = 1e-2},
    {.kind = NEAP_SGD, .lr = 1e-2, .momentum = 0.9, .weight_decay = 0.1, .clip = 0.5, .ema = 0.8},
};

START_TEST(test_against_doubles)
{
    const neap_optimizer_config *c = &configs[_i];
    neap_optimizer *o = make("", c);
    reference r = start(o, c);
    for (int64_t step = 1; step <= 50; step++) {
        neap_tensor *g[MOST];
        double norm, scale = neap_schedule((double)step, 10, 50, NEAP_DECAY_COSINE, 0.1);
        random_gradients(o, g);
        ck_assert_int_eq(neap_optimizer_step(o, g, step, scale, &norm), 0);
        const double expected = norm_of(g, r.count), shrink = c->clip > 0 ? fmin(1, c->clip / expected) : 1;
        ck_assert_double_eq_tol(norm, expected, 1e-6 * expected);
        for (int i = 0; i < r.count; i++)
            follow(&r, i, values(g[i]), shrink, step, c->lr * scale);
    }
    compare(&r, o);
    neap_optimizer_free(o);
}
END_TEST

/* More than one range a thread, and a tail that is no whole vector. */
START_TEST(test_same_bits_for_any_threads)
{
    enum { SIZE = 100003 };
    const char *const *names;
    neap_tensor *const *state;
    double *first[4] = {0};
    for (int threads = 1; threads <= 3; threads++) {
        neap_model_free(model);
        model = neap_model_new(5);
        add_parameter(neap_dims(SIZE), "weight");
        neap_optimizer *o = make("", &full);
        neap_tensor *g = random_tensor(neap_dims(SIZE), -1, 1);
        ck_assert_int_eq(neap_threads_set(threads), 0);
        test_state = 17;
        for (int step = 1; step <= 3; step++) {
            g = random_tensor(neap_dims(SIZE), -1, 1);
            take_step(o, &g, step);
        }
        ck_assert_int_eq(neap_optimizer_state(o, &names, &state), 3);
        for (int i = 0; i < 4; i++) {
            double *now = values(i < 3 ? state[i] : neap_optimizer_parameter(o, 0));
            first[i] = first[i] ? first[i] : now;
            ck_assert_msg(memcmp(first[i], now, SIZE * sizeof(double)) == 0, "%d threads: result %d", threads, i);
        }
        neap_optimizer_free(o);
    }
    neap_threads_set(0);
}
END_TEST

/* --- Which parameters, which state ------------------------------------------------------------------------------- */

START_TEST(test_prefix)
{
    neap_optimizer *o = make("critic.", &plain);
    neap_tensor *generator = neap_model_tensor(model, 0), *critic = neap_model_tensor(model, 2), *g[MOST];
    const double *still = values(generator), *moves = values(critic);
    ck_assert_int_eq(neap_optimizer_count(o), 2);
    ck_assert_ptr_eq(neap_optimizer_parameter(o, 0), critic);
    ck_assert_ptr_eq(neap_optimizer_parameter(o, 1), neap_model_tensor(model, 3));
    ck_assert_ptr_null(neap_optimizer_parameter(o, -1));
    ck_assert_ptr_null(neap_optimizer_parameter(o, 2));
    random_gradients(o, g);
    take_step(o, g, 1);
    ck_assert(memcmp(still, values(generator), 21 * sizeof *still) == 0);
    ck_assert(memcmp(moves, values(critic), 8 * sizeof *moves) != 0);
    ck_assert_ptr_null(neap_optimizer_new(model, "discriminator.", &plain));
    check_message("adamw: the model has no parameter whose name begins with 'discriminator.'");
    neap_optimizer_free(o);
    neap_optimizer_free(NULL);
}
END_TEST

/* A part of several prefixes; one that no name begins with adds nothing, and blanks alone are no prefix of all. */
START_TEST(test_prefixes)
{
    neap_optimizer *o = make(" nothing.  critic.scale generator.b", &plain);
    ck_assert_int_eq(neap_optimizer_count(o), 2);
    ck_assert_ptr_eq(neap_optimizer_parameter(o, 0), neap_model_tensor(model, 1));
    ck_assert_ptr_eq(neap_optimizer_parameter(o, 1), neap_model_tensor(model, 3));
    neap_optimizer_free(o);
    o = make("critic. generator.", &plain);
    ck_assert_int_eq(neap_optimizer_count(o), 4);
    neap_optimizer_free(o);
    ck_assert_ptr_null(neap_optimizer_new(model, " ", &plain));
    check_message("adamw: the model has no parameter whose name begins with ' '");
}
END_TEST

START_TEST(test_named_state)
{
    static const char *const expected[] = {"moment1.critic.weight", "moment1.critic.scale", "moment2.critic.weight",
                                           "moment2.critic.scale",  "ema.critic.weight",    "ema.critic.scale"};
    const char *const *names;
    neap_tensor *const *state;
    neap_optimizer *o = make("critic", &full);
    ck_assert_int_eq(neap_optimizer_state(o, &names, &state), 6);
    for (int i = 0; i < 6; i++) {
        neap_tensor *p = neap_optimizer_parameter(o, i % 2);
        ck_assert_str_eq(names[i], expected[i]);
        ck_assert_int_eq(neap_dtype_of(state[i]), NEAP_F32);
        check_values(names[i], state[i], neap_shape_of(p), i < 4 ? room(8) : values(p), 0);
        ck_assert(!neap_requires_grad(state[i]));
    }
    neap_optimizer_free(o);
}
END_TEST

/* Parameters and averages change places; a tape from before notices. */
START_TEST(test_swap)
{
    const char *const *names;
    neap_tensor *const *state, *g[MOST];
    neap_optimizer *o = make("generator.", &full);
    neap_tensor *p = neap_optimizer_parameter(o, 0), *square = neap_sum(neap_square(p), NULL, 0, false);
    random_gradients(o, g);
    take_step(o, g, 1);
    neap_optimizer_state(o, &names, &state);
    const double *now = values(p), *average = values(state[4]);
    ck_assert(memcmp(now, average, 21 * sizeof *now) != 0);
    for (int swaps = 1; swaps <= 2; swaps++) {
        ck_assert_int_eq(neap_optimizer_swap_ema(o), 0);
        check_values("parameter", p, neap_dims(3, 7), swaps == 1 ? average : now, 0);
        check_values("average", state[4], neap_dims(3, 7), swaps == 1 ? now : average, 0);
    }
    ck_assert_int_eq(neap_backward(square, NULL, 0), -1);
    check_message("backward: input 0 of 'square' was written in place after the forward pass");
    neap_optimizer_free(o);
    o = make("", &plain);
    ck_assert_int_eq(neap_optimizer_swap_ema(o), -1);
    check_message("optimizer: there is no moving average: ema is 0");
    neap_optimizer_free(o);
}
END_TEST

/* --- Schedules --------------------------------------------------------------------------------------------------- */

START_TEST(test_schedules)
{
    static const struct {
        int64_t step, warmup, total;
        neap_decay decay;
        double floor, expected;
    } rows[] = {
        {0, 10, 100, NEAP_DECAY_COSINE, 0.1, 0},
        {5, 10, 100, NEAP_DECAY_LINEAR, 0.1, 0.5},
        {9, 10, 100, NEAP_DECAY_NONE, 0, 0.9},
        {10, 10, 100, NEAP_DECAY_NONE, 0, 1},
        {10, 10, 110, NEAP_DECAY_LINEAR, 0.2, 1},
        {10, 10, 110, NEAP_DECAY_COSINE, 0.2, 1},
        {1000000, 10, 100, NEAP_DECAY_NONE, 0.5, 1},
        {35, 10, 110, NEAP_DECAY_LINEAR, 0.2, 0.8},
        {35, 10, 110, NEAP_DECAY_COSINE, 0, 0.8535533905932737}, /* (1 + cos(pi / 4)) / 2 */
        {60, 10, 110, NEAP_DECAY_COSINE, 0, 0.5},
        {60, 10, 110, NEAP_DECAY_COSINE, 0.2, 0.6},
        {110, 10, 110, NEAP_DECAY_LINEAR, 0.2, 0.2},
        {110, 10, 110, NEAP_DECAY_COSINE, 0, 0},
        {111, 10, 110, NEAP_DECAY_COSINE, 0.2, 0.2},
        {1 << 30, 10, 110, NEAP_DECAY_LINEAR, 0.2, 0.2},
        {0, 0, 100, NEAP_DECAY_COSINE, 0, 1},
        {50, 0, 100, NEAP_DECAY_LINEAR, 0, 0.5},
        {7, 5, 5, NEAP_DECAY_COSINE, 0, 1}, /* nothing to decay over */
        {7, 5, 3, NEAP_DECAY_LINEAR, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double got = neap_schedule((double)rows[i].step, rows[i].warmup, rows[i].total, rows[i].decay, rows[i].floor);
        const double expected = rows[i].expected;
        ck_assert_msg(fabs(got - expected) < 1e-15, "row %zu: expected %.17g, got %.17g", i, expected, got);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tcase = new_model_tcase(suite, "optim");
    tcase_add_loop_test(tcase, test_against_doubles, 0, sizeof configs / sizeof *configs);
    tcase_add_test(tcase, test_same_bits_for_any_threads);
    tcase_add_test(tcase, test_prefix);
    tcase_add_test(tcase, test_prefixes);
    tcase_add_test(tcase, test_named_state);
    tcase_add_test(tcase, test_swap);
    tcase_add_test(tcase, test_schedules);
    return run_suite(suite);
}
