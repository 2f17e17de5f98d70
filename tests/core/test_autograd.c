/* The tape beyond single rows: many uses, long chains, passes that follow each other, and what it refuses. */
#include "ops_test.h"

#include <pthread.h>
#include <time.h>

static neap_tensor *leaf(neap_shape shape)
{
    neap_tensor *x = random_tensor(shape, 0.5, 1.5);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

static neap_tensor *total(neap_tensor *x)
{
    return neap_sum(x, NULL, 0, false);
}

static neap_tensor *gradient_of(neap_tensor *y, neap_tensor *x, unsigned flags)
{
    neap_tensor *g;
    ck_assert_msg(neap_gradients(y, NULL, &x, 1, flags, &g) == 0, "%s", neap_error_message());
    return g;
}

static void fails_with(int status, const char *message)
{
    ck_assert_int_eq(status, -1);
    check_message(message);
}

/* --- Sums over paths --------------------------------------------------------------------------------------------- */

/* x^3 + x + x: an op that takes x twice, one that takes it beside its own result, and two more uses. */
START_TEST(test_many_uses)
{
    neap_tensor *x = leaf(neap_dims(3, 5));
    const double *v = values(x);
    double *expected = room(15);
    for (int i = 0; i < 15; i++)
        expected[i] = 3 * v[i] * v[i] + 2;
    neap_tensor *y = neap_add(neap_mul(neap_mul(x, x), x), neap_add(x, x));
    check_values("many uses", gradient_of(total(y), x, 0), neap_dims(3, 5), expected, 1e-6);
}
END_TEST

/* 60 diamonds, each 3 h - h: 2^60 paths of equal sign, exact in f32; a walk by path would not end. */
START_TEST(test_diamonds)
{
    neap_tensor *x = leaf(neap_dims(4)), *h = x;
    for (int i = 0; i < 60; i++)
        h = neap_add(neap_affine(h, 3, 0), neap_neg(h));
    const double expected[] = {0x1p60, 0x1p60, 0x1p60, 0x1p60};
    check_values("diamonds", gradient_of(total(h), x, 0), neap_dims(4), expected, 0);
}
END_TEST

/* A result that is itself a target hands its gradient on as if it were none. */
START_TEST(test_inner_targets)
{
    neap_tensor *x = leaf(neap_dims(3)), *h = neap_square(x), *y = total(neap_mul(h, h)), *g[4];
    const double *v = values(x);
    double of_x[3], of_h[3], of_y = 1;
    for (int i = 0; i < 3; i++) {
        of_h[i] = 2 * v[i] * v[i];
        of_x[i] = 4 * v[i] * v[i] * v[i];
    }
    ck_assert_int_eq(neap_gradients(y, NULL, (neap_tensor *[]){h, x, y, h}, 4, 0, g), 0);
    check_values("h", g[0], neap_dims(3), of_h, 1e-6);
    check_values("x", g[1], neap_dims(3), of_x, 1e-6);
    check_values("y", g[2], (neap_shape){0}, &of_y, 0);
    check_values("h again", g[3], neap_dims(3), of_h, 1e-6);
}
END_TEST

/* Nothing leads to the first, the second is no leaf, and the third is f64. */
START_TEST(test_unreached_are_zeros)
{
    neap_tensor *x = leaf(neap_dims(2)), *apart = leaf(neap_dims(3, 2)), *plain = random_tensor(neap_dims(4), -1, 1);
    neap_tensor *wide = neap_full(NEAP_F64, neap_dims(1), 3), *g[3];
    neap_require_grad(wide, true);
    const double zeros[6] = {0};
    for (int reached = 0; reached < 2; reached++) {
        neap_tensor *y = total(reached ? neap_square(x) : plain);
        ck_assert_int_eq(neap_gradients(y, NULL, (neap_tensor *[]){apart, plain, wide}, 3, 0, g), 0);
        check_values("apart", g[0], neap_dims(3, 2), zeros, 0);
        check_values("plain", g[1], neap_dims(4), zeros, 0);
        check_values("wide", g[2], neap_dims(1), zeros, 0);
        ck_assert_int_eq(neap_dtype_of(g[2]), NEAP_F64);
    }
}
END_TEST

/* --- Long chains ------------------------------------------------------------------------------------------------- */

enum { CHAIN = 100000, SMALL_STACK = 512 * 1024 };

/* Scopes of its own, so that nothing but the tape holds the chain; its gradient is 2 where x / 2 is taken `length` times
 * and doubled as often, but for one. */
static double chain_gradient(int length)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_full(NEAP_F32, neap_dims(1), 1), *h = x, *g = NULL;
    neap_require_grad(x, true);
    for (int i = 0; i < length; i++) {
        neap_scope inner = neap_scope_open();
        h = neap_scope_return(inner, neap_affine(h, i % 2 ? 0.5 : 2, 0));
    }
    neap_gradients(neap_affine(h, 2, 0), NULL, &x, 1, 0, &g);
    double slope = g ? neap_item(g) : NAN;
    neap_scope_close(scope);
    return slope;
}

static void *long_chain(void *slope)
{
    *(double *)slope = chain_gradient(CHAIN);
    return NULL;
}

/* Less stack than five bytes a node: neither the pass nor the end of the chain may recurse. */
START_TEST(test_long_chain)
{
    double slope = NAN;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, long_chain, &slope), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_double_eq(slope, 2);
}
END_TEST

/* The same chain given up without a pass. */
static void *drop_chain(void *whole)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *h = neap_full(NEAP_F32, neap_dims(1), 1);
    neap_require_grad(h, true);
    for (int i = 0; i < CHAIN; i++)
        h = neap_tanh(h);
    neap_keep(h);
    neap_scope_close(scope);
    *(bool *)whole = neap_requires_grad(h);
    neap_release(h);
    return NULL;
}

START_TEST(test_long_chain_is_dropped)
{
    bool whole = false;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, drop_chain, &whole), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert(whole);
}
END_TEST

static double seconds_of(int length)
{
    struct timespec begin, end;
    double least = INFINITY;
    for (int i = 0; i < 3; i++) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        ck_assert_double_eq(chain_gradient(length), 2);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        least = fmin(least, (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    }
    return least;
}

/* Eight times the nodes take eight times as long, and a square would take 64. */
START_TEST(test_time_is_linear)
{
    const double few = seconds_of(10000), many = seconds_of(80000);
    ck_assert_msg(many < 24 * few, "10,000 nodes take %g s, 80,000 take %g s", few, many);
}
END_TEST

/* --- Passes that follow each other ------------------------------------------------------------------------------- */

START_TEST(test_twice)
{
    neap_tensor *x = leaf(neap_dims(3)), *y = total(neap_square(x)), *g;
    const double *v = values(x);
    const double expected[] = {2 * v[0], 2 * v[1], 2 * v[2]};
    check_values("kept", gradient_of(y, x, NEAP_KEEP_GRAPH), neap_dims(3), expected, 1e-6);
    check_values("recorded", gradient_of(y, x, NEAP_CREATE_GRAPH), neap_dims(3), expected, 1e-6);
    check_values("last", gradient_of(y, x, 0), neap_dims(3), expected, 1e-6);
    fails_with(neap_gradients(y, NULL, &x, 1, 0, &g),
               "backward: 'sum' was differentiated already; pass KEEP_GRAPH to do so twice");
    ck_assert_ptr_null(g);
}
END_TEST

/* The part that two results share is spent with the first. */
START_TEST(test_shared_part_is_spent)
{
    neap_tensor *x = leaf(neap_dims(3)), *h = neap_exp(x), *a = total(h), *b = total(neap_square(h));
    ck_assert_int_eq(neap_backward(a, NULL, 0), 0);
    fails_with(neap_backward(b, NULL, 0), "backward: 'exp' was differentiated already; pass KEEP_GRAPH to do so twice");
}
END_TEST

START_TEST(test_gradients_of_leaves_add_up)
{
    neap_tensor *x = leaf(neap_dims(3)), *apart = leaf(neap_dims(2));
    const double *v = values(x);
    double expected[3];
    ck_assert_ptr_null(neap_grad(x));
    for (int pass = 1; pass <= 3; pass++) {
        ck_assert_int_eq(neap_backward(total(neap_square(x)), NULL, 0), 0);
        for (int i = 0; i < 3; i++)
            expected[i] = 2 * pass * v[i];
        check_values("grad", neap_grad(x), neap_dims(3), expected, 1e-6);
    }
    ck_assert_ptr_null(neap_grad(apart));
    neap_grad_clear(x);
    neap_grad_clear(apart);
    ck_assert_ptr_null(neap_grad(x));
    ck_assert(neap_requires_grad(x));
}
END_TEST

/* The first derivative of x^3 is differentiated, and what comes of it once more. */
START_TEST(test_derivatives_of_derivatives)
{
    neap_tensor *x = neap_cast(random_tensor(neap_dims(4), 0.5, 1.5), NEAP_F64);
    const double *v = values(x);
    neap_require_grad(x, true);
    double second[4], third[] = {6, 6, 6, 6};
    for (int i = 0; i < 4; i++)
        second[i] = 6 * v[i];
    neap_tensor *g = gradient_of(total(neap_mul(neap_square(x), x)), x, NEAP_CREATE_GRAPH);
    neap_tensor *h = gradient_of(total(g), x, NEAP_CREATE_GRAPH);
    check_values("second", h, neap_dims(4), second, 1e-14);
    check_values("third", gradient_of(total(h), x, 0), neap_dims(4), third, 1e-14);
    ck_assert(!neap_requires_grad(gradient_of(total(neap_square(x)), x, 0)));
}
END_TEST

/* --- What changes under the tape --------------------------------------------------------------------------------- */

static void overwrite(neap_tensor *x)
{
    const double zeros[16] = {0};
    ck_assert_int_eq(neap_write(x, NEAP_F64, zeros), 0);
}

START_TEST(test_written_inputs)
{
    neap_tensor *x = leaf(neap_dims(4, 4)), *w = leaf(neap_dims(4, 4));
    neap_tensor *y = total(neap_matmul(x, w));
    overwrite(w);
    fails_with(neap_backward(y, NULL, 0), "backward: input 1 of 'matmul' was written in place after the forward pass");
    y = total(neap_square(x));
    overwrite(neap_slice(x, 1, 1, 3));
    fails_with(neap_backward(y, NULL, 0), "backward: input 0 of 'square' was written in place after the forward pass");
    ck_assert_int_eq(neap_backward(total(neap_square(x)), NULL, 0), 0);
}
END_TEST

START_TEST(test_written_outputs)
{
    neap_tensor *x = leaf(neap_dims(4, 4)), *h = neap_exp(x);
    overwrite(h);
    fails_with(neap_backward(total(h), NULL, 0),
               "backward: the output of 'exp' was written in place after the forward pass");
}
END_TEST

/* Sums need no elements, so theirs may change. */
START_TEST(test_written_where_nobody_looks)
{
    neap_tensor *x = leaf(neap_dims(2, 2)), *h = neap_add(x, x), *y = total(neap_affine(h, 3, 0));
    overwrite(x);
    overwrite(h);
    check_values("grad", gradient_of(y, x, 0), neap_dims(2, 2), (const double[]){6, 6, 6, 6}, 0);
}
END_TEST

/* --- What is not recorded ---------------------------------------------------------------------------------------- */

START_TEST(test_detach)
{
    neap_tensor *x = leaf(neap_dims(3)), *still = neap_detach(x);
    ck_assert(!neap_requires_grad(still));
    ck_assert_ptr_eq(neap_data(still), neap_data(x));
    check_values("grad", gradient_of(total(neap_mul(x, still)), x, 0), neap_dims(3), values(x), 0);
    ck_assert_ptr_null(neap_detach(NULL));
}
END_TEST

static void *recording_elsewhere(void *on)
{
    *(bool *)on = neap_recording();
    return NULL;
}

START_TEST(test_recording_off)
{
    neap_tensor *x = leaf(neap_dims(3));
    pthread_t thread;
    bool elsewhere = false;
    ck_assert(neap_recording());
    ck_assert(neap_record(false));
    ck_assert(!neap_record(false));
    ck_assert_int_eq(pthread_create(&thread, NULL, recording_elsewhere, &elsewhere), 0);
    pthread_join(thread, NULL);
    ck_assert(elsewhere);
    neap_tensor *y = total(neap_square(x));
    ck_assert(!neap_requires_grad(y));
    ck_assert(!neap_record(true));
    fails_with(neap_backward(y, NULL, 0), "backward: expected a tensor made from one that requires a gradient");
}
END_TEST

/* A pass leaves recording as it found it, and gradients are recorded only where asked. */
START_TEST(test_pass_keeps_the_setting)
{
    neap_tensor *x = leaf(neap_dims(3)), *y = total(neap_square(x));
    for (int on = 0; on < 2; on++) {
        neap_record(on);
        ck_assert(neap_requires_grad(gradient_of(y, x, NEAP_CREATE_GRAPH)));
        ck_assert(!neap_requires_grad(gradient_of(y, x, NEAP_KEEP_GRAPH)));
        ck_assert_int_eq(neap_recording(), on);
    }
}
END_TEST

START_TEST(test_leaves)
{
    neap_tensor *x = leaf(neap_dims(3)), *index = random_index(neap_dims(3), 3);
    ck_assert_int_eq(neap_backward(total(neap_square(x)), NULL, 0), 0);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    ck_assert_ptr_nonnull(neap_grad(x));
    fails_with(neap_require_grad(neap_exp(x), true), "require_grad: expected a leaf, got the result of 'exp'");
    fails_with(neap_require_grad(index, true), "require_grad: expected f32 or f64, got i32");
    ck_assert_int_eq(neap_require_grad(NULL, true), -1);
    ck_assert_int_eq(neap_require_grad(x, false), 0);
    ck_assert(!neap_requires_grad(x) && !neap_requires_grad(neap_exp(x)) && !neap_requires_grad(NULL));
    ck_assert_ptr_null(neap_grad(x));
}
END_TEST

START_TEST(test_seeds)
{
    neap_tensor *x = leaf(neap_dims(2, 2)), *y = neap_square(x), *g;
    const double *v = values(x), weights[] = {1, -2, 0, 0.5};
    double expected[4];
    for (int i = 0; i < 4; i++)
        expected[i] = 2 * weights[i] * v[i];
    neap_tensor *seed = neap_cast(neap_from(NEAP_F64, neap_dims(2, 2), weights), NEAP_F32);
    ck_assert_int_eq(neap_gradients(y, seed, &x, 1, NEAP_KEEP_GRAPH, &g), 0);
    check_values("seeded", g, neap_dims(2, 2), expected, 1e-6);
    fails_with(neap_gradients(y, NULL, &x, 1, 0, &g), "backward: expected one element or a seed, got [2, 2]");
    fails_with(neap_backward(y, neap_reshape(seed, neap_dims(4)), 0),
               "backward: expected a seed like y, f32 [2, 2], got f32 [4]");
    fails_with(neap_backward(y, neap_cast(seed, NEAP_F64), 0),
               "backward: expected a seed like y, f32 [2, 2], got f64 [2, 2]");
}
END_TEST

START_TEST(test_no_tensors)
{
    neap_tensor *x = leaf(neap_dims(1)), *g = x;
    fails_with(neap_gradients(NULL, NULL, &x, 1, 0, &g), "gradients: got no tensor");
    ck_assert_ptr_null(g);
    fails_with(neap_gradients(NULL, NULL, NULL, 0, 0, NULL), "gradients: got no tensor");
    fails_with(neap_gradients(x, NULL, (neap_tensor *[]){NULL}, 1, 0, &g), "gradients: got no tensor");
    fails_with(neap_backward(NULL, NULL, 0), "backward: got no tensor");
    ck_assert_int_eq(neap_gradients(x, NULL, NULL, 0, 0, NULL), 0);
}
END_TEST

/* --- Gradient checks --------------------------------------------------------------------------------------------- */

/* The norm of the gradient of a small network's output by its input, as a penalty would use it. */
static neap_tensor *gradient_norm(void *user, neap_tensor *const *x)
{
    neap_tensor *in = x[0], *g;
    (void)user;
    neap_tensor *h = neap_silu(neap_linear(neap_layer_norm(in, 1e-3), x[1], x[2]));
    h = neap_softplus(neap_linear_gelu(h, x[3], x[4]));
    if (neap_gradients(total(h), NULL, &in, 1, NEAP_CREATE_GRAPH, &g) < 0)
        return NULL;
    return neap_sqrt(total(neap_square(g)));
}

static neap_tensor *wide_leaf(neap_shape shape)
{
    return neap_cast(random_tensor(shape, -1, 1), NEAP_F64);
}

/* The differences' own error is near 1e-10 of these third derivatives, which reach some tens. */
START_TEST(test_norm_of_a_gradient)
{
    neap_tensor *x[] = {wide_leaf(neap_dims(2, 4)), wide_leaf(neap_dims(5, 4)), wide_leaf(neap_dims(5)),
                        wide_leaf(neap_dims(3, 5)), wide_leaf(neap_dims(3))};
    ck_assert_msg(neap_gradient_check(gradient_norm, NULL, x, 5, 1e-7, true) == 0, "%s", neap_error_message());
}
END_TEST

static neap_tensor *half_hidden(void *user, neap_tensor *const *x)
{
    (void)user;
    return total(neap_mul(x[0], neap_detach(x[0])));
}

/* A right gradient that hides where it comes from: x^2 / 2, its gradient a constant to the tape. */
static neap_tensor *hidden_twice(void *user, neap_tensor *const *x)
{
    (void)user;
    neap_tensor *still = neap_detach(x[0]);
    return total(neap_sub(neap_mul(x[0], still), neap_affine(neap_square(still), 0.5, 0)));
}

START_TEST(test_check_finds_errors)
{
    const double two = 2;
    neap_tensor *x = neap_from(NEAP_F64, neap_dims(1), &two), *single = leaf(neap_dims(1));
    ck_assert_int_eq(neap_gradient_check(half_hidden, NULL, &x, 1, 1e-7, false), -1);
    check_failure(NULL, "gradient check (first order): input 0, element 0: expected 4");
    ck_assert_int_eq(neap_gradient_check(hidden_twice, NULL, &x, 1, 1e-7, false), 0);
    ck_assert_int_eq(neap_gradient_check(hidden_twice, NULL, &x, 1, 1e-7, true), -1);
    check_failure(NULL, "gradient check (second order): input 0, element 0: expected ");
    check_values("x", x, neap_dims(1), &two, 0);
    fails_with(neap_gradient_check(half_hidden, NULL, &single, 1, 1e-7, false),
               "gradient check: expected contiguous f64 leaves");
}
END_TEST

static void add_tests(TCase *tcase, const TTest *const *tests, int count)
{
    for (int i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
}

int main(void)
{
    const TTest *const tests[] = {
        test_many_uses, test_diamonds, test_inner_targets, test_unreached_are_zeros, test_long_chain,
        test_long_chain_is_dropped, test_time_is_linear, test_twice, test_shared_part_is_spent,
        test_gradients_of_leaves_add_up, test_derivatives_of_derivatives, test_written_inputs, test_written_outputs,
        test_written_where_nobody_looks, test_detach, test_recording_off, test_pass_keeps_the_setting, test_leaves,
        test_seeds, test_no_tensors, test_norm_of_a_gradient, test_check_finds_errors,
    };
    Suite *suite = suite_create("autograd");
    add_tests(new_tcase(suite, "autograd"), tests, sizeof tests / sizeof *tests);
    return run_suite(suite);
}
