/* Ops over pixels: batch norm's statistics, pooling, filters and convolutions at the edges of what they take. */
#include "ops_test.h"

#include <neap/nn.h>

static neap_tensor *f32(neap_shape shape)
{
    return neap_zeros(NEAP_F32, shape);
}

/* --- Statistics ---------------------------------------------------------------------------------------------------- */

typedef struct normed {
    neap_tensor *x, *scale, *shift, *mean, *variance;
} normed;

static neap_tensor *norm(normed n, double momentum)
{
    return neap_batch_norm(n.x, n.scale, n.shift, n.mean, n.variance, momentum, 1e-5, 1);
}

/* Channel j of four rows holds j, 3 + j, 6 + j, 9 + j: mean 4.5 + j, spread 11.25, which of draws from the same is 15. */
static normed counted(void)
{
    return (normed){neap_reshape(neap_arange(NEAP_F32, 0, 1, 12), neap_dims(4, 3)), neap_full(NEAP_F32, neap_dims(3), 1),
                    f32(neap_dims(3)), f32(neap_dims(3)), neap_full(NEAP_F32, neap_dims(3), 1)};
}

START_TEST(test_running_statistics)
{
    const normed n = counted();
    double expected[12];
    for (int i = 0; i < 12; i++)
        expected[i] = (i / 3 * 3 - 4.5) / sqrt(11.25 + 1e-5);
    check_values("y", norm(n, 0.25), neap_dims(4, 3), expected, 1e-6);
    check_values("running mean", n.mean, neap_dims(3), (const double[]){1.125, 1.375, 1.625}, 1e-6);
    check_values("running variance", n.variance, neap_dims(3), (const double[]){4.5, 4.5, 4.5}, 1e-6);
}
END_TEST

START_TEST(test_running_statistics_are_refused)
{
    normed n = counted(), view = n, wanting = n, half = n;
    view.mean = neap_reshape(neap_slice(f32(neap_dims(3, 2)), 1, 0, 1), neap_dims(3));
    check_failure(norm(view, 0.1), "batch_norm: input 3 is updated in place: expected a contiguous tensor that requires no gradient");
    wanting.variance = f32(neap_dims(3));
    ck_assert_int_eq(neap_require_grad(wanting.variance, true), 0);
    check_failure(norm(wanting, 0.1), "batch_norm: input 4 is updated in place");
    half.mean = NULL;
    check_failure(norm(half, 0.1), "batch_norm: input 3: expected a tensor, got NULL");
    check_failure(norm(n, 1.5), "batch_norm: momentum: expected 0 to 1, got 1.5");
    check_failure(neap_group_norm(n.x, n.scale, n.shift, 1, -1, 1), "group_norm: eps: expected 0 to inf, got -1");
    n.x = f32(neap_dims(1, 3));
    check_failure(norm(n, 0.1), "batch_norm: expected a batch of at least 2, got 1");
    n.x = f32(neap_dims(4, 0, 3));
    check_failure(norm(n, 0.1), "batch_norm: expected x with pixels");
}
END_TEST

#define TINY 0.0025 /* a unit in the last place of the mean, 7.6e-6, over the least deviation, sqrt(1e-5) */

/* Sums of many equal numbers in single precision go astray; the statistics must not. */
START_TEST(test_statistics_far_from_zero)
{
    static const int64_t channels[] = {1, 3, 16, 64};
    for (int i = 0; i < 4; i++) {
        const int64_t c = channels[i];
        const neap_shape shape = neap_dims(8, 64, 64, c);
        normed n = {neap_full(NEAP_F32, shape, 100.1), neap_full(NEAP_F32, neap_dims(c), 1), f32(neap_dims(c)),
                    f32(neap_dims(c)), f32(neap_dims(c))};
        neap_tensor *y = norm(n, 1);
        ck_assert_double_lt(neap_item(neap_max(neap_abs(y), NULL, 0, false)), TINY);
        ck_assert_double_lt(neap_item(neap_max(neap_abs(neap_affine(n.mean, 1, -100.1f)), NULL, 0, false)), 8e-6);
        ck_assert_double_lt(neap_item(neap_max(n.variance, NULL, 0, false)), 1e-9);
        y = neap_group_norm(n.x, n.scale, n.shift, 1, 1e-5, 1);
        ck_assert_double_lt(neap_item(neap_max(neap_abs(y), NULL, 0, false)), TINY);
    }
}
END_TEST

/* --- Windows ------------------------------------------------------------------------------------------------------- */

START_TEST(test_windows_are_refused)
{
    const int64_t one = 1;
    const neap_window far = {1, 10, 1, 1}, none = {1, 0, 1, 0};
    check_failure(neap_max_pool(f32(neap_dims(1, 0, 2, 1)), 2, 1, 1), "max_pool_index: expected x [B, rows, columns, C]");
    check_failure(neap_max_pool(f32(neap_dims(1, 4, 4, 1)), 2, 1, 2), "padding up to half the kernel, got 2, 1 and 2");
    check_failure(neap_filter(f32(neap_dims(1, 0, 3, 1)), &one, 1, 1, 1, 1), "filter: expected x as long as the taps");
    check_failure(neap_conv2d_transpose(f32(neap_dims(1, 2, 2, 1)), f32(neap_dims(1, 1, 1, 1)), NULL, far),
                  "and a size that the convolution takes back to x, got f32 [1, 2, 2, 1], f32 [1, 1, 1, 1], padding 10");
    check_failure(neap_conv2d(f32(neap_dims(1, 0, 2, 1)), f32(neap_dims(1, 1, 1, 1)), NULL, far), "conv2d: expected x");
    check_failure(neap_conv2d(f32(neap_dims(1, 2, 2, 1)), f32(neap_dims(1, 1, 1, 1)), NULL, none),
                  "conv2d: groups: expected at least 1, got 0");
    check_failure(neap_conv2d(f32(neap_dims(0, INT64_C(1) << 40, 2, 1)), f32(neap_dims(1, 1, 1, 1)), NULL, far),
                  "conv2d: expected x");
}
END_TEST

/* An axis as long as this needs no room where no other has elements. */
START_TEST(test_long_axes_of_nothing)
{
    const int64_t one = 1;
    neap_tensor *x = f32(neap_dims(0, INT64_C(1) << 40, 4, 1));
    neap_tensor *y = neap_filter(x, &one, 1, 1, 2, 0);
    ck_assert(y && neap_dim(y, 1) == INT64_C(1) << 39 && neap_dim(y, 2) == 2);
    y = neap_resize(x, 5, 6, NEAP_LINEAR);
    ck_assert(y && neap_shape_equal(neap_shape_of(y), neap_dims(0, 5, 6, 1)));
}
END_TEST

START_TEST(test_conv_layers_are_refused)
{
    neap_conv_layer layer;
    neap_model *model = neap_model_new(3);
    neap_conv_spec spec = {.in = 4, .out = 6, .kernel = 3, .window = {1, 1, 1, 0}};
    ck_assert_int_eq(neap_conv_make(&layer, model, &spec, "stem.%d", 2), -1);
    check_message("stem.2: expected channels divisible by groups and a kernel, all from 1, got 4 to 6 in 0 groups and kernel 3");
    spec.window.groups = 4;
    ck_assert_int_eq(neap_conv_make(&layer, model, &spec, "stem"), -1);
    check_message("stem: expected channels divisible by groups and a kernel, all from 1, got 4 to 6 in 4 groups and kernel 3");
    ck_assert_int_eq(neap_model_count(model), 0);
    neap_model_free(model);
}
END_TEST

START_TEST(test_spectral_norm_is_refused)
{
    neap_tensor *u = neap_full(NEAP_F32, neap_dims(3), 1);
    check_failure(neap_spectral_weight(f32(neap_dims(3, 2)), u), "spectral norm: expected a weight that is not all zeros");
    check_failure(neap_spectral_weight(f32(neap_dims(2, 3)), u), "expected a weight [out, ..] and u [out], got [2, 3] and [3]");
    check_failure(neap_spectral_weight(f32((neap_shape){0}), u), "spectral norm: expected a weight");
    check_values("u stays", u, neap_dims(3), (const double[]){1, 1, 1}, 0);
}
END_TEST

/* Axes of size 1 leave nothing to reduce, wherever they lie. */
START_TEST(test_reductions_of_single_elements)
{
    neap_tensor *x = random_tensor(neap_dims(1, 5, 1, 3, 1), -1, 1), *y = neap_mean(x, (int[]){0, 2, 4}, 3, false);
    check_values("mean", y, neap_dims(5, 3), values(x), 0);
    double *v = values(x), expected[3];
    for (int j = 0; j < 3; j++)
        expected[j] = fmax(fmax(fmax(v[j], v[3 + j]), fmax(v[6 + j], v[9 + j])), v[12 + j]);
    check_values("max", neap_max(x, (int[]){1, 2, 4}, 3, false), neap_dims(1, 3), expected, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops, pixels");
    TCase *tcase = new_tcase(suite, "pixels");
    tcase_add_test(tcase, test_running_statistics);
    tcase_add_test(tcase, test_running_statistics_are_refused);
    tcase_add_test(tcase, test_statistics_far_from_zero);
    tcase_add_test(tcase, test_windows_are_refused);
    tcase_add_test(tcase, test_long_axes_of_nothing);
    tcase_add_test(tcase, test_conv_layers_are_refused);
    tcase_add_test(tcase, test_spectral_norm_is_refused);
    tcase_add_test(tcase, test_reductions_of_single_elements);
    return run_suite(suite);
}
