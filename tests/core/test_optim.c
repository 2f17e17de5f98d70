/* AdamW against doubles, its state and its averages, what it refuses; learning-rate schedules. */
#include <stdio.h>

#include "ops_test.h"

#include <neap/optim.h>
#include <neap/parallel.h>

#define PLAIN {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}
static const neap_adamw_config plain = PLAIN;

static neap_model *model;

static neap_tensor *add_parameter(neap_shape shape, const char *name)
{
    neap_tensor *x = neap_model_parameter(model, shape, (neap_init){NEAP_INIT_NORMAL, 1}, "%s", name);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    return x;
}

/* Two parts of two parameters each, one of which has no axes. */
static void open_model(void)
{
    open_test();
    model = neap_model_new(5);
    add_parameter(neap_dims(3, 7), "generator.weight");
    add_parameter(neap_dims(7), "generator.bias");
    add_parameter(neap_dims(2, 2, 2), "critic.weight");
    add_parameter((neap_shape){0}, "critic.scale");
}

static void close_model(void)
{
    neap_model_free(model);
    close_test();
}

static neap_optimizer *make(const char *prefix, const neap_adamw_config *config)
{
    neap_optimizer *o = neap_adamw_new(model, prefix, config);
    ck_assert_msg(o != NULL, "%s", neap_error_message());
    return o;
}

static void random_gradients(const neap_optimizer *o, neap_tensor **g)
{
    for (int i = 0; i < neap_optimizer_count(o); i++) {
        const neap_shape shape = neap_shape_of(neap_optimizer_parameter(o, i));
        g[i] = neap_reshape(random_tensor(neap_dims(neap_shape_size(shape)), -1, 1), shape);
    }
}

static void take_step(neap_optimizer *o, neap_tensor *const *g, int64_t step)
{
    double norm;
    ck_assert_msg(neap_optimizer_step(o, g, step, 1, &norm) == 0, "%s", neap_error_message());
}

/* --- Against doubles --------------------------------------------------------------------------------------------- */

enum { MOST = 4, ELEMENTS = 21 };

/* AdamW as in Loshchilov and Hutter 2019, algorithm 2, with the gradient scaled to a largest norm, and an average. */
typedef struct reference {
    const neap_adamw_config *config;
    int count;
    int64_t size[MOST];
    double p[MOST][ELEMENTS], m[MOST][ELEMENTS], v[MOST][ELEMENTS], average[MOST][ELEMENTS];
} reference;

static reference start(const neap_optimizer *o, const neap_adamw_config *config)
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

static void follow(reference *r, int i, const double *g, double shrink, int64_t step, double lr)
{
    const neap_adamw_config *c = r->config;
    const double keep = fmin(c->ema, 1 - pow(1.0 + (double)step, -2.0 / 3));
    for (int j = 0; j < r->size[i]; j++) {
        const double d = shrink * g[j];
        r->m[i][j] = c->beta1 * r->m[i][j] + (1 - c->beta1) * d;
        r->v[i][j] = c->beta2 * r->v[i][j] + (1 - c->beta2) * d * d;
        const double m = r->m[i][j] / (1 - pow(c->beta1, (double)step)), v = r->v[i][j] / (1 - pow(c->beta2, (double)step));
        r->p[i][j] -= lr * (m / (sqrt(v) + c->eps) + c->weight_decay * r->p[i][j]);
        r->average[i][j] = keep * r->average[i][j] + (1 - keep) * r->p[i][j];
    }
}

/* Fifty f32 steps stay this near: a step adds an ulp or two of numbers near 1. */
#define DRIFT 5e-6

static void compare(const reference *r, neap_optimizer *o)
{
    const char *const *names;
    neap_tensor *const *state;
    const int count = r->count, states = neap_optimizer_state(o, &names, &state);
    ck_assert_int_eq(states, (r->config->ema > 0 ? 3 : 2) * count);
    for (int i = 0; i < count; i++) {
        const neap_shape shape = neap_shape_of(neap_optimizer_parameter(o, i));
        check_values(names[i] + strlen("moment1."), neap_optimizer_parameter(o, i), shape, r->p[i], DRIFT);
        check_values(names[i], state[i], shape, r->m[i], DRIFT);
        check_values(names[count + i], state[count + i], shape, r->v[i], DRIFT);
        if (states > 2 * count)
            check_values(names[2 * count + i], state[2 * count + i], shape, r->average[i], DRIFT);
    }
}

static const neap_adamw_config configs[] = {
    PLAIN,
    {.lr = 3e-2, .beta1 = 0, .beta2 = 0.5, .eps = 1e-3},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.3},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-2, .clip = 0.5},
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-2, .clip = 100}, /* never reached */
    {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .ema = 0.8},  /* past its warm-up from step 11 on */
    {.lr = 1e-2, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-4, .weight_decay = 0.1, .clip = 2, .ema = 0.9999},
};

START_TEST(test_against_doubles)
{
    const neap_adamw_config *c = &configs[_i];
    neap_optimizer *o = make("", c);
    reference r = start(o, c);
    for (int64_t step = 1; step <= 50; step++) {
        neap_tensor *g[MOST];
        double norm, scale = neap_schedule(step, 10, 50, NEAP_DECAY_COSINE, 0.1);
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
        neap_optimizer *o = make("", &configs[6]);
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
    ck_assert_ptr_null(neap_adamw_new(model, "discriminator.", &plain));
    check_message("adamw: the model has no parameter whose name begins with 'discriminator.'");
    neap_optimizer_free(o);
    neap_optimizer_free(NULL);
}
END_TEST

START_TEST(test_named_state)
{
    static const char *const expected[] = {"moment1.critic.weight", "moment1.critic.scale", "moment2.critic.weight",
                                           "moment2.critic.scale",  "ema.critic.weight",    "ema.critic.scale"};
    const char *const *names;
    neap_tensor *const *state;
    neap_optimizer *o = make("critic", &configs[5]);
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
    neap_optimizer *o = make("generator.", &configs[6]);
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

/* --- What is refused --------------------------------------------------------------------------------------------- */

/* Everything that a step may change, one after the other. */
static double *snapshot(neap_optimizer *o, size_t *bytes)
{
    const char *const *names;
    neap_tensor *const *state;
    const int states = neap_optimizer_state(o, &names, &state), count = neap_optimizer_count(o);
    double *all = room(1000), *at = all;
    for (int i = 0; i < states + count; i++) {
        neap_tensor *x = i < states ? state[i] : neap_optimizer_parameter(o, i - states);
        memcpy(at, values(x), (size_t)neap_size(x) * sizeof *at);
        at += neap_size(x);
    }
    *bytes = (size_t)(at - all) * sizeof *at;
    return all;
}

static void refuses_scaled(neap_optimizer *o, neap_tensor *const *g, int64_t step, double scale, const char *message)
{
    double norm;
    size_t bytes;
    const double *before = snapshot(o, &bytes);
    ck_assert_int_eq(neap_optimizer_step(o, g, step, scale, &norm), -1);
    check_message(message);
    ck_assert_msg(memcmp(before, snapshot(o, &bytes), bytes) == 0, "something changed: %s", message);
}

static void refuses(neap_optimizer *o, neap_tensor *const *g, int64_t step, const char *message)
{
    refuses_scaled(o, g, step, 1, message);
}

/* In any of the parameters, the last one included, after a step that moved everything. */
START_TEST(test_not_finite)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    neap_optimizer *o = make("", &configs[6]);
    neap_tensor *g[MOST];
    random_gradients(o, g);
    take_step(o, g, 1);
    for (int i = 0; i < 3 * MOST; i++) {
        char message[128];
        random_gradients(o, g);
        ((float *)neap_data(g[i / 3]))[neap_size(g[i / 3]) - 1] = (float)bad[i % 3];
        snprintf(message, sizeof message, "the gradient of '%s' is not finite", neap_model_name(model, i / 3));
        refuses(o, g, 2, message);
    }
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_steps_that_do_not_fit)
{
    neap_optimizer *o = make("generator", &configs[6]);
    neap_tensor *g[MOST];
    random_gradients(o, g);
    neap_tensor *turned = neap_permute(neap_zeros(NEAP_F32, neap_dims(7, 3)), (int[]){1, 0});
    refuses(o, (neap_tensor *[]){g[1], g[1]}, 1, "the gradient of 'generator.weight': expected f32 [3, 7], got f32 [7]");
    refuses(o, (neap_tensor *[]){g[0], neap_cast(g[1], NEAP_F64)}, 1,
            "the gradient of 'generator.bias': expected f32 [7], got f64 [7]");
    refuses(o, (neap_tensor *[]){turned, g[1]}, 1,
            "tensor: expected adjacent elements, got a strided view (neap_contiguous makes a copy)");
    refuses(o, (neap_tensor *[]){g[0], NULL}, 1, "the gradient of 'generator.bias' is missing");
    refuses(o, g, 0, "adamw: expected a step from 1 and a finite lr_scale, got 0 and 1");
    refuses(o, g, -3, "adamw: expected a step from 1 and a finite lr_scale, got -3 and 1");
    refuses_scaled(o, g, 1, NAN, "adamw: expected a step from 1 and a finite lr_scale, got 1 and nan");
    refuses_scaled(o, g, 1, INFINITY, "adamw: expected a step from 1 and a finite lr_scale, got 1 and inf");
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_bad_configs)
{
    static const struct {
        neap_adamw_config config;
        const char *message;
    } bad[] = {
        {{0, 0.9, 0.999, 1e-8, 0, 0, 0}, "adamw: lr: expected a number above 0, got 0"},
        {{-1, 0.9, 0.999, 1e-8, 0, 0, 0}, "adamw: lr: expected a number above 0, got -1"},
        {{NAN, 0.9, 0.999, 1e-8, 0, 0, 0}, "adamw: lr: expected a number above 0, got nan"},
        {{INFINITY, 0.9, 0.999, 1e-8, 0, 0, 0}, "adamw: lr: expected a number above 0, got inf"},
        {{1, 1, 0.999, 1e-8, 0, 0, 0}, "adamw: beta1: expected a number from 0 and below 1, got 1"},
        {{1, -0.1, 0.999, 1e-8, 0, 0, 0}, "adamw: beta1: expected a number from 0 and below 1, got -0.1"},
        {{1, 0.9, 1, 1e-8, 0, 0, 0}, "adamw: beta2: expected a number from 0 and below 1, got 1"},
        {{1, 0.9, 0.999, 0, 0, 0, 0}, "adamw: eps: expected a number above 0, got 0"},
        {{1, 0.9, 0.999, INFINITY, 0, 0, 0}, "adamw: eps: expected a number above 0, got inf"},
        {{1, 0.9, 0.999, 1e-8, -0.5, 0, 0}, "adamw: weight_decay: expected a number from 0, got -0.5"},
        {{1, 0.9, 0.999, 1e-8, INFINITY, 0, 0}, "adamw: weight_decay: expected a number from 0, got inf"},
        {{1, 0.9, 0.999, 1e-8, 0, -2, 0}, "adamw: clip: expected a number from 0, got -2"},
        {{1, 0.9, 0.999, 1e-8, 0, 0, 1}, "adamw: ema: expected a number from 0 and below 1, got 1"},
        {{1, 0.9, 0.999, 1e-8, 0, 0, -0.1}, "adamw: ema: expected a number from 0 and below 1, got -0.1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_ptr_null(neap_adamw_new(model, "", &bad[i].config));
        check_message(bad[i].message);
    }
}
END_TEST

static bool build_and_step(void *user)
{
    double norm;
    neap_optimizer *o = neap_adamw_new(model, "", &configs[6]);
    const bool whole = o && neap_optimizer_step(o, user, 1, 1, &norm) == 0;
    neap_optimizer_free(o);
    return whole;
}

START_TEST(test_every_allocation_may_fail)
{
    neap_tensor *g[MOST];
    neap_optimizer *o = make("", &plain);
    random_gradients(o, g);
    neap_optimizer_free(o);
    ck_assert_int_gt(refuse_each(build_and_step, g), 30);
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
        const double got = neap_schedule(rows[i].step, rows[i].warmup, rows[i].total, rows[i].decay, rows[i].floor);
        ck_assert_msg(fabs(got - rows[i].expected) < 1e-15, "row %zu: expected %.17g, got %.17g", i, rows[i].expected, got);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tcase = tcase_create("optim");
    tcase_add_checked_fixture(tcase, open_model, close_model);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, test_against_doubles, 0, sizeof configs / sizeof *configs);
    tcase_add_test(tcase, test_same_bits_for_any_threads);
    tcase_add_test(tcase, test_prefix);
    tcase_add_test(tcase, test_named_state);
    tcase_add_test(tcase, test_swap);
    tcase_add_test(tcase, test_not_finite);
    tcase_add_test(tcase, test_steps_that_do_not_fit);
    tcase_add_test(tcase, test_bad_configs);
    tcase_add_test(tcase, test_every_allocation_may_fail);
    tcase_add_test(tcase, test_schedules);
    return run_suite(suite);
}
