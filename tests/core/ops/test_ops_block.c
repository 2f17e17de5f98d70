/* A transformer block, forward and backward: against double precision, in bf16, and for any number of threads. */
#include "ops_test.h"

#include <neap/parallel.h>

enum { B = 3, T = 33, D = 96, HEADS = 3, CLASSES = 11, WEIGHTS = 7 };

typedef struct problem {
    neap_tensor *w[WEIGHTS]; /* of the modulation, qkv, projection and its bias, mlp and its bias, head */
    neap_tensor *x, *condition, *labels;
} problem;

static problem random_problem(void)
{
    const neap_shape shapes[WEIGHTS] = {neap_dims(6 * D, 16), neap_dims(3 * D, D), neap_dims(D, D), neap_dims(D),
                                        neap_dims(D, D), neap_dims(D), neap_dims(D, CLASSES)};
    problem p = {{0}, random_tensor(neap_dims(B, T, D), -1, 1), random_tensor(neap_dims(B, 16), -1, 1),
                 random_index(neap_dims(B * T), CLASSES)};
    for (int i = 0; i < WEIGHTS; i++)
        p.w[i] = random_tensor(shapes[i], -0.3, 0.3);
    return p;
}

static problem in_dtype(const problem *p, neap_dtype dtype)
{
    problem q = {{0}, neap_cast(p->x, dtype), neap_cast(p->condition, dtype), p->labels};
    for (int i = 0; i < WEIGHTS; i++)
        q.w[i] = neap_cast(p->w[i], dtype);
    return q;
}

static neap_tensor *loss_of(const problem *p)
{
    neap_tensor *m[6], *x = p->x, *const *w = p->w;
    neap_chunk(neap_linear_nobias(neap_silu(p->condition), w[0]), 6, m, 1);
    neap_tensor *h = neap_self_attention(neap_linear_nobias(neap_modulated_norm(x, m[0], m[1], 1e-6), w[1]), NULL, HEADS);
    x = neap_linear_gated_add(x, m[2], h, w[2], w[3]);
    x = neap_gated_add(x, m[5], neap_linear_gelu(neap_modulated_norm(x, m[3], m[4], 1e-6), w[4], w[5]));
    return neap_cross_entropy(neap_reshape(neap_matmul(x, w[6]), neap_dims(B * T, CLASSES)), p->labels);
}

/* The loss and the gradients of all weights. */
static void run(problem *p, neap_tensor **out)
{
    for (int i = 0; i < WEIGHTS; i++)
        neap_require_grad(p->w[i], true);
    out[0] = loss_of(p);
    ck_assert_msg(neap_gradients(out[0], NULL, p->w, WEIGHTS, 0, out + 1) == 0, "%s", neap_error_message());
}

/* |x - y| / |y|, of vectors. */
static double distance(neap_tensor *x, neap_tensor *y)
{
    const double *a = values(x), *b = values(y);
    double gap = 0, size = 0;
    for (int64_t i = 0; i < neap_size(x); i++) {
        gap += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(gap / size);
}

START_TEST(test_against_double_precision)
{
    neap_tensor *f32[1 + WEIGHTS], *f64[1 + WEIGHTS];
    problem p = random_problem(), wide = in_dtype(&p, NEAP_F64);
    run(&p, f32);
    run(&wide, f64);
    for (int i = 0; i <= WEIGHTS; i++)
        ck_assert_msg(distance(f32[i], f64[i]) < 2e-6, "result %d: %g away from f64", i, distance(f32[i], f64[i]));
}
END_TEST

/* Eight bits of mantissa: half a percent a product, more or less; and it must show, or nothing was rounded. */
START_TEST(test_in_bf16)
{
    neap_tensor *bf16[1 + WEIGHTS], *f32[1 + WEIGHTS];
    problem p = random_problem(), again = in_dtype(&p, NEAP_F32);
    run(&p, f32);
    neap_precision_set(NEAP_BF16);
    run(&again, bf16);
    neap_precision_set(NEAP_F32);
    for (int i = 0; i <= WEIGHTS; i++)
        ck_assert_msg(distance(bf16[i], f32[i]) < 2e-2, "result %d: %g away from f32", i, distance(bf16[i], f32[i]));
    for (int i = 1; i <= WEIGHTS; i++)
        ck_assert_msg(distance(bf16[i], f32[i]) > 1e-5, "result %d: %g away from f32", i, distance(bf16[i], f32[i]));
}
END_TEST

START_TEST(test_same_bits_for_any_threads)
{
    neap_tensor *first[1 + WEIGHTS], *now[1 + WEIGHTS];
    problem p = random_problem();
    for (int threads = 1; threads <= 5; threads++) {
        ck_assert_int_eq(neap_threads_set(threads), 0);
        run(&p, threads == 1 ? first : now);
        for (int i = 0; threads > 1 && i <= WEIGHTS; i++)
            ck_assert_msg(memcmp(values(first[i]), values(now[i]), (size_t)neap_size(now[i]) * sizeof(double)) == 0,
                          "result %d differs with %d threads", i, threads);
    }
    neap_threads_set(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops, block");
    TCase *tcase = new_tcase(suite, "block");
    tcase_add_test(tcase, test_against_double_precision);
    tcase_add_test(tcase, test_in_bf16);
    tcase_add_test(tcase, test_same_bits_for_any_threads);
    return run_suite(suite);
}
