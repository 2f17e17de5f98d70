/*
 * Attention to one product of k and v, against attention on separate tensors bit for bit: results and gradients, with and without
 * lengths, some gradients alone, recorded gradients, and arguments that do not fit.
 */
#include "tests/core/autograd/tape_test.h"

enum { B = 4, N = 7, M = 9, H = 2, D = 5 };
static const int32_t some_lengths[B] = {9, 4, 0, 1};

static neap_tensor *random_of(neap_dtype dtype, neap_shape shape)
{
    return neap_cast(random_tensor(shape, -2, 2), dtype);
}

/* k and v [B, M, H, D] side by side, with `padding` in the tokens of row b from lengths[b] on. */
static neap_tensor *pair_of(neap_dtype dtype, const int32_t *lengths, double padding)
{
    double *v = values(random_tensor(neap_dims(B, M, 2 * H * D), -2, 2));
    for (int64_t i = 0; lengths && i < B * M * 2 * H * D; i++)
        if (i / (2 * H * D) % M >= lengths[i / (M * 2 * H * D)])
            v[i] = padding;
    return neap_cast(neap_from(NEAP_F64, neap_dims(B, M, 2 * H * D), v), dtype);
}

static void same(const char *what, neap_tensor *x, neap_tensor *y)
{
    ck_assert_msg(x && y, "%s: %s", what, neap_error_message());
    const double *a = values(x), *b = values(y);
    ck_assert(neap_shape_equal(neap_shape_of(x), neap_shape_of(y)));
    for (int64_t i = 0; i < neap_size(x); i++)
        ck_assert_msg(a[i] == b[i], "%s: element %lld: %.17g and %.17g", what, (long long)i, a[i], b[i]);
}

static neap_tensor *leaf_of(neap_tensor *x)
{
    neap_tensor *copy = neap_detach(x);
    ck_assert_int_eq(neap_require_grad(copy, true), 0);
    return copy;
}

static neap_tensor *separate(neap_tensor *q, neap_tensor *kv, neap_tensor *lengths)
{
    neap_tensor *part[2];
    neap_chunk(kv, 2, part, 2);
    for (int i = 0; i < 2; i++)
        part[i] = neap_reshape(part[i], neap_dims(B, M, H, D));
    return neap_reshape(neap_attention(neap_reshape(q, neap_dims(B, N, H, D)), part[0], part[1], lengths),
                        neap_dims(B, N, H * D));
}

/* Bit i of `wanted`: input i. */
static void compare(neap_tensor *q, neap_tensor *kv, neap_tensor *lengths, int wanted, unsigned flags)
{
    neap_tensor *weights = neap_cast(random_of(NEAP_F64, neap_dims(B, N, H * D)), neap_dtype_of(q)), *g[2][2];
    for (int way = 0; way < 2; way++) {
        neap_tensor *in[2] = {q, kv}, *leaves[2];
        int count = 0;
        for (int i = 0; i < 2; i++)
            if (wanted >> i & 1)
                leaves[count++] = in[i] = leaf_of(in[i]);
        neap_tensor *y = way ? separate(in[0], in[1], lengths) : neap_cross_attention(in[0], in[1], lengths, H);
        if (!way)
            same("result", y, separate(q, kv, lengths));
        ck_assert_int_eq(neap_gradients(total(neap_mul(y, weights)), NULL, leaves, count, flags, g[way]), 0);
    }
    for (int i = 0; i < __builtin_popcount((unsigned)wanted); i++)
        same("gradient", g[0][i], g[1][i]);
}

START_TEST(test_as_attention)
{
    static const double hostile[] = {0, NAN, INFINITY, 1e30};
    static const neap_dtype dtypes[] = {NEAP_F32, NEAP_F64, NEAP_F32};
    neap_tensor *lengths = neap_from(NEAP_I32, neap_dims(B), some_lengths);
    for (int i = 0; i < 12; i++) {
        const neap_dtype dtype = dtypes[i / 4];
        neap_precision_set(i / 4 == 2 ? NEAP_BF16 : NEAP_F32);
        for (int wanted = 1; wanted <= 3; wanted++) {
            neap_tensor *q = random_of(dtype, neap_dims(B, N, H * D));
            compare(q, pair_of(dtype, some_lengths, hostile[i % 4]), lengths, wanted, 0);
            compare(q, pair_of(dtype, NULL, 0), NULL, wanted, 0);
            if (dtype == NEAP_F64)
                compare(q, pair_of(dtype, some_lengths, hostile[i % 4]), lengths, wanted, NEAP_CREATE_GRAPH);
        }
    }
    neap_precision_set(NEAP_F32);
}
END_TEST

START_TEST(test_strided)
{
    neap_tensor *q = neap_permute(random_tensor(neap_dims(N, B, H * D), -1, 1), (int[]){1, 0, 2});
    neap_tensor *kv = neap_slice(random_tensor(neap_dims(B, M, 2 * H * D + 3), -1, 1), 2, 3, 2 * H * D + 3);
    same("strided", neap_cross_attention(q, kv, NULL, H), neap_cross_attention(neap_contiguous(q), neap_contiguous(kv), NULL, H));
    neap_tensor *none = neap_zeros(NEAP_F32, neap_dims(0, N, H * D)), *pairs = neap_zeros(NEAP_F32, neap_dims(0, M, 2 * H * D));
    ck_assert_ptr_nonnull(neap_cross_attention(none, pairs, neap_zeros(NEAP_I32, neap_dims(0)), H));
}
END_TEST

START_TEST(test_refused)
{
    neap_tensor *q = neap_zeros(NEAP_F32, neap_dims(2, 3, 12)), *kv = neap_zeros(NEAP_F32, neap_dims(2, 5, 24));
    static const char expected[] = "cross_attention: expected q [B, N, heads d], k and v [B, M, 2 heads d] of one dtype";
    check_failure(neap_cross_attention(q, kv, NULL, 0), "cross_attention: heads: expected 1 or more, got 0");
    check_failure(neap_cross_attention(q, kv, NULL, 5), expected);
    check_failure(neap_cross_attention(q, q, NULL, 1), expected);
    check_failure(neap_cross_attention(q, neap_slice(kv, 1, 0, 0), NULL, 1), expected);
    check_failure(neap_cross_attention(q, neap_slice(kv, 0, 0, 1), NULL, 1), expected);
    check_failure(neap_cross_attention(q, neap_cast(kv, NEAP_F64), NULL, 1), expected);
    check_failure(neap_cross_attention(q, kv, neap_zeros(NEAP_I32, neap_dims(3)), 1), "lengths i32 [B] or none, got f32");
    check_failure(neap_cross_attention(q, kv, neap_from(NEAP_I32, neap_dims(2), (const int32_t[]){0, 6}), 1),
                  "cross_attention: lengths: expected 0 to 5, got 6 in row 1 of the batch");
    check_failure(neap_cross_attention(q, kv, neap_reshape(q, neap_dims(5)), 1), "reshape: expected");
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

typedef struct problem {
    neap_tensor *q, *kv, *lengths;
    unsigned flags;
} problem;

static bool differentiate(void *user)
{
    const problem *p = user;
    neap_tensor *g[2], *y = neap_cross_attention(p->q, p->kv, p->lengths, H);
    return neap_gradients(neap_mse(y, p->q), NULL, (neap_tensor *[]){p->q, p->kv}, 2, p->flags, g) == 0;
}

START_TEST(test_every_allocation_may_fail)
{
    problem p = {leaf_of(random_tensor(neap_dims(B, N, H * D), -1, 1)), leaf_of(pair_of(NEAP_F32, NULL, 0)),
                 neap_from(NEAP_I32, neap_dims(B), some_lengths), _i ? NEAP_CREATE_GRAPH : 0};
    ck_assert_int_gt(refuse_each(differentiate, &p), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cross_attention");
    TCase *tcase = new_tcase(suite, "cross_attention");
    tcase_add_test(tcase, test_as_attention);
    tcase_add_test(tcase, test_strided);
    tcase_add_test(tcase, test_refused);
    tcase_add_loop_test(tcase, test_every_allocation_may_fail, 0, 2);
    return run_suite(suite);
}
