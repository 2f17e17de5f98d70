/*
 * Attention over the tokens of two products: against the op on one product that holds all tokens, with hostile padding, gradients
 * and their gradients.
 */
#include <stdio.h>

#include "tests/core/autograd/tape_test.h"

enum { B = 3, N = 50, M = 39, H = 2, D = 5, WIDTH = H * D };
static const int32_t lengths[B] = {M, 0, 7};
static const double hostile[] = {NAN, INFINITY, 1e30};

static neap_tensor *product(neap_dtype dtype, int64_t tokens, int64_t width)
{
    neap_tensor *x = neap_cast(random_tensor(neap_dims(B, tokens, width), -2, 2), dtype);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

/* The second product, with `padding` from lengths[b] on. */
static neap_tensor *padded(neap_dtype dtype, int64_t width, double padding)
{
    double *v = values(random_tensor(neap_dims(B, M, width), -2, 2));
    for (int64_t i = 0; i < B * M * width; i++)
        if (i % (M * width) / width >= lengths[i / (M * width)])
            v[i] = padding;
    neap_tensor *x = neap_cast(neap_from(NEAP_F64, neap_dims(B, M, width), v), dtype);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

static neap_tensor *given_lengths(int64_t more)
{
    int32_t sum[B];
    for (int i = 0; i < B; i++)
        sum[i] = lengths[i] + (int32_t)more;
    return neap_from(NEAP_I32, neap_dims(B), sum);
}

static neap_tensor *in_heads(neap_tensor *x)
{
    return neap_reshape(x, neap_dims(B, neap_dim(x, 1), H, D));
}

/* The op, with its rows as [B, N + M, WIDTH]. */
static neap_tensor *joint(neap_tensor *a, neap_tensor *b, bool masked)
{
    neap_tensor *y = neap_joint_attention(a, b, masked ? given_lengths(0) : NULL, H);
    ck_assert_msg(y != NULL, "%s", neap_error_message());
    if (neap_dim(b, 2) == 2 * WIDTH)
        return y;
    neap_tensor *first = neap_reshape(neap_slice(y, 0, 0, B * N), neap_dims(B, N, WIDTH));
    neap_tensor *second = neap_reshape(neap_slice(y, 0, B * N, B * (N + M)), neap_dims(B, M, WIDTH));
    return neap_concat((neap_tensor *[]){first, second}, 2, 1);
}

static neap_tensor *on_one_product(neap_tensor *a, neap_tensor *b, bool masked)
{
    neap_tensor *p[3], *t[2], *all_lengths = masked ? given_lengths(N) : NULL;
    if (neap_dim(b, 2) == 3 * WIDTH)
        return neap_self_attention(neap_concat((neap_tensor *[]){a, b}, 2, 1), all_lengths, H);
    ck_assert(neap_chunk(a, 3, p, 2) == 0 && neap_chunk(b, 2, t, 2) == 0);
    neap_tensor *k = neap_concat((neap_tensor *[]){p[1], t[0]}, 2, 1), *v = neap_concat((neap_tensor *[]){p[2], t[1]}, 2, 1);
    return neap_reshape(neap_attention(in_heads(p[0]), in_heads(k), in_heads(v), all_lengths), neap_dims(B, N, WIDTH));
}

/* y, then the gradients of a weighted sum of it; with flags also those of the sum of their squares. */
static void results(neap_tensor *y, neap_tensor *const x[2], unsigned flags, neap_tensor *result[5])
{
    neap_tensor *weights = neap_cast(neap_cos(neap_arange(NEAP_F64, 0.3, 1.7, neap_size(y))), neap_dtype_of(y));
    result[0] = y;
    result[3] = result[4] = NULL;
    neap_tensor *sum = total(neap_mul(y, neap_reshape(weights, neap_shape_of(y))));
    ck_assert_msg(neap_gradients(sum, NULL, x, 2, flags, result + 1) == 0, "%s", neap_error_message());
    if (!flags)
        return;
    sum = neap_add(total(neap_square(result[1])), total(neap_square(result[2])));
    ck_assert_msg(neap_gradients(sum, NULL, x, 2, 0, result + 3) == 0, "%s", neap_error_message());
}

/* Bit for bit, but where a gradient is recorded: ops then work on other shapes. */
static void check(neap_dtype dtype, int64_t parts, bool masked, double padding, unsigned flags)
{
    static const char *const names[] = {"result", "gradient of a", "gradient of b", "second gradient of a",
                                        "second gradient of b"};
    neap_tensor *x[2] = {product(dtype, N, 3 * WIDTH), padded(dtype, parts * WIDTH, padding)}, *got[5], *want[5];
    results(joint(x[0], x[1], masked), x, flags, got);
    results(on_one_product(x[0], x[1], masked), x, flags, want);
    for (int i = 0; i < 5 && got[i]; i++) {
        check_values(names[i], got[i], neap_shape_of(want[i]), values(want[i]), flags ? 1e-9 : 0);
        ck_assert_msg(isfinite(neap_item(total(neap_cast(got[i], NEAP_F64)))), "%s: not finite", names[i]);
    }
}

START_TEST(test_as_one_product)
{
    for (int64_t parts = 2; parts <= 3; parts++) {
        for (int i = 0; i < 3; i++) {
            check(NEAP_F32, parts, true, hostile[i], 0);
            check(NEAP_F64, parts, true, hostile[i], 0);
        }
        check(NEAP_F64, parts, true, hostile[_i], NEAP_CREATE_GRAPH);
        check(NEAP_F64, parts, false, 0.5, NEAP_CREATE_GRAPH);
        check(NEAP_F32, parts, false, 0.5, 0);
        neap_precision_set(NEAP_BF16);
        check(NEAP_F32, parts, true, NAN, 0);
        neap_precision_set(NEAP_F32);
    }
}
END_TEST

START_TEST(test_empty_batch)
{
    neap_tensor *a = neap_zeros(NEAP_F32, neap_dims(0, 3, 12)), *b = neap_zeros(NEAP_F32, neap_dims(0, 2, 12)), *g[2];
    ck_assert(neap_require_grad(a, true) == 0 && neap_require_grad(b, true) == 0);
    neap_tensor *y = neap_joint_attention(a, b, neap_zeros(NEAP_I32, neap_dims(0)), 2);
    ck_assert(y && neap_shape_equal(neap_shape_of(y), neap_dims(0, 4)));
    ck_assert_int_eq(neap_gradients(total(y), NULL, (neap_tensor *[]){a, b}, 2, 0, g), 0);
}
END_TEST

START_TEST(test_refused)
{
    neap_tensor *a = neap_zeros(NEAP_F32, neap_dims(2, 3, 12)), *b = neap_zeros(NEAP_F32, neap_dims(2, 5, 12));
    neap_tensor *beyond = neap_from(NEAP_I32, neap_dims(2), (const int32_t[]){5, 6});
    ck_assert_ptr_null(neap_joint_attention(a, b, beyond, 2));
    check_message("joint_attention: lengths: expected 0 to 5, got 6 in row 1 of the batch");
    check_failure(neap_joint_attention(a, b, NULL, 0), "joint_attention: heads: expected 1 or more, got 0");
    check_failure(neap_joint_attention(a, b, NULL, 3), "[B, N, 3 heads d], [B, M, 3 heads d] or [B, M, 2 heads d]");
    check_failure(neap_joint_attention(a, neap_slice(b, 2, 0, 4), NULL, 2), "[B, N, 3 heads d], [B, M, 3 heads d]");
    check_failure(neap_joint_attention(a, neap_slice(b, 0, 0, 1), NULL, 2), "[B, N, 3 heads d], [B, M, 3 heads d]");
    check_failure(neap_joint_attention(a, neap_slice(b, 1, 0, 0), NULL, 2), "N, M and d from 1");
    check_failure(neap_joint_attention(neap_slice(a, 1, 0, 0), b, NULL, 2), "N, M and d from 1");
    check_failure(neap_joint_attention(a, neap_cast(b, NEAP_F64), NULL, 2), "of one dtype, f32 or f64");
    check_failure(neap_joint_attention(a, b, neap_zeros(NEAP_I32, neap_dims(3)), 2), "lengths i32 [B] or none");
    check_failure(neap_joint_attention(a, b, neap_reshape(a, neap_dims(5)), 2), "reshape: expected");
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

typedef struct problem {
    neap_tensor *x[2], *lengths;
    unsigned flags;
} problem;

static bool differentiate(void *user)
{
    const problem *p = user;
    neap_tensor *g[2], *y = neap_joint_attention(p->x[0], p->x[1], p->lengths, H);
    return neap_gradients(total(neap_square(y)), NULL, p->x, 2, p->flags, g) == 0;
}

START_TEST(test_every_allocation_may_fail)
{
    problem p = {{product(NEAP_F32, N, 3 * WIDTH), padded(NEAP_F32, (2 + _i / 2) * WIDTH, 0)}, given_lengths(0),
                 _i % 2 ? NEAP_CREATE_GRAPH : 0};
    ck_assert_int_gt(refuse_each(differentiate, &p), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("joint attention");
    TCase *tcase = new_tcase(suite, "joint attention");
    tcase_add_loop_test(tcase, test_as_one_product, 0, 3);
    tcase_add_test(tcase, test_empty_batch);
    tcase_add_test(tcase, test_refused);
    tcase_add_loop_test(tcase, test_every_allocation_may_fail, 0, 4);
    return run_suite(suite);
}
