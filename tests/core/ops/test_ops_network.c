/* Products, norms, attention and losses against plain loops in double. */
#include "ops_test.h"

/* --- Products ---------------------------------------------------------------------------------------------------- */

/* Element (i, j) of a matrix [rows, columns], or of its transpose. */
static double entry(const double *x, int64_t rows, int64_t columns, bool transposed, int64_t i, int64_t j)
{
    return transposed ? x[j * rows + i] : x[i * columns + j];
}

static void multiply(const double *a, bool ta, const double *b, bool tb, int64_t m, int64_t n, int64_t k, double *c)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            c[i * n + j] = 0;
            for (int64_t l = 0; l < k; l++)
                c[i * n + j] += entry(a, m, k, ta, i, l) * entry(b, k, n, tb, l, j);
        }
}

/* All four transposes, by loop index; batches [3, 1] and [2] meet in [3, 2]. */
START_TEST(test_matmul)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {5, 7, 3}, {33, 65, 40}, {4, 3, 0}};
    const bool ta = _i & 1, tb = _i & 2;
    for (int s = 0; s < 4; s++) {
        const int64_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        neap_tensor *a = random_tensor(ta ? neap_dims(3, 1, k, m) : neap_dims(3, 1, m, k), -1, 1);
        neap_tensor *b = random_tensor(tb ? neap_dims(2, n, k) : neap_dims(2, k, n), -1, 1);
        double *x = values(a), *y = values(b), *c = room(6 * m * n);
        for (int i = 0; i < 6; i++)
            multiply(x + i / 2 * m * k, ta, y + i % 2 * n * k, tb, m, n, k, c + i * m * n);
        check_values("matmul", neap_matmul_t(a, b, ta, tb), neap_dims(3, 2, m, n), c, 1e-5);
        for (int i = 0; i < 6; i++)
            multiply(y + i % 2 * n * k, !tb, x + i / 2 * m * k, !ta, n, m, k, c + i * m * n);
        check_values("matmul, swapped", neap_matmul_t(b, a, !tb, !ta), neap_dims(3, 2, n, m), c, 1e-5);
    }
}
END_TEST

/* q [B, N, H, d] seen as [B, H, N, d], by one matrix that all share. */
START_TEST(test_matmul_of_views)
{
    neap_tensor *a = neap_permute(random_tensor(neap_dims(2, 5, 3, 4), -1, 1), (int[]){0, 2, 1, 3});
    neap_tensor *b = neap_slice(random_tensor(neap_dims(4, 9), -1, 1), 1, 1, 7);
    double *x = values(a), *y = values(b), *c = room(6 * 5 * 6);
    multiply(x, false, y, false, 30, 6, 4, c);
    check_values("matmul", neap_matmul(a, b), neap_dims(2, 3, 5, 6), c, 1e-5);
    check_values("rows", neap_matmul(neap_contiguous(a), b), neap_dims(2, 3, 5, 6), c, 1e-5);
}
END_TEST

static double gelu_tanh_of(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

/* linear, linear_gelu and linear_gated_add: while the tape records and while it does not, the same bits. */
START_TEST(test_linear)
{
    enum { B = 3, T = 7, I = 37, O = 70, ALL = B * T * O };
    neap_tensor *x = random_tensor(neap_dims(B, T, I), -1, 1), *w = random_tensor(neap_dims(O, I), -1, 1);
    neap_tensor *b = random_tensor(neap_dims(O), -1, 1), *r = random_tensor(neap_dims(B, T, O), -1, 1);
    neap_tensor *gate = neap_slice(random_tensor(neap_dims(B, 3 * O), -1, 1), 1, O, 2 * O);
    double *h = room(ALL), *gelu = room(ALL), *gated = room(ALL);
    const double *bias = values(b), *res = values(r), *g = values(gate);
    multiply(values(x), false, values(w), true, B * T, O, I, h);
    check_values("linear_nobias", neap_linear_nobias(x, w), neap_dims(B, T, O), h, 1e-5);
    for (int i = 0; i < ALL; i++) {
        h[i] += bias[i % O];
        gelu[i] = gelu_tanh_of(h[i]);
        gated[i] = res[i] + g[i / (T * O) * O + i % O] * h[i];
    }
    for (int recorded = 0; recorded < 2; recorded++) {
        neap_require_grad(w, recorded);
        check_values("linear", neap_linear(x, w, b), neap_dims(B, T, O), h, 1e-5);
        check_values("linear_gelu", neap_linear_gelu(x, w, b), neap_dims(B, T, O), gelu, 1e-5);
        check_values("linear_gated_add", neap_linear_gated_add(r, gate, x, w, b), neap_dims(B, T, O), gated, 1e-5);
    }
}
END_TEST

/* Operands that bf16 holds exactly lose nothing; others are rounded to 8 bits. */
START_TEST(test_precision)
{
    neap_tensor *x = neap_floor(random_tensor(neap_dims(9, 33), -8, 8)), *w = random_tensor(neap_dims(5, 33), -1, 1);
    double exact[45], rounded[45];
    multiply(values(x), false, values(w), true, 9, 5, 33, exact);
    multiply(values(x), false, values(neap_cast(w, NEAP_BF16)), true, 9, 5, 33, rounded);
    ck_assert_int_eq(neap_precision_set(NEAP_BF16), NEAP_F32);
    ck_assert_int_eq(neap_precision_set(NEAP_I32), NEAP_BF16);
    neap_tensor *coarse = neap_linear_nobias(x, w);
    neap_tensor *whole = neap_matmul_t(neap_cast(x, NEAP_F64), neap_cast(w, NEAP_F64), false, true);
    ck_assert_int_eq(neap_precision_set(NEAP_F32), NEAP_BF16);
    check_values("bf16", coarse, neap_dims(9, 5), rounded, 1e-5);
    check_values("f64 stays", whole, neap_dims(9, 5), exact, 1e-13);
    check_values("f32 again", neap_linear_nobias(x, w), neap_dims(9, 5), exact, 1e-5);
}
END_TEST

/* --- Rows -------------------------------------------------------------------------------------------------------- */

static void softmax_row(const double *x, int n, int step, double *y)
{
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, x[i * step]);
    for (int i = 0; i < n; i++)
        sum += y[i * step] = exp(x[i * step] - most);
    for (int i = 0; i < n; i++)
        y[i * step] /= sum;
}

/* Along the last axis and along the first, with logits that would overflow. */
START_TEST(test_softmax)
{
    neap_tensor *x = random_tensor(neap_dims(7, 37), 80, 120);
    const double *v = values(x);
    double *last = room(259), *first = room(259), *logs = room(259);
    for (int i = 0; i < 7; i++)
        softmax_row(v + i * 37, 37, 1, last + i * 37);
    for (int i = 0; i < 37; i++)
        softmax_row(v + i, 7, 37, first + i);
    for (int i = 0; i < 259; i++)
        logs[i] = log(last[i]);
    check_values("softmax", neap_softmax(x, -1), neap_dims(7, 37), last, 2e-6);
    check_values("softmax, first axis", neap_softmax(x, 0), neap_dims(7, 37), first, 2e-6);
    check_values("log_softmax", neap_log_softmax(x, 1), neap_dims(7, 37), logs, 2e-6);
}
END_TEST

static void norm_row(const double *x, int n, bool rms, double eps, double *y)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < n && !rms; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(variance + eps);
}

START_TEST(test_norms)
{
    enum { B = 3, T = 5, D = 67, ALL = B * T * D };
    neap_tensor *x = random_tensor(neap_dims(B, T, D), 9, 11), *parts[3], *r = random_tensor(neap_dims(B, T, D), -1, 1);
    ck_assert_int_eq(neap_chunk(random_tensor(neap_dims(B, 3 * D), -1, 1), 3, parts, 1), 0);
    const double *v = values(x), *shift = values(parts[0]), *scale = values(parts[1]), *gate = values(parts[2]);
    double *layer = room(ALL), *rms = room(ALL), *modulated = room(ALL), *gated = values(r);
    for (int i = 0; i < B * T; i++) {
        norm_row(v + i * D, D, false, 1e-3, layer + i * D);
        norm_row(v + i * D, D, true, 1e-3, rms + i * D);
    }
    for (int i = 0; i < ALL; i++) {
        const int at = i / (T * D) * D + i % D;
        modulated[i] = layer[i] * (1 + scale[at]) + shift[at];
        gated[i] += gate[at] * v[i];
    }
    check_values("layer_norm", neap_layer_norm(x, 1e-3), neap_dims(B, T, D), layer, 2e-5);
    check_values("rms_norm", neap_rms_norm(x, 1e-3), neap_dims(B, T, D), rms, 2e-6);
    neap_tensor *y = neap_modulated_norm(x, parts[0], parts[1], 1e-3);
    check_values("modulated_norm", y, neap_dims(B, T, D), modulated, 3e-5);
    check_values("gated_add", neap_gated_add(r, parts[2], x), neap_dims(B, T, D), gated, 2e-6);
}
END_TEST

/* --- Attention --------------------------------------------------------------------------------------------------- */

/* Arrays [B, N, H, d] one after the other in memory. */
static void attend(const double *q, const double *k, const double *v, const int *size, double *o)
{
    const int heads = size[1], queries = size[2], keys = size[3], d = size[4];
    double *row = room(keys);
    for (int i = 0; i < size[0] * queries * heads; i++) {
        const int b = i / (queries * heads), h = i % heads;
        for (int j = 0; j < keys; j++) {
            row[j] = 0;
            for (int e = 0; e < d; e++)
                row[j] += q[i * d + e] * k[((b * keys + j) * heads + h) * d + e] / sqrt(d);
        }
        softmax_row(row, keys, 1, row);
        for (int j = 0; j < keys; j++)
            for (int e = 0; e < d; e++)
                o[i * d + e] += row[j] * v[((b * keys + j) * heads + h) * d + e];
    }
}

START_TEST(test_attention)
{
    static const int sizes[][5] = {{1, 1, 1, 1, 1}, {2, 3, 5, 9, 7}, {1, 2, 33, 70, 16}}; /* B, H, N, M, d */
    for (int s = 0; s < 3; s++) {
        const int64_t b = sizes[s][0], h = sizes[s][1], n = sizes[s][2], m = sizes[s][3], d = sizes[s][4];
        neap_tensor *q = random_tensor(neap_dims(b, n, h, d), -2, 2), *v = random_tensor(neap_dims(b, m, h, d), -2, 2);
        neap_tensor *k = neap_permute(random_tensor(neap_dims(b, h, m, d), -2, 2), (int[]){0, 2, 1, 3});
        double *o = room(b * n * h * d);
        attend(values(q), values(k), values(v), sizes[s], o);
        check_values("attention", neap_attention(q, k, v, NULL), neap_dims(b, n, h, d), o, 1e-5);
    }
}
END_TEST

START_TEST(test_self_attention)
{
    static const int size[] = {2, 3, 17, 17, 8};
    neap_tensor *qkv = random_tensor(neap_dims(2, 17, 72), -2, 2), *x[3];
    double *o = room(2 * 17 * 24);
    ck_assert_int_eq(neap_chunk(qkv, 3, x, 2), 0);
    attend(values(x[0]), values(x[1]), values(x[2]), size, o);
    check_values("self_attention", neap_self_attention(qkv, NULL, 3), neap_dims(2, 17, 24), o, 1e-5);
}
END_TEST

/* --- Losses ------------------------------------------------------------------------------------------------------ */

START_TEST(test_losses)
{
    neap_tensor *x = random_tensor(neap_dims(6, 11), -200, 200), *labels = random_index(neap_dims(6), 11);
    neap_tensor *t = random_tensor(neap_dims(6, 11), 0, 1);
    const double *v = values(x), *at = values(labels), *target = values(t);
    double entropy = 0, bce = 0, mse = 0;
    for (int i = 0; i < 6; i++) {
        double most = -INFINITY, sum = 0;
        for (int j = 0; j < 11; j++)
            most = fmax(most, v[i * 11 + j]);
        for (int j = 0; j < 11; j++)
            sum += exp(v[i * 11 + j] - most);
        entropy += (most + log(sum) - v[i * 11 + (int)at[i]]) / 6;
    }
    for (int i = 0; i < 66; i++) {
        bce += (fmax(v[i], 0) - v[i] * target[i] + log1p(exp(-fabs(v[i])))) / 66;
        mse += (v[i] - target[i]) * (v[i] - target[i]) / 66;
    }
    check_values("cross_entropy", neap_cross_entropy(x, labels), (neap_shape){0}, &entropy, 2e-6);
    check_values("bce_with_logits", neap_bce_with_logits(x, t), (neap_shape){0}, &bce, 2e-6);
    check_values("mse", neap_mse(x, t), (neap_shape){0}, &mse, 2e-6);
}
END_TEST

/* A right answer that is nearly sure costs exp(-20), not 0. */
START_TEST(test_sure_answers)
{
    neap_tensor *x = neap_full(NEAP_F32, neap_dims(1), 20), *t = neap_full(NEAP_F32, neap_dims(1), 1);
    const double loss = neap_item(neap_bce_with_logits(x, t));
    ck_assert_msg(fabs(loss / exp(-20) - 1) < 1e-5, "bce_with_logits: expected %g, got %g", exp(-20), loss);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops, network");
    TCase *tcase = new_tcase(suite, "network");
    tcase_add_loop_test(tcase, test_matmul, 0, 4);
    tcase_add_test(tcase, test_matmul_of_views);
    tcase_add_test(tcase, test_linear);
    tcase_add_test(tcase, test_precision);
    tcase_add_test(tcase, test_softmax);
    tcase_add_test(tcase, test_norms);
    tcase_add_test(tcase, test_attention);
    tcase_add_test(tcase, test_self_attention);
    tcase_add_test(tcase, test_losses);
    tcase_add_test(tcase, test_sure_answers);
    return run_suite(suite);
}
