/*
 * Elementwise kernels, comparisons and select of every table against long double.
 */
#include "elementwise_reference.h"

static const double constants[][2] = {{0.2, 0.75}, {-0.5, 1.5}, {3, 3.5}};

static void check_unary(const table_under_test *t, int k, const guarded *x, int64_t n, const double *c)
{
    const unary_case *u = &unary_cases[k];
    /* The constants as the kernel sees them. */
    const long double p = t->f64 ? c[0] : (float)c[0], q = t->f64 ? c[1] : (float)c[1];
    const long double least = t->f64 ? (long double)DBL_MIN : (long double)FLT_MIN;
    guarded y = new_array(t, n);
    t->kernels->unary[k](n, x->data, y.data, c[0], c[1]);
    for (int64_t i = 0; i < n; i++) {
        const long double in = get(t, x->data, i), got = get(t, y.data, i), want = u->want(in, p, q);
        const long double slack = isfinite(in) ? (long double)u->slack * t->unit * (fabsl(in) + fabsl(q)) : 0;
        const long double flushed = u->flushes && isfinite(in) ? least * (1 + fabsl(in)) : 0;
        if (!close_to(t, got, want, u->ulps, slack + flushed)) {
            ck_abort_msg("%s %s(%.9Lg) with %g, %g, element %d of %d: %.9Lg, expected %.9Lg, off by %.3Lg ulp", t->name,
                         u->name, in, c[0], c[1], (int)i, (int)n, got, want, fabsl(got - want) / ulp_at(t, want));
        }
    }
    ck_assert_msg(all_canaries((char *)y.data + (size_t)n * t->size, n ? 0 : t->size) && guarded_intact(&y),
                  "%s %s: wrote outside %d", t->name, u->name, (int)n);
    guarded_free(&y);
}

static void check_all_unary(const guarded *x, const table_under_test *t, int64_t n)
{
    for (int k = 0; k < NEAP_UNARY_COUNT; k++) {
        for (int c = 0; c < 3; c++) {
            check_unary(t, k, x, n, constants[c]);
        }
    }
}

START_TEST(unary_sizes)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS; s++) {
        guarded x = random_array(&t, size_step(s), -6, 6);
        check_all_unary(&x, &t, size_step(s));
        guarded_free(&x);
    }
}
END_TEST

/* Random signs and magnitudes over all exponents, and the range where the functions bend. */
START_TEST(unary_accuracy)
{
    enum { COUNT = 20000 };
    const table_under_test t = table_at(_i);
    if (!t.kernels) {
        return;
    }
    guarded x = random_array(&t, COUNT, -20, 20), near = random_array(&t, COUNT, -1.5, 1.5);
    guarded far = random_array(&t, COUNT, -110, 95), wide = random_array(&t, COUNT, -1, 1);
    for (int64_t i = 0; i < COUNT; i++) {
        set(&t, wide.data, i, ldexpl(get(&t, wide.data, i), (int)random_below(270) - 148));
    }
    check_all_unary(&x, &t, COUNT);
    check_all_unary(&near, &t, COUNT);
    check_all_unary(&far, &t, COUNT);
    check_all_unary(&wide, &t, COUNT);
    guarded_free(&x);
    guarded_free(&near);
    guarded_free(&far);
    guarded_free(&wide);
}
END_TEST

/* Denormals, the ends of the range, infinities, NaN; about the places where exp overflows and vanishes. */
static const float specials[] = {
    0.0f,     -0.0f,     INFINITY, -INFINITY,   NAN,     FLT_MAX, -FLT_MAX,  FLT_MIN, -FLT_MIN, 1e-45f, -1e-45f,
    1e-40f,   -1e-40f,   88.72283f, 88.7229f,   89.5f,   -87.4f,  -87.3365f, -103.0f, -103.97f, -104.5f, -1e4f,
    1e4f,     0.7f,      -0.7f,    0.69999f,    1.0f,    -1.0f,   0.5f,      -0.5f,   16777216.0f, 9.0f,
};
enum { SPECIALS = sizeof specials / sizeof *specials };

/* Each alone, so that it meets the tail, and all together, so that they meet the vectors. */
START_TEST(unary_specials)
{
    const table_under_test t = table_at(_i);
    for (int i = 0; t.kernels && i <= SPECIALS; i++) {
        guarded x = new_array(&t, SPECIALS);
        for (int j = 0; j < SPECIALS; j++) {
            set(&t, x.data, j, (long double)specials[(i + j) % SPECIALS]);
        }
        check_all_unary(&x, &t, i == SPECIALS ? SPECIALS : 1);
        guarded_free(&x);
    }
}
END_TEST

static void check_binary(const table_under_test *t, int k, const guarded *a, int64_t as, const guarded *b, int64_t bs,
                         int64_t n)
{
    const binary_case *c = &binary_cases[k];
    guarded y = new_array(t, n);
    t->kernels->binary[k](n, a->data, as, b->data, bs, y.data);
    for (int64_t i = 0; i < n; i++) {
        const long double x = get(t, a->data, i * as), z = get(t, b->data, i * bs), got = get(t, y.data, i);
        const long double want = c->want(x, z);
        const long double slack = c->slack > 0 ? (long double)c->slack * t->unit * (1 + fabsl(x)) * fabsl(z) : 0;
        if (!close_to(t, got, want, c->ulps, slack)) {
            ck_abort_msg("%s %s(%.9Lg, %.9Lg) strides %d %d, element %d of %d: %.9Lg, expected %.9Lg", t->name,
                         c->name, x, z, (int)as, (int)bs, (int)i, (int)n, got, want);
        }
    }
    ck_assert_msg(guarded_intact(&y), "%s %s: wrote outside %d", t->name, c->name, (int)n);
    guarded_free(&y);
}

static const int64_t strides[] = {0, 1, 3};

START_TEST(binary_sizes)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS; s++) {
        const int64_t n = size_step(s);
        guarded a = random_array(&t, 3 * n, -6, 6), b = random_array(&t, 3 * n, -6, 6);
        for (int k = 0; k < NEAP_BINARY_COUNT; k++) {
            for (int i = 0; i < 9; i++) {
                check_binary(&t, k, &a, strides[i / 3], &b, strides[i % 3], n);
            }
        }
        guarded_free(&a);
        guarded_free(&b);
    }
}
END_TEST

START_TEST(binary_accuracy)
{
    enum { COUNT = 50000 };
    const table_under_test t = table_at(_i);
    if (!t.kernels) {
        return;
    }
    guarded a = random_array(&t, COUNT, -30, 30), b = random_array(&t, COUNT, -3, 3);
    for (int k = 0; k < NEAP_BINARY_COUNT; k++) {
        check_binary(&t, k, &a, 1, &b, 1, COUNT);
    }
    guarded_free(&a);
    guarded_free(&b);
}
END_TEST

/* Arithmetic takes all pairs. The gradients take finite arguments below 1e18, whose squares are finite, and NaN. */
START_TEST(binary_specials)
{
    enum { COUNT = SPECIALS * SPECIALS };
    const table_under_test t = table_at(_i);
    if (!t.kernels) {
        return;
    }
    guarded a = new_array(&t, COUNT), b = new_array(&t, COUNT);
    for (int i = 0; i < COUNT; i++) {
        set(&t, a.data, i, (long double)specials[i / SPECIALS]);
        set(&t, b.data, i, (long double)specials[i % SPECIALS]);
    }
    for (int k = 0; k < NEAP_K_silu_gradient; k++) {
        check_binary(&t, k, &a, 1, &b, 1, COUNT);
    }
    for (int i = 0; i < COUNT; i++) {
        const long double x = get(&t, a.data, i);
        set(&t, a.data, i, fabsl(x) > 1e18L ? 2 : x);
        set(&t, b.data, i, -1.5L);
    }
    for (int k = NEAP_K_silu_gradient; k < NEAP_BINARY_COUNT; k++) {
        check_binary(&t, k, &a, 1, &b, 1, COUNT);
    }
    guarded_free(&a);
    guarded_free(&b);
}
END_TEST

/* The output may be an input. */
START_TEST(in_place)
{
    enum { COUNT = 77 };
    const table_under_test t = table_at(_i);
    const size_t bytes = COUNT * t.size;
    for (int k = 0; t.kernels && k < NEAP_UNARY_COUNT + NEAP_BINARY_COUNT; k++) {
        guarded a = random_array(&t, COUNT, 0.1L, 4), b = random_array(&t, COUNT, -3, 3), y = new_array(&t, COUNT);
        guarded in_a = guarded_new(bytes, 0), in_b = guarded_new(bytes, 0);
        memcpy(in_a.data, a.data, bytes);
        memcpy(in_b.data, b.data, bytes);
        if (k < NEAP_UNARY_COUNT) {
            t.kernels->unary[k](COUNT, a.data, y.data, 0.5, 2);
            t.kernels->unary[k](COUNT, in_a.data, in_a.data, 0.5, 2);
            memcpy(in_b.data, y.data, bytes);
        } else {
            neap_binary_fn *f = t.kernels->binary[k - NEAP_UNARY_COUNT];
            f(COUNT, a.data, 1, b.data, 1, y.data);
            f(COUNT, in_a.data, 1, b.data, 1, in_a.data);
            f(COUNT, a.data, 1, in_b.data, 1, in_b.data);
        }
        ck_assert_msg(!memcmp(in_a.data, y.data, bytes) && !memcmp(in_b.data, y.data, bytes), "%s kernel %d", t.name, k);
        guarded_free(&a), guarded_free(&b), guarded_free(&y), guarded_free(&in_a), guarded_free(&in_b);
    }
}
END_TEST

static int holds(int k, long double a, long double b)
{
    const int answers[NEAP_COMPARE_COUNT] = {a == b, a != b, a < b, a <= b, a > b, a >= b};
    return answers[k];
}

/* Values from a short list, so that many pairs are equal; NaN and both zeros among them. */
static guarded few_values(const table_under_test *t, int64_t n)
{
    static const float values[] = {-1, -0.0f, 0, 1, 2, NAN, INFINITY};
    guarded g = new_array(t, n);
    for (int64_t i = 0; i < n; i++) {
        set(t, g.data, i, (long double)values[random_below(7)]);
    }
    return g;
}

START_TEST(comparisons)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS * 9; s++) {
        const int64_t n = size_step(s / 9), as = strides[s % 9 / 3], bs = strides[s % 3];
        guarded a = few_values(&t, 3 * n + 1), b = few_values(&t, 3 * n + 1), y = guarded_new((size_t)n, 1);
        for (int k = 0; k < NEAP_COMPARE_COUNT; k++) {
            t.kernels->compare[k](n, a.data, as, b.data, bs, y.data);
            for (int64_t i = 0; i < n; i++) {
                const int want = holds(k, get(&t, a.data, i * as), get(&t, b.data, i * bs));
                if (((uint8_t *)y.data)[i] != want) {
                    ck_abort_msg("%s comparison %d strides %d %d, element %d of %d", t.name, k, (int)as, (int)bs,
                                 (int)i, (int)n);
                }
            }
            ck_assert(guarded_intact(&y));
        }
        guarded_free(&a), guarded_free(&b), guarded_free(&y);
    }
}
END_TEST

/* Any byte but 0 chooses the first. Bits are compared: select must not touch them. */
START_TEST(selects)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS * 27; s++) {
        const int64_t n = size_step(s / 27);
        const int64_t cs = strides[s % 27 / 9], as = strides[s % 9 / 3], bs = strides[s % 3];
        guarded a = few_values(&t, 3 * n + 1), b = few_values(&t, 3 * n + 1), y = new_array(&t, n);
        guarded c = guarded_new((size_t)(3 * n + 1), 1);
        for (int64_t i = 0; i < 3 * n + 1; i++) {
            ((uint8_t *)c.data)[i] = (uint8_t)(random_below(3) * 127);
        }
        t.kernels->select(n, c.data, cs, a.data, as, b.data, bs, y.data);
        for (int64_t i = 0; i < n; i++) {
            const bool first = ((uint8_t *)c.data)[i * cs];
            const char *want = (char *)(first ? a.data : b.data) + (size_t)(i * (first ? as : bs)) * t.size;
            if (memcmp((char *)y.data + (size_t)i * t.size, want, t.size)) {
                ck_abort_msg("%s select strides %d %d %d, element %d of %d", t.name, (int)cs, (int)as, (int)bs, (int)i,
                             (int)n);
            }
        }
        ck_assert(guarded_intact(&y));
        guarded_free(&a), guarded_free(&b), guarded_free(&c), guarded_free(&y);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, unary_sizes, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, unary_accuracy, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, unary_specials, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, binary_sizes, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, binary_accuracy, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, binary_specials, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, in_place, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, comparisons, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, selects, 0, TABLE_COUNT);
}

RUN_TESTS("elementwise", add_tests)
