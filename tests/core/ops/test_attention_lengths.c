/* Attention with key lengths, as an op: against each row alone, with hostile padding, gradients and their gradients. */
#include <stdio.h>

#include <neap/memory.h>

#include "tests/core/autograd/tape_test.h"

enum { B = 4, N = 7, M = 9, H = 2, D = 5 };
static const int32_t some_lengths[B] = {9, 4, 0, 1}, self_lengths[B] = {7, 3, 0, 1};
static const double hostile[] = {NAN, INFINITY, -INFINITY, 1e30};

/* Random, with `padding` in each row b from token lengths[b] on. */
static neap_tensor *padded(neap_dtype dtype, neap_shape shape, const int32_t *lengths, double padding)
{
    const int64_t row = neap_shape_size(shape) / shape.dim[0], token = row / shape.dim[1];
    double *v = values(random_tensor(shape, -2, 2));
    for (int64_t i = 0; lengths && i < neap_shape_size(shape); i++)
        if (i % row / token >= lengths[i / row])
            v[i] = padding;
    neap_tensor *x = neap_cast(neap_from(NEAP_F64, shape, v), dtype);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

static neap_tensor *lengths_of(const int32_t *lengths)
{
    return neap_from(NEAP_I32, neap_dims(B), lengths);
}

/* A sum in which each element has its own weight. */
static neap_tensor *weigh(neap_tensor *y)
{
    neap_tensor *weights = neap_cast(neap_cos(neap_arange(NEAP_F64, 0.3, 1.7, neap_size(y))), neap_dtype_of(y));
    return total(neap_mul(y, neap_reshape(weights, neap_shape_of(y))));
}

/* Bit for bit, which NaN does not pass. */
static void same(const char *what, neap_tensor *x, neap_tensor *y)
{
    ck_assert_msg(x && y, "%s: %s", what, neap_error_message());
    check_values(what, x, neap_shape_of(y), values(y), 0);
    ck_assert_msg(isfinite(neap_item(total(neap_cast(x, NEAP_F64)))), "%s: not finite", what);
}

static neap_tensor *part(neap_tensor *x, int64_t row, int64_t tokens)
{
    return neap_contiguous(neap_slice(neap_slice(x, 0, row, row + 1), 1, 0, tokens));
}

/* Row `row` of x ends with zeros from token `used` on. */
static void zero_after(const char *what, neap_tensor *x, int64_t row, int64_t used)
{
    neap_tensor *rest = neap_slice(neap_slice(x, 0, row, row + 1), 1, used, neap_dim(x, 1));
    check_values(what, rest, neap_shape_of(rest), room(neap_size(rest)), 0);
}

/* g: gradients of y; with flags also `second`: gradients of the sum of their squares. */
static void differentiate(neap_tensor *y, neap_tensor *const *x, int count, unsigned flags, neap_tensor **g,
                          neap_tensor **second)
{
    neap_tensor *sum = NULL;
    ck_assert_msg(neap_gradients(y, NULL, x, count, flags, g) == 0, "%s", neap_error_message());
    for (int i = 0; i < count && flags; i++)
        sum = i ? neap_add(sum, total(neap_square(g[i]))) : total(neap_square(g[i]));
    if (flags)
        ck_assert_msg(neap_gradients(sum, NULL, x, count, 0, second) == 0, "%s", neap_error_message());
}

/* Results and gradients are those of a batch whose rows are cut to their lengths, one at a time. */
static void check_cross(neap_dtype dtype, double padding, unsigned flags)
{
    neap_tensor *x[] = {padded(dtype, neap_dims(B, N, H, D), NULL, 0), padded(dtype, neap_dims(B, M, H, D), some_lengths, padding),
                        padded(dtype, neap_dims(B, M, H, D), some_lengths, padding)};
    neap_tensor *y = neap_attention(x[0], x[1], x[2], lengths_of(some_lengths)), *g[3], *second[3], *cut_g[3], *cut_second[3];
    neap_tensor *weights = neap_cast(padded(NEAP_F64, neap_dims(B, N, H, D), NULL, 0), dtype);
    differentiate(total(neap_mul(y, weights)), x, 3, flags, g, second);
    for (int64_t row = 0; row < B; row++) {
        const int64_t used = some_lengths[row];
        for (int i = 0; i < 3; i++) {
            zero_after("gradient of a masked token", g[i], row, i ? used : N);
            if (flags)
                zero_after("second gradient of a masked token", second[i], row, i ? used : N);
        }
        if (!used) {
            zero_after("result without keys", y, row, 0);
            zero_after("gradient of a query without keys", g[0], row, 0);
            continue;
        }
        neap_tensor *cut[] = {part(x[0], row, N), part(x[1], row, used), part(x[2], row, used)};
        for (int i = 0; i < 3; i++)
            neap_require_grad(cut[i] = neap_detach(cut[i]), true);
        neap_tensor *cut_y = neap_attention(cut[0], cut[1], cut[2], NULL);
        same("result", part(y, row, N), cut_y);
        differentiate(total(neap_mul(cut_y, part(weights, row, N))), cut, 3, flags, cut_g, cut_second);
        for (int i = 0; i < 3 && !flags; i++)
            same("gradient", part(g[i], row, i ? used : N), cut_g[i]);
        for (int i = 0; i < 3 && flags; i++) {
            check_values("recorded gradient", part(g[i], row, i ? used : N), neap_shape_of(cut[i]), values(cut_g[i]), 1e-12);
            check_values("second gradient", part(second[i], row, i ? used : N), neap_shape_of(cut[i]), values(cut_second[i]),
                         1e-11);
        }
    }
}

START_TEST(test_rows_alone)
{
    for (int i = 0; i < 4; i++) {
        check_cross(NEAP_F32, hostile[i], 0);
        check_cross(NEAP_F64, hostile[i], 0);
        check_cross(NEAP_F64, hostile[i], NEAP_CREATE_GRAPH);
    }
    neap_precision_set(NEAP_BF16);
    for (int i = 0; i < 4; i++)
        check_cross(NEAP_F32, hostile[i], 0);
    neap_precision_set(NEAP_F32);
}
END_TEST

/* Tokens past the length take no part as queries either. */
static void check_self(neap_dtype dtype, double padding, unsigned flags)
{
    neap_tensor *x = padded(dtype, neap_dims(B, N, 3 * H * D), self_lengths, padding), *g, *second, *cut_g, *cut_second;
    neap_tensor *y = neap_self_attention(x, lengths_of(self_lengths), H);
    differentiate(weigh(y), &x, 1, flags, &g, &second);
    for (int64_t row = 0; row < B; row++) {
        const int64_t used = self_lengths[row];
        zero_after("result of a masked token", y, row, used);
        zero_after("gradient of a masked token", g, row, used);
        if (flags)
            zero_after("second gradient of a masked token", second, row, used);
        if (!used)
            continue;
        neap_tensor *cut = neap_detach(part(x, row, used)), *cut_y;
        neap_require_grad(cut, true);
        same("result", part(y, row, used), cut_y = neap_self_attention(cut, NULL, H));
        neap_tensor *all = neap_cast(neap_cos(neap_arange(NEAP_F64, 0.3, 1.7, neap_size(y))), dtype);
        neap_tensor *weights = part(neap_reshape(all, neap_shape_of(y)), row, used);
        differentiate(total(neap_mul(cut_y, weights)), &cut, 1, flags, &cut_g, &cut_second);
        if (!flags)
            same("gradient", part(g, row, used), cut_g);
        else
            check_values("second gradient", part(second, row, used), neap_shape_of(cut), values(cut_second), 1e-11);
    }
}

START_TEST(test_self_rows_alone)
{
    for (int i = 0; i < 4; i++) {
        check_self(NEAP_F32, hostile[i], 0);
        check_self(NEAP_F64, hostile[i], 0);
        check_self(NEAP_F64, hostile[i], NEAP_CREATE_GRAPH);
    }
}
END_TEST

START_TEST(test_refused)
{
    neap_tensor *q = neap_zeros(NEAP_F32, neap_dims(2, 3, 1, 4)), *k = neap_zeros(NEAP_F32, neap_dims(2, 5, 1, 4));
    neap_tensor *product = neap_zeros(NEAP_F32, neap_dims(2, 3, 12));
    static const int32_t bad[][2] = {{3, 6}, {-1, 0}, {0, INT32_MIN}, {INT32_MAX, 1}};
    static const int at[] = {1, 0, 1, 0};
    for (int i = 0; i < 4; i++) {
        char message[160];
        neap_tensor *lengths = neap_from(NEAP_I32, neap_dims(2), bad[i]);
        for (int self = 0; self < 2; self++) {
            snprintf(message, sizeof message, "%sattention: lengths: expected 0 to %d, got %d in row %d of the batch",
                     self ? "self_" : "", self ? 3 : 5, bad[i][at[i]], at[i]);
            ck_assert_ptr_null(self ? neap_self_attention(product, lengths, 1) : neap_attention(q, k, k, lengths));
            check_message(message);
        }
    }
    check_failure(neap_attention(q, k, k, neap_zeros(NEAP_F32, neap_dims(2))),
                  "lengths i32 [B] or none, got f32 [2, 3, 1, 4], f32 [2, 5, 1, 4], f32 [2, 5, 1, 4], f32 [2]");
    check_failure(neap_attention(q, k, k, neap_zeros(NEAP_I32, neap_dims(3))), "lengths i32 [B] or none");
    check_failure(neap_attention(q, k, k, neap_zeros(NEAP_I32, neap_dims(2, 1))), "lengths i32 [B] or none");
    check_failure(neap_attention(q, k, neap_cast(k, NEAP_F64), NULL), "of one dtype, f32 or f64");
    check_failure(neap_attention(neap_cast(q, NEAP_I32), k, k, NULL), "of one dtype, f32 or f64");
    check_failure(neap_self_attention(product, neap_zeros(NEAP_I32, neap_dims(3)), 1), "lengths i32 [B] or none, got f32");
    check_failure(neap_self_attention(neap_cast(product, NEAP_U8), NULL, 1), "in f32 or f64");
}
END_TEST

/* Lengths that could not be computed are not ignored. */
START_TEST(test_failed_lengths)
{
    neap_tensor *q = neap_zeros(NEAP_F32, neap_dims(2, 3, 1, 4)), *qkv = neap_zeros(NEAP_F32, neap_dims(2, 3, 12));
    check_failure(neap_attention(q, q, q, neap_reshape(q, neap_dims(5))), "reshape: expected");
    check_failure(neap_self_attention(qkv, neap_reshape(q, neap_dims(5)), 1), "reshape: expected");
}
END_TEST

/* Lengths with stride 0, and of an empty batch. */
START_TEST(test_odd_lengths)
{
    neap_tensor *q = random_tensor(neap_dims(2, 3, 1, 4), -1, 1), *k = random_tensor(neap_dims(2, 5, 1, 4), -1, 1);
    neap_tensor *two = neap_expand(neap_full(NEAP_I32, neap_dims(1), 2), neap_dims(2));
    neap_tensor *cut = neap_slice(k, 1, 0, 2);
    same("expanded", neap_attention(q, k, k, two), neap_attention(q, cut, cut, NULL));
    neap_tensor *none = neap_zeros(NEAP_F32, neap_dims(0, 3, 1, 4));
    ck_assert_ptr_nonnull(neap_attention(none, none, none, neap_zeros(NEAP_I32, neap_dims(0))));
}
END_TEST

/* --- Unwanted gradients ---------------------------------------------------------------------------------- */

static bool add_bytes(void *user, size_t bytes)
{
    *(size_t *)user += bytes;
    return false;
}

/* Bit i of `wanted`: input i. Returns the bytes that the backward pass requests. */
static size_t backward_bytes(neap_tensor *const *x, int wanted, neap_tensor **g)
{
    neap_tensor *in[3], *leaves[3];
    int leaf_count = 0;
    size_t bytes = 0;
    for (int i = 0; i < 3; i++) {
        in[i] = neap_detach(x[i]);
        if (wanted >> i & 1) {
            neap_require_grad(in[i], true);
            leaves[leaf_count++] = in[i];
        }
    }
    neap_tensor *y = total(neap_attention(in[0], in[1], in[2], NULL)), *out[3];
    neap_on_allocate(add_bytes, &bytes);
    const int status = neap_gradients(y, NULL, leaves, leaf_count, 0, out);
    neap_on_allocate(NULL, NULL);
    ck_assert_int_eq(status, 0);
    for (int i = 0, leaf = 0; i < 3; i++)
        g[i] = wanted >> i & 1 ? out[leaf++] : NULL;
    return bytes;
}

/* A gradient that is skipped needs no tensor, and the others keep their bits. */
START_TEST(test_unwanted)
{
    neap_tensor *x[3], *all[3], *some[3];
    for (int i = 0; i < 3; i++)
        x[i] = random_tensor(neap_dims(2, 64, 2, 32), -1, 1);
    const size_t one = 2 * 64 * 2 * 32 * sizeof(float);
    backward_bytes(x, 7, all); /* makes the scratch of the kernels, which stays */
    const size_t whole = backward_bytes(x, 7, all);
    for (int wanted = 1; wanted < 7; wanted++) {
        const size_t bytes = backward_bytes(x, wanted, some);
        const int skipped = 3 - __builtin_popcount((unsigned)wanted);
        ck_assert_msg(bytes + (size_t)skipped * one <= whole, "wanted %d: %zu bytes, all: %zu", wanted, bytes, whole);
        for (int i = 0; i < 3; i++)
            if (some[i])
                same("gradient without others", some[i], all[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attention, lengths");
    TCase *tcase = new_tcase(suite, "lengths");
    tcase_add_test(tcase, test_rows_alone);
    tcase_add_test(tcase, test_self_rows_alone);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_failed_lengths);
    tcase_add_test(tcase, test_odd_lengths);
    tcase_add_test(tcase, test_unwanted);
    return run_suite(suite);
}
