/* Elementwise ops and reductions against plain loops in double. */
#include "ops_test.h"

#include <neap/parallel.h>

/* --- One argument ------------------------------------------------------------------------------------------------ */

static double minus(double x) { return -x; }
static double rsqrt_of(double x) { return 1 / sqrt(x); }
static double sign_of(double x) { return (x > 0) - (x < 0); }
static double sigmoid_of(double x) { return 1 / (1 + exp(-x)); }
static double silu_of(double x) { return x / (1 + exp(-x)); }
static double gelu_of(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static double gelu_tanh_of(double x) { return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
static double relu_of(double x) { return x > 0 ? x : 0; }
static double softplus_of(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double square_of(double x) { return x * x; }
static double reciprocal_of(double x) { return 1 / x; }
static double leaky_of(double x) { return x > 0 ? x : 0.1 * x; }
static double clamp_of(double x) { return x < -1 ? -1 : x > 2 ? 2 : x; }
static double affine_of(double x) { return 3 * x - 0.5; }
static double cube_of(double x) { return x * x * x; }

static neap_tensor *leaky(neap_tensor *x) { return neap_leaky_relu(x, 0.1); }
static neap_tensor *clamp(neap_tensor *x) { return neap_clamp(x, -1, 2); }
static neap_tensor *affine(neap_tensor *x) { return neap_affine(x, 3, -0.5); }
static neap_tensor *cube(neap_tensor *x) { return neap_power(x, 3); }

static const struct {
    const char *name;
    neap_tensor *(*op)(neap_tensor *x);
    double (*reference)(double x);
    double low, high;
} unary[] = {
    {"neg", neap_neg, minus, -9, 9},           {"exp", neap_exp, exp, -9, 4},
    {"log", neap_log, log, 0.01, 9},           {"sqrt", neap_sqrt, sqrt, 0, 9},
    {"rsqrt", neap_rsqrt, rsqrt_of, 0.1, 9},   {"abs", neap_abs, fabs, -9, 9},
    {"sign", neap_sign, sign_of, -1, 1},       {"sin", neap_sin, sin, -9, 9},
    {"cos", neap_cos, cos, -9, 9},             {"tanh", neap_tanh, tanh, -9, 9},
    {"erf", neap_erf, erf, -5, 5},             {"sigmoid", neap_sigmoid, sigmoid_of, -30, 30},
    {"silu", neap_silu, silu_of, -9, 9},       {"gelu", neap_gelu, gelu_of, -9, 9},
    {"gelu_tanh", neap_gelu_tanh, gelu_tanh_of, -9, 9}, {"relu", neap_relu, relu_of, -9, 9},
    {"softplus", neap_softplus, softplus_of, -30, 30},  {"square", neap_square, square_of, -9, 9},
    {"reciprocal", neap_reciprocal, reciprocal_of, 0.1, 9}, {"floor", neap_floor, floor, -9, 9},
    {"leaky_relu", leaky, leaky_of, -9, 9},    {"clamp", clamp, clamp_of, -9, 9},
    {"affine", affine, affine_of, -9, 9},      {"power", cube, cube_of, -3, 3},
};

START_TEST(test_unary)
{
    static const int64_t sizes[] = {1, 7, 33, 40000}; /* the last one is split over threads */
    for (int s = 0; s < 4; s++) {
        neap_tensor *x = random_tensor(neap_dims(sizes[s]), unary[_i].low, unary[_i].high);
        double *v = values(x);
        for (int64_t i = 0; i < sizes[s]; i++)
            v[i] = unary[_i].reference(v[i]);
        check_values(unary[_i].name, unary[_i].op(x), neap_dims(sizes[s]), v, 4e-6);
    }
    neap_tensor *view = neap_permute(random_tensor(neap_dims(3, 5), unary[_i].low, unary[_i].high), (int[]){1, 0});
    double *v = values(view);
    for (int i = 0; i < 15; i++)
        v[i] = unary[_i].reference(v[i]);
    check_values(unary[_i].name, unary[_i].op(view), neap_dims(5, 3), v, 4e-6);
}
END_TEST

/* --- Two and three ----------------------------------------------------------------------------------------------- */

static double plus(double a, double b) { return a + b; }
static double less(double a, double b) { return a - b; }
static double times(double a, double b) { return a * b; }
static double over(double a, double b) { return a / b; }
static double equal(double a, double b) { return a == b; }
static double differs(double a, double b) { return a != b; }
static double below(double a, double b) { return a < b; }
static double not_above(double a, double b) { return a <= b; }
static double above(double a, double b) { return a > b; }
static double not_below(double a, double b) { return a >= b; }

static const struct {
    const char *name;
    neap_tensor *(*op)(neap_tensor *a, neap_tensor *b);
    double (*reference)(double a, double b);
} binary[] = {
    {"add", neap_add, plus},         {"sub", neap_sub, less},   {"mul", neap_mul, times}, {"div", neap_div, over},
    {"maximum", neap_maximum, fmax}, {"minimum", neap_minimum, fmin}, {"eq", neap_eq, equal}, {"ne", neap_ne, differs},
    {"lt", neap_lt, below},          {"le", neap_le, not_above}, {"gt", neap_gt, above},  {"ge", neap_ge, not_below},
};

/* Halves, so that some are equal; none is 0. */
static neap_tensor *halves(neap_shape shape)
{
    return neap_affine(neap_floor(random_tensor(shape, 0, 5)), 0.5, 0.5);
}

/* a [4, 1, 33] and b [9, 1] meet in [4, 9, 33]. */
START_TEST(test_binary_broadcasts)
{
    neap_tensor *a = halves(neap_dims(4, 1, 33)), *b = halves(neap_dims(9, 1));
    const double *x = values(a), *y = values(b);
    double *v = room(4 * 9 * 33);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 9; j++)
            for (int k = 0; k < 33; k++)
                v[(i * 9 + j) * 33 + k] = binary[_i].reference(x[i * 33 + k], y[j]);
    check_values(binary[_i].name, binary[_i].op(a, b), neap_dims(4, 9, 33), v, 1e-6);
}
END_TEST

START_TEST(test_binary_reads_strides)
{
    neap_tensor *a = neap_permute(halves(neap_dims(33, 5)), (int[]){1, 0});
    neap_tensor *b = neap_slice(halves(neap_dims(5, 40)), 1, 3, 36);
    const double *x = values(a), *y = values(b);
    double *v = room(5 * 33);
    for (int i = 0; i < 5 * 33; i++)
        v[i] = binary[_i].reference(x[i], y[i]);
    check_values(binary[_i].name, binary[_i].op(a, b), neap_dims(5, 33), v, 1e-6);
}
END_TEST

START_TEST(test_where)
{
    neap_tensor *c = neap_gt(random_tensor(neap_dims(6, 1), -1, 1), neap_scalar(0));
    neap_tensor *a = random_tensor(neap_dims(6, 20), -1, 1), *b = neap_scalar(7);
    const double *condition = values(c), *x = values(a);
    double *v = room(120);
    for (int i = 0; i < 120; i++)
        v[i] = condition[i / 20] != 0 ? x[i] : 7;
    check_values("where", neap_where(c, a, b), neap_dims(6, 20), v, 0);
}
END_TEST

START_TEST(test_cast)
{
    neap_tensor *x = neap_from(NEAP_F32, neap_dims(4), (float[]){-2.75f, 0, 1, 2.5f});
    check_values("to i32", neap_cast(x, NEAP_I32), neap_dims(4), (double[]){-2, 0, 1, 2}, 0);
    check_values("to bf16", neap_cast(x, NEAP_BF16), neap_dims(4), (double[]){-2.75, 0, 1, 2.5}, 0);
    check_values("to f64", neap_cast(x, NEAP_F64), neap_dims(4), (double[]){-2.75, 0, 1, 2.5}, 0);
    neap_tensor *bytes = neap_from(NEAP_U8, neap_dims(3), (uint8_t[]){0, 127, 255});
    check_values("from u8", neap_cast(bytes, NEAP_F32), neap_dims(3), (double[]){0, 127, 255}, 0);
}
END_TEST

/* Elements that tie: the gradient is shared. */
START_TEST(test_ties)
{
    neap_tensor *a = neap_from(NEAP_F32, neap_dims(4), (float[]){1, 3, 3, -2}), *g[2];
    neap_tensor *b = neap_from(NEAP_F32, neap_dims(4), (float[]){1, 2, 3, 5});
    neap_require_grad(a, true);
    neap_require_grad(b, true);
    neap_gradients(neap_sum(neap_maximum(a, b), NULL, 0, false), NULL, (neap_tensor *[]){a, b}, 2, 0, g);
    check_values("maximum, a", g[0], neap_dims(4), (double[]){0.5, 1, 0.5, 0}, 0);
    check_values("maximum, b", g[1], neap_dims(4), (double[]){0.5, 0, 0.5, 1}, 0);
    neap_gradients(neap_max(a, NULL, 0, false), NULL, &a, 1, 0, g);
    check_values("max", g[0], neap_dims(4), (double[]){0, 0.5, 0.5, 0}, 0);
    neap_tensor *zero = neap_zeros(NEAP_F32, neap_dims(1));
    neap_require_grad(zero, true);
    neap_gradients(neap_abs(zero), NULL, &zero, 1, 0, g);
    check_values("abs", g[0], neap_dims(1), (double[]){0}, 0);
}
END_TEST

/* --- Reductions -------------------------------------------------------------------------------------------------- */

typedef neap_tensor *reduction(neap_tensor *x, const int *axes, int count, bool keep);
static const struct {
    const char *name;
    reduction *op;
} reductions[] = {{"sum", neap_sum}, {"mean", neap_mean}, {"max", neap_max}, {"variance", neap_variance}};

/* Of n values, `step` apart. */
static double reduce_plain(int which, const double *x, int64_t n, int64_t step)
{
    double sum = 0, squares = 0, most = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i * step];
        most = fmax(most, x[i * step]);
    }
    for (int64_t i = 0; i < n; i++)
        squares += (x[i * step] - sum / (double)n) * (x[i * step] - sum / (double)n);
    return (double[]){sum, sum / (double)n, most, squares / (double)n}[which];
}

/* [outer, n, inner] over the middle axis: short and long, beside one and beside many. */
START_TEST(test_middle_axis)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {2, 33, 1}, {1, 100000, 1}, {3, 70001, 1},
                                       {1, 3000, 65}, {2, 900, 130}, {5, 1, 9}, {1, 40, 5000}};
    for (int s = 0; s < 9; s++) {
        const int64_t outer = sizes[s][0], n = sizes[s][1], inner = sizes[s][2];
        neap_tensor *x = random_tensor(neap_dims(outer, n, inner), -1, 3);
        const double *v = values(x);
        double *expected = room(outer * inner);
        for (int64_t i = 0; i < outer * inner; i++)
            expected[i] = reduce_plain(_i, v + i / inner * n * inner + i % inner, n, inner);
        neap_tensor *y = reductions[_i].op(x, (int[]){1}, 1, false);
        check_values(reductions[_i].name, y, neap_dims(outer, inner), expected, 3e-6);
    }
}
END_TEST

/* Axes 0 and 2 of [3, 4, 5], and all of them. */
START_TEST(test_apart_axes)
{
    neap_tensor *x = random_tensor(neap_dims(3, 4, 5), -1, 3), *moved = neap_permute(x, (int[]){1, 0, 2});
    const double *v = values(moved);
    double expected[4];
    for (int i = 0; i < 4; i++)
        expected[i] = reduce_plain(_i, v + i * 15, 15, 1);
    neap_tensor *y = reductions[_i].op(x, (int[]){-1, 0}, 2, true);
    check_values(reductions[_i].name, y, neap_dims(1, 4, 1), expected, 3e-6);
    expected[0] = reduce_plain(_i, v, 60, 1);
    check_values(reductions[_i].name, reductions[_i].op(moved, NULL, 0, false), (neap_shape){0}, expected, 3e-6);
    check_values(reductions[_i].name, reductions[_i].op(x, NULL, 0, true), neap_dims(1, 1, 1), expected, 3e-6);
}
END_TEST

START_TEST(test_same_bits_for_any_threads)
{
    neap_tensor *x = random_tensor(neap_dims(3, 60000), -1, 1), *tall = random_tensor(neap_dims(5000, 70), -1, 1);
    float first[71];
    for (int threads = 1; threads <= 5; threads++) {
        ck_assert_int_eq(neap_threads_set(threads), 0);
        float now[71];
        neap_read(neap_sum(x, NULL, 0, false), NEAP_F32, now);
        neap_read(neap_sum(tall, (int[]){0}, 1, false), NEAP_F32, now + 1);
        if (threads == 1)
            memcpy(first, now, sizeof now);
        ck_assert_mem_eq(first, now, sizeof now);
    }
    neap_threads_set(0);
}
END_TEST

START_TEST(test_empty_reductions)
{
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(3, 0));
    check_values("sum", neap_sum(x, (int[]){1}, 1, false), neap_dims(3), (double[]){0, 0, 0}, 0);
    check_values("mean", neap_mean(x, NULL, 0, false), (neap_shape){0}, (double[]){NAN}, 0);
    check_values("sum", neap_sum(x, (int[]){0}, 1, false), neap_dims(0), NULL, 0);
    check_failure(neap_max(x, (int[]){1}, 1, false), "max: expected at least one element");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops");
    TCase *tcase = new_tcase(suite, "elementwise");
    tcase_add_loop_test(tcase, test_unary, 0, sizeof unary / sizeof *unary);
    tcase_add_loop_test(tcase, test_binary_broadcasts, 0, sizeof binary / sizeof *binary);
    tcase_add_loop_test(tcase, test_binary_reads_strides, 0, sizeof binary / sizeof *binary);
    tcase_add_test(tcase, test_where);
    tcase_add_test(tcase, test_cast);
    tcase_add_test(tcase, test_ties);
    tcase = new_tcase(suite, "reductions");
    tcase_add_loop_test(tcase, test_middle_axis, 0, 4);
    tcase_add_loop_test(tcase, test_apart_axes, 0, 4);
    tcase_add_test(tcase, test_same_bits_for_any_threads);
    tcase_add_test(tcase, test_empty_reductions);
    return run_suite(suite);
}
