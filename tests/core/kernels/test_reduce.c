/*
 * Sums, maxima, finiteness, conversions and AdamW of every table against long double.
 */
#include "table_test.h"

static const int64_t inners[] = {1, 2, 3, 15, 16, 17, 33, 64, 65, 130};
static const int64_t lengths[] = {0, 1, 2, 3, 7, 31, 64, 70, 257, 1031, 4095, 4096, 4097, 10007};
enum { INNERS = sizeof inners / sizeof *inners, LENGTHS = sizeof lengths / sizeof *lengths };

/* n terms one after another err by n u times their magnitudes; blocks of 4096 in at least four lanes, by fewer. */
START_TEST(sums)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < INNERS * LENGTHS; s++) {
        const int64_t n = lengths[s % LENGTHS], inner = inners[s / LENGTHS];
        guarded x = random_array(&t, n * inner, -1, 2), y = new_array(&t, inner), most = new_array(&t, inner);
        t.kernels->sum(n, inner, x.data, y.data);
        t.kernels->max(n, inner, x.data, most.data);
        for (int64_t j = 0; j < inner; j++) {
            long double total = 0, size = 0, top = -INFINITY;
            for (int64_t i = 0; i < n; i++) {
                const long double v = get(&t, x.data, i * inner + j);
                total += v, size += fabsl(v), top = fmaxl(top, v);
            }
            const long double terms = inner == 1 ? fminl((long double)n, 1100) : (long double)n;
            if (!(fabsl(get(&t, y.data, j) - total) <= terms * t.unit * size) || get(&t, most.data, j) != top) {
                ck_abort_msg("%s [%d, %d], column %d: sum %.9Lg, expected %.9Lg; max %.9Lg, expected %.9Lg", t.name, (int)n,
                             (int)inner, (int)j, get(&t, y.data, j), total, get(&t, most.data, j), top);
            }
        }
        ck_assert(guarded_intact(&y) && guarded_intact(&most));
        guarded_free(&x), guarded_free(&y), guarded_free(&most);
    }
}
END_TEST

/* A column's sum and maximum do not depend on the columns beside it. */
START_TEST(columns_stand_alone)
{
    enum { N = 300, INNER = 137 };
    const table_under_test t = table_at(_i);
    if (!t.kernels) {
        return;
    }
    guarded x = random_array(&t, N * INNER, -1, 2), part = new_array(&t, N * INNER);
    guarded whole = new_array(&t, INNER), y = new_array(&t, INNER);
    t.kernels->sum(N, INNER, x.data, whole.data);
    for (int64_t columns = 2; columns < INNER; columns += 9) {
        for (int64_t i = 0; i < N * columns; i++) {
            set(&t, part.data, i, get(&t, x.data, i / columns * INNER + i % columns));
        }
        t.kernels->sum(N, columns, part.data, y.data);
        ck_assert_mem_eq(y.data, whole.data, (size_t)columns * t.size);
    }
    guarded_free(&x), guarded_free(&part), guarded_free(&whole), guarded_free(&y);
}
END_TEST

/* Exact on whole numbers; on others double's own error. */
START_TEST(sums_of_squares)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS; s++) {
        const int64_t n = size_step(s);
        guarded x = random_array(&t, n, -3, 3);
        long double want = 0;
        for (int64_t i = 0; i < n; i++) {
            want += get(&t, x.data, i) * get(&t, x.data, i);
        }
        const double got = t.kernels->sum_squares(n, x.data);
        ck_assert_msg(fabsl((long double)got - want) <= (long double)(n + 1) * 0x1p-53L * want, "%s n %d", t.name, (int)n);
        guarded_free(&x);
    }
}
END_TEST

/* One NaN or infinity at any place is found; finite numbers, the largest and denormals too, are not taken for one. */
START_TEST(finiteness)
{
    const table_under_test t = table_at(_i);
    const long double bad[] = {NAN, INFINITY, -INFINITY}, most = t.f64 ? (long double)DBL_MAX : (long double)FLT_MAX;
    for (int64_t n = 0; t.kernels && n < 70; n++) {
        guarded x = random_array(&t, n, -1, 1), y = new_array(&t, 1);
        for (int64_t i = 0; i < n; i++) {
            set(&t, x.data, i, i % 3 == 0 ? most : i % 3 == 1 ? -most : 1e-45L);
        }
        ck_assert_msg(t.kernels->all_finite(n, x.data), "%s n %d", t.name, (int)n);
        for (int64_t i = 0; i < n; i++) {
            const long double old = get(&t, x.data, i);
            for (int b = 0; b < 3; b++) {
                set(&t, x.data, i, bad[b]);
                ck_assert_msg(!t.kernels->all_finite(n, x.data), "%s n %d at %d", t.name, (int)n, (int)i);
                t.kernels->max(n, 1, x.data, y.data);
                long double top = get(&t, x.data, 0);
                for (int64_t j = 1; j < n; j++) {
                    top = fmaxl(top, get(&t, x.data, j));
                }
                const long double got = get(&t, y.data, 0);
                ck_assert_msg(b == 0 ? isnan(got) : got == top, "%s max of %d with %Lg at %d: %Lg", t.name, (int)n,
                              bad[b], (int)i, got);
            }
            set(&t, x.data, i, old);
        }
        guarded_free(&x), guarded_free(&y);
    }
}
END_TEST

/* --- Conversions ------------------------------------------------------------------------------------------------- */

static const double hard[] = {0.0, -0.0, 0.5, 1.5, -1.5, 2.9999, -0.9, 254.9, 255, 255.1, 256, 1e10, -1e10, 2147483520.0,
                              2147483648.0, -2147483648.0, 3.4e38, -3.4e38, 1e-40, 1.00390625, 1.01171875, 1.00390637,
                              3.3961775e38, INFINITY, -INFINITY, NAN, 1e-45, 9.2e-41};
enum { HARD = sizeof hard / sizeof *hard };

/* From half way between the largest bf16 and the next power of two on, infinity. */
static float rounded_to_bf16(float x)
{
    return fabsf(x) >= 0x1.ffp127f ? copysignf(INFINITY, x) : nearest_bf16(x);
}

static long double saturated(long double x, long double low, long double high)
{
    return isnan(x) ? 0 : x <= low ? low : x >= high ? high : truncl(x);
}

static void check_conversion(const table_under_test *t, const guarded *x, int64_t n)
{
    guarded f32 = guarded_new((size_t)n * 4, 4), f64 = guarded_new((size_t)n * 8, 8), bf16 = guarded_new((size_t)n * 2, 2);
    guarded i32 = guarded_new((size_t)n * 4, 4), u8 = guarded_new((size_t)n, 1), back = new_array(t, n);
    guarded *const outputs[NEAP_DTYPE_COUNT] = {&f32, &f64, &bf16, &i32, &u8};
    for (int d = 0; d < NEAP_DTYPE_COUNT; d++) {
        t->kernels->to_dtype(n, x->data, (neap_dtype)d, outputs[d]->data);
        ck_assert(guarded_intact(outputs[d]));
    }
    for (int64_t i = 0; i < n; i++) {
        const long double v = get(t, x->data, i);
        const float single = (float)v, half = ((float *)f32.data)[i];
        const uint32_t bits = (uint32_t)((uint16_t *)bf16.data)[i] << 16;
        float brain;
        memcpy(&brain, &bits, sizeof brain);
        const bool whole = ((int32_t *)i32.data)[i] == saturated(v, INT32_MIN, INT32_MAX) &&
                           ((uint8_t *)u8.data)[i] == saturated(v, 0, 255);
        const bool floats = isnan(v) ? isnan(half) && isnan(brain) && isnan(((double *)f64.data)[i])
                                     : half == single && (long double)((double *)f64.data)[i] == v &&
                                           brain == rounded_to_bf16(single) && !signbit(brain) == !signbit(v);
        ck_assert_msg(whole && floats, "%s %Lg: f32 %g f64 %g bf16 %g i32 %d u8 %d", t->name, v, (double)half,
                      ((double *)f64.data)[i], (double)brain, ((int32_t *)i32.data)[i], ((uint8_t *)u8.data)[i]);
    }
    /* What each dtype holds comes back as it is, to rounding of the table's type. */
    for (int d = 0; d < NEAP_DTYPE_COUNT; d++) {
        t->kernels->from_dtype(n, (neap_dtype)d, outputs[d]->data, back.data);
        for (int64_t i = 0; i < n; i++) {
            const uint32_t bits = (uint32_t)((uint16_t *)bf16.data)[i] << 16;
            float brain;
            memcpy(&brain, &bits, sizeof brain);
            const double values[NEAP_DTYPE_COUNT] = {((float *)f32.data)[i], ((double *)f64.data)[i], brain,
                                                     ((int32_t *)i32.data)[i], ((uint8_t *)u8.data)[i]};
            const long double want = t->f64 ? (long double)values[d] : (long double)(float)values[d];
            const long double got = get(t, back.data, i);
            ck_assert_msg(got == want || (isnan(got) && isnan(want)), "%s from dtype %d: %Lg, expected %Lg", t->name, d, got,
                          want);
        }
        ck_assert(guarded_intact(&back));
    }
    guarded_free(&f32), guarded_free(&f64), guarded_free(&bf16), guarded_free(&i32), guarded_free(&u8), guarded_free(&back);
}

START_TEST(conversions)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < 72; s++) {
        guarded x = random_array(&t, size_step(s), -300, 300);
        check_conversion(&t, &x, size_step(s));
        guarded_free(&x);
    }
    for (int s = 0; t.kernels && s < HARD; s++) {
        guarded x = new_array(&t, HARD);
        for (int i = 0; i < HARD; i++) {
            set(&t, x.data, i, (long double)hard[(i + s) % HARD]);
        }
        check_conversion(&t, &x, s % 2 ? HARD : 1);
        guarded_free(&x);
    }
}
END_TEST

/* --- AdamW: ten steps with and without the average, each against the formula from the kernel's last state. --------- */

static void check_adamw(const table_under_test *t, int64_t n, bool average)
{
    guarded p = random_array(t, n, -1, 1), m = random_array(t, n, -0.1L, 0.1L), v = random_array(t, n, 0, 0.1L);
    guarded ema = random_array(t, n, -1, 1), g = random_array(t, n, -1, 1);
    guarded *const state[] = {&p, &m, &v, &ema};
    guarded old[4];
    for (int step = 1; step <= 10; step++) {
        const neap_update_args a = {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.1,
                                   .correction1 = 1 - pow(0.9, step), .correction2 = 1 - pow(0.999, step), .gscale = 0.5,
                                   .ema_decay = 0.99};
        for (int k = 0; k < 4; k++) {
            old[k] = new_array(t, n);
            memcpy(old[k].data, state[k]->data, (size_t)n * t->size);
        }
        t->kernels->adamw(n, &a, p.data, g.data, m.data, v.data, average ? ema.data : NULL);
        for (int64_t i = 0; i < n; i++) {
            const long double d = (long double)a.gscale * get(t, g.data, i), p0 = get(t, old[0].data, i);
            const long double m1 = (long double)a.beta1 * get(t, old[1].data, i) + (1 - (long double)a.beta1) * d;
            const long double v1 = (long double)a.beta2 * get(t, old[2].data, i) + (1 - (long double)a.beta2) * d * d;
            const long double root = sqrtl(v1 / (long double)a.correction2) + (long double)a.eps;
            const long double move = (long double)a.lr * ((long double)a.weight_decay * p0 + m1 / (long double)a.correction1 / root);
            const long double p1 = p0 - move, e0 = get(t, old[3].data, i);
            const long double e1 = average ? e0 + (1 - (long double)a.ema_decay) * (p1 - e0) : e0;
            const long double wants[] = {p1, m1, v1, e1};
            /* Each formula's roundings, a handful, at the size of its terms: constants rounded to the element type too. */
            const long double bounds[] = {2 * fabsl(p0) + 12 * fabsl(move) + 12 * (long double)a.lr * fabsl(m1) / root,
                                          4 * (fabsl(get(t, old[1].data, i)) + fabsl(d)),
                                          4 * (get(t, old[2].data, i) + 0.001L * d * d), average ? 4 * (fabsl(e0) + 1) : 0};
            for (int k = 0; k < 4; k++) {
                const long double got = get(t, state[k]->data, i);
                if (!(fabsl(got - wants[k]) <= bounds[k] * t->unit)) {
                    ck_abort_msg("%s step %d, array %d, element %d of %d: %.9Lg, expected %.9Lg within %Lg", t->name, step, k,
                                 (int)i, (int)n, got, wants[k], bounds[k] * t->unit);
                }
            }
        }
        for (int k = 0; k < 4; k++) {
            ck_assert(guarded_intact(state[k]));
            guarded_free(&old[k]);
        }
    }
    guarded_free(&p), guarded_free(&m), guarded_free(&v), guarded_free(&ema), guarded_free(&g);
}

START_TEST(adamw)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS; s++) {
        check_adamw(&t, size_step(s), s % 2);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, sums, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, columns_stand_alone, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, sums_of_squares, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, finiteness, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, conversions, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, adamw, 0, TABLE_COUNT);
}

RUN_TESTS("reduce", add_tests)
