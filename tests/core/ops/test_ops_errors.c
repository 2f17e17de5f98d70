/* What ops refuse, in which words, and what is left when memory runs out. */
#include "ops_test.h"

static neap_tensor *f32(neap_shape shape)
{
    return neap_zeros(NEAP_F32, shape);
}

static neap_tensor *i32(neap_shape shape, int32_t value)
{
    return neap_full(NEAP_I32, shape, value);
}

START_TEST(test_shapes)
{
    neap_tensor *x = f32(neap_dims(3, 5)), *y = f32(neap_dims(4, 5)), *v = f32(neap_dims(5)), *s = f32((neap_shape){0});
    check_failure(neap_add(x, y), "add: expected shapes that broadcast, got [3, 5] and [4, 5]");
    check_failure(neap_matmul(x, y), "matmul: expected [.., m, k] by [.., k, n]");
    check_failure(neap_matmul(x, v), "got f32 [3, 5], f32 [5]");
    check_failure(neap_matmul(f32(neap_dims(2, 3, 5)), f32(neap_dims(3, 5, 2))), "matmul: expected shapes that");
    check_failure(neap_linear(x, f32(neap_dims(2, 4)), f32(neap_dims(2))), "linear: expected x [.., in], weight");
    check_failure(neap_linear(x, y, v), "bias [out], got f32 [3, 5], f32 [4, 5], f32 [5]");
    check_failure(neap_linear(s, y, v), "linear: expected");
    check_failure(neap_linear_gelu(x, y, v), "linear_gelu: expected");
    check_failure(neap_linear_gated_add(x, x, x, f32(neap_dims(5, 5)), y), "linear_gated_add: expected residual");
    check_failure(neap_reshape(x, neap_dims(4, -1)), "reshape: expected a shape of 15 elements");
    check_failure(neap_expand(x, neap_dims(4, 5)), "expand: expected a shape that [3, 5] broadcasts to");
    check_failure(neap_concat((neap_tensor *[]){x, v}, 2, 0), "concat: expected one dtype");
    check_failure(neap_concat((neap_tensor *[]){x, y}, 2, 1), "concat: expected one dtype");
    check_failure(neap_pad(x, (int64_t[]){0, 0, -1, 0}), "pad: expected counts from 0, got -1");
    check_failure(neap_modulated_norm(x, v, v, 1e-6), "modulated_norm: expected x [B, .., D]");
    check_failure(neap_gated_add(x, v, x), "gated_add: expected residual [B, .., D]");
    check_failure(neap_layer_norm(s, 1e-6), "layer_norm: expected at least one axis");
    check_failure(neap_attention(x, x, x, NULL), "attention: expected q [B, N, H, d]");
    check_failure(neap_self_attention(f32(neap_dims(1, 2, 12)), NULL, 3),
                  "none, got f32 [1, 2, 12], heads 3");
    check_failure(neap_self_attention(f32(neap_dims(1, 2, 12)), NULL, 0), "heads: expected 1 or more, got 0");
    check_failure(neap_bce_with_logits(x, y), "bce_with_logits: expected logits and targets of one shape");
    check_failure(neap_cross_entropy(x, i32(neap_dims(4), 0)), "cross_entropy: expected logits [B, N]");
}
END_TEST

START_TEST(test_axes)
{
    neap_tensor *x = f32(neap_dims(3, 5)), *parts[4] = {x, x, x, x};
    check_failure(neap_sum(x, (int[]){2}, 1, false), "sum: axis: expected -2 to 1, got 2");
    check_failure(neap_max(x, (int[]){-3}, 1, false), "max: axis: expected -2 to 1, got -3");
    check_failure(neap_mean(x, (int[]){0, -2}, 2, false), "mean: axis 0 is given twice");
    check_failure(neap_sum(x, (int[]){0}, 9, false), "sum: expected at most 8 axes, got 9");
    check_failure(neap_softmax(x, 2), "softmax: axis: expected -2 to 1, got 2");
    check_failure(neap_permute(x, (int[]){1, 1}), "permute: axis 1 is given twice");
    check_failure(neap_slice(x, 1, 2, 6), "slice: expected a range within [0, 5) of axis 1, got [2, 6)");
    check_failure(neap_concat((neap_tensor *[]){x}, 1, 2), "concat: axis: expected -2 to 1, got 2");
    ck_assert_int_eq(neap_chunk(x, 4, parts, 1), -1);
    for (int i = 0; i < 4; i++)
        ck_assert_ptr_null(parts[i]);
    check_failure(NULL, "chunk: expected 4 equal parts of axis 1, got [3, 5]");
}
END_TEST

START_TEST(test_dtypes)
{
    neap_tensor *x = f32(neap_dims(3, 5)), *wide = neap_zeros(NEAP_F64, neap_dims(3, 5)), *n = i32(neap_dims(3, 5), 0);
    check_failure(neap_exp(n), "exp: input 0: expected f32 or f64, got i32");
    check_failure(neap_add(x, wide), "add: input 1: expected f32, got f64");
    check_failure(neap_gather(x, x, 0), "gather: expected x and an index in i32");
    check_failure(neap_scatter_add(n, n, 0, 3), "scatter_add: expected x in f32 or f64");
    check_failure(neap_embedding(x, x), "embedding: expected a table [N, D]");
    check_failure(neap_where(x, x, x), "where: expected a condition in u8");
    check_failure(neap_concat((neap_tensor *[]){x, n}, 2, 0), "concat: expected one dtype");
    check_failure(neap_cross_entropy(x, f32(neap_dims(3))), "labels in i32");
    ck_assert_int_eq(neap_require_grad(n, true), -1);
    check_failure(NULL, "require_grad: expected f32 or f64, got i32");
}
END_TEST

/* Hostile indices are found before anything is read or written. */
START_TEST(test_index_out_of_range)
{
    static const int32_t bad[] = {-1, 3, INT32_MIN, INT32_MAX};
    for (int i = 0; i < 4; i++) {
        neap_tensor *x = f32(neap_dims(3, 5)), *index = i32(neap_dims(3, 5), bad[i]), *one = i32(neap_dims(2), bad[i]);
        check_failure(neap_gather(x, index, 0), "gather: index: expected 0 to 2, got");
        check_failure(neap_scatter_add(x, index, 0, 3), "scatter_add: index: expected 0 to 2, got");
        check_failure(neap_embedding(x, one), "embedding: index: expected 0 to 2, got");
        check_failure(neap_cross_entropy(f32(neap_dims(2, 3)), one), "cross_entropy: label 0: expected 0 to 2, got");
    }
}
END_TEST

/* The first message stays, whatever is built on the NULL. */
START_TEST(test_null_passes_through)
{
    neap_tensor *x = f32(neap_dims(3, 5)), *bad = neap_reshape(x, neap_dims(4)), *parts[2];
    neap_tensor *y = neap_linear(neap_add(neap_softmax(bad, 0), x), x, NULL);
    ck_assert_int_eq(neap_chunk(y, 2, parts, 0), -1);
    y = neap_concat((neap_tensor *[]){x, parts[1]}, 2, 0);
    y = neap_cross_entropy(neap_attention(x, x, x, y), x);
    y = neap_gated_add(x, neap_permute(neap_pad(y, NULL), NULL), x);
    ck_assert_int_eq(neap_backward(y, NULL, 0), -1);
    check_failure(y, "reshape: expected a shape of 15 elements");
    check_failure(neap_exp(NULL), "exp: input 0: expected a tensor, got NULL");
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

enum { WEIGHTS = 5 };

typedef struct problem {
    neap_tensor *w[WEIGHTS], *x, *condition, *labels;
    unsigned flags;
} problem;

/* A transformer block with a loss, forward and backward. */
static bool block(void *user)
{
    const problem *p = user;
    neap_tensor *m[6], *g[WEIGHTS], *x = p->x, *const *w = p->w;
    neap_chunk(neap_linear_nobias(neap_silu(p->condition), w[0]), 6, m, 1);
    neap_tensor *h = neap_self_attention(neap_linear_nobias(neap_modulated_norm(x, m[0], m[1], 1e-6), w[1]), NULL, 2);
    h = neap_linear_gated_add(x, m[2], h, w[2], w[4]);
    h = neap_gated_add(h, m[5], neap_linear_gelu(neap_modulated_norm(h, m[3], m[4], 1e-6), w[2], w[4]));
    h = neap_concat((neap_tensor *[]){neap_slice(h, 2, 0, 4), neap_softmax(neap_pad(h, (int64_t[6]){0}), 1)}, 2, 2);
    neap_tensor *loss = neap_cross_entropy(neap_reshape(neap_matmul(h, w[3]), neap_dims(6, 3)), p->labels);
    loss = neap_add(loss, neap_variance(h, NULL, 0, false));
    return neap_gradients(loss, NULL, w, WEIGHTS, p->flags, g) == 0;
}

/* The n-th request is refused, for every n until none is; recorded gradients too, by loop index. */
START_TEST(test_every_allocation_may_fail)
{
    const neap_shape shapes[WEIGHTS] = {neap_dims(48, 4), neap_dims(24, 8), neap_dims(8, 8), neap_dims(12, 3),
                                        neap_dims(8)};
    problem p = {{0}, random_tensor(neap_dims(2, 3, 8), -1, 1), random_tensor(neap_dims(2, 4), -1, 1),
                 i32(neap_dims(6), 1), _i ? NEAP_CREATE_GRAPH : 0};
    for (int i = 0; i < WEIGHTS; i++)
        neap_require_grad(p.w[i] = random_tensor(shapes[i], -1, 1), true);
    ck_assert_int_gt(refuse_each(block, &p), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops, errors");
    TCase *tcase = new_tcase(suite, "errors");
    tcase_add_test(tcase, test_shapes);
    tcase_add_test(tcase, test_axes);
    tcase_add_test(tcase, test_dtypes);
    tcase_add_test(tcase, test_index_out_of_range);
    tcase_add_test(tcase, test_null_passes_through);
    tcase_add_loop_test(tcase, test_every_allocation_may_fail, 0, 2);
    return run_suite(suite);
}
