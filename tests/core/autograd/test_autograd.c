/* The tape beyond single rows: many uses of a tensor, long chains, and passes that follow each other. */
#include <pthread.h>
#include <time.h>

#include "tape_test.h"

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

/* Doubled and halved in turn, an even number of times, and doubled once more: the gradient is 2. In scopes of its own,
 * so that nothing but the tape holds the chain. */
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
               "backward: 'sum' was differentiated already: compute the loss again, or pass keep_graph to the earlier pass");
    ck_assert_ptr_null(g);
}
END_TEST

/* The part that two results share is spent with the first. */
START_TEST(test_shared_part_is_spent)
{
    neap_tensor *x = leaf(neap_dims(3)), *h = neap_exp(x), *a = total(h), *b = total(neap_square(h));
    ck_assert_int_eq(neap_backward(a, NULL, 0), 0);
    fails_with(neap_backward(b, NULL, 0),
               "backward: 'exp' was differentiated already: compute the loss again, or pass keep_graph to the earlier pass");
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

int main(void)
{
    Suite *suite = suite_create("autograd");
    TCase *tcase = new_tcase(suite, "autograd");
    tcase_add_test(tcase, test_many_uses);
    tcase_add_test(tcase, test_diamonds);
    tcase_add_test(tcase, test_inner_targets);
    tcase_add_test(tcase, test_unreached_are_zeros);
    tcase_add_test(tcase, test_long_chain);
    tcase_add_test(tcase, test_long_chain_is_dropped);
    tcase_add_test(tcase, test_time_is_linear);
    tcase_add_test(tcase, test_twice);
    tcase_add_test(tcase, test_shared_part_is_spent);
    tcase_add_test(tcase, test_gradients_of_leaves_add_up);
    tcase_add_test(tcase, test_derivatives_of_derivatives);
    return run_suite(suite);
}
