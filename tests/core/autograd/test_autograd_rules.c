/* What the tape notices, leaves alone and refuses; and that gradient checks find what is wrong. */
#include <pthread.h>

#include "tape_test.h"

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
    fails_with(neap_backward(y, NULL, 0),
               "backward: the tensor has no history: make it from a parameter, or a tensor marked by require_grad, "
               "outside of no_grad");
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
    fails_with(neap_gradients(y, NULL, &x, 1, 0, &g),
               "backward: expected one element or a seed, got [2, 2]: take the mean or the sum first");
    fails_with(neap_backward(y, neap_reshape(seed, neap_dims(4)), 0),
               "backward: expected a seed like y, f32 [2, 2], got f32 [4]");
    fails_with(neap_backward(y, neap_cast(seed, NEAP_F64), 0),
               "backward: expected a seed like y, f32 [2, 2], got f64 [2, 2]");
}
END_TEST

START_TEST(test_no_tensors)
{
    neap_tensor *x = leaf(neap_dims(1)), *g = x;
    fails_with(neap_gradients(NULL, NULL, &x, 1, 0, &g), "gradients: expected a tensor, got NULL");
    ck_assert_ptr_null(g);
    fails_with(neap_gradients(NULL, NULL, NULL, 0, 0, NULL), "gradients: expected a tensor, got NULL");
    fails_with(neap_gradients(x, NULL, (neap_tensor *[]){NULL}, 1, 0, &g), "gradients: expected a tensor, got NULL");
    fails_with(neap_backward(NULL, NULL, 0), "backward: expected a tensor, got NULL");
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
    ck_assert_msg(neap_gradient_check(gradient_norm, NULL, x, 5, 1e-7, true, NULL) == 0, "%s", neap_error_message());
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
    ck_assert_int_eq(neap_gradient_check(half_hidden, NULL, &x, 1, 1e-7, false, NULL), -1);
    check_failure(NULL, "gradient check (first order): input 0, element 0: expected 4");
    ck_assert_int_eq(neap_gradient_check(hidden_twice, NULL, &x, 1, 1e-7, false, NULL), 0);
    ck_assert_int_eq(neap_gradient_check(hidden_twice, NULL, &x, 1, 1e-7, true, NULL), -1);
    check_failure(NULL, "gradient check (second order): input 0, element 0: expected ");
    check_values("x", x, neap_dims(1), &two, 0);
    fails_with(neap_gradient_check(half_hidden, NULL, &single, 1, 1e-7, false, NULL),
               "gradient check: expected contiguous f64 leaves");
}
END_TEST

/* The oldest one is told, whether an op was given it or made it; what the tape has let go of is not looked at. */
START_TEST(test_first_not_finite)
{
    char text[NEAP_BLAME_TEXT];
    neap_tensor *x = neap_from(NEAP_F32, neap_dims(3), (const float[]){1, 0, -1});
    neap_require_grad(x, true);
    neap_tensor *y = neap_sum(neap_square(neap_log(x)), NULL, 0, false);
    ck_assert(neap_find_not_finite(y, text));
    ck_assert_str_eq(text, "input 0 of 'square', [3]");
    ck_assert(neap_find_not_finite(neap_reciprocal(x), text));
    ck_assert_str_eq(text, "the output of 'reciprocal', [3]");
    ck_assert(!neap_find_not_finite(neap_exp(x), text));
    ck_assert(!neap_find_not_finite(x, text));
    ck_assert(!neap_find_not_finite(NULL, text));
    ck_assert_int_eq(neap_backward(y, NULL, 0), 0);
    ck_assert(!neap_find_not_finite(y, text));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("autograd, rules");
    TCase *tcase = new_tcase(suite, "rules");
    tcase_add_test(tcase, test_first_not_finite);
    tcase_add_test(tcase, test_written_inputs);
    tcase_add_test(tcase, test_written_outputs);
    tcase_add_test(tcase, test_written_where_nobody_looks);
    tcase_add_test(tcase, test_detach);
    tcase_add_test(tcase, test_recording_off);
    tcase_add_test(tcase, test_pass_keeps_the_setting);
    tcase_add_test(tcase, test_leaves);
    tcase_add_test(tcase, test_seeds);
    tcase_add_test(tcase, test_no_tensors);
    tcase_add_test(tcase, test_norm_of_a_gradient);
    tcase_add_test(tcase, test_check_finds_errors);
    return run_suite(suite);
}
