/*
 * Softmax, norms and the gated residual of every table against long double.
 *
 * Bounds are in rounding units u. A sum of n terms in any order errs by at most n u times the sum of their magnitudes;
 * vectors and trees do better, so sums of rows are given (8 + n / 8) u.
 */
#include "table_test.h"

static long double sum_units(const table_under_test *t, int64_t n)
{
    return (8 + (long double)n / 8) * t->unit;
}

#define CHECK(array, i, want, bound, ...)                                                                           \
    do {                                                                                                            \
        const long double got_ = get(t, (array)->data, i), want_ = want, bound_ = bound;                            \
        if (!(fabsl(got_ - want_) <= bound_) && !(isnan(got_) && isnan(want_)) && got_ != want_) {                  \
            char where_[128];                                                                                       \
            snprintf(where_, sizeof where_, __VA_ARGS__);                                                           \
            ck_abort_msg("%s %s: %.9Lg, expected %.9Lg within %.3Lg", t->name, where_, got_, want_, bound_);        \
        }                                                                                                           \
    } while (0)

/* What softmax and its logarithm are of one row. */
typedef struct softmax_row {
    long double top, total;
} softmax_row;

static softmax_row softmax_of(const table_under_test *t, const guarded *x, int64_t start, int64_t n)
{
    softmax_row s = {-INFINITY, 0};
    for (int64_t i = 0; i < n; i++) {
        s.top = fmaxl(s.top, get(t, x->data, start + i));
    }
    for (int64_t i = 0; i < n; i++) {
        s.total += expl(get(t, x->data, start + i) - s.top);
    }
    return s;
}

/* x - top loses u |x - top|, which exp turns into as much relative error. */
static void check_softmax(const table_under_test *t, int64_t rows, int64_t n, const guarded *x)
{
    guarded y = new_array(t, rows * n), l = new_array(t, rows * n);
    t->kernels->softmax(rows, n, x->data, y.data);
    t->kernels->log_softmax(rows, n, x->data, l.data);
    for (int64_t i = 0; i < rows * n; i++) {
        const softmax_row s = softmax_of(t, x, i / n * n, n);
        const long double off = get(t, x->data, i) - s.top, p = expl(off) / s.total, u = sum_units(t, n);
        const long double flushed = t->f64 ? (long double)DBL_MIN : (long double)FLT_MIN;
        CHECK(&y, i, p, p * (u + fabsl(off) * t->unit) + flushed, "softmax %d of [%d, %d]", (int)i, (int)rows, (int)n);
        CHECK(&l, i, off - logl(s.total), u + 4 * t->unit * fabsl(off), "log_softmax %d of [%d, %d]", (int)i, (int)rows,
              (int)n);
    }
    ck_assert(guarded_intact(&y) && guarded_intact(&l));
    guarded_free(&y), guarded_free(&l);
}

START_TEST(softmax)
{
    const table_under_test t = table_at(_i);
    for (int s = 1; t.kernels && s < SIZE_STEPS - 1; s++) {
        guarded x = random_array(&t, 3 * size_step(s), -9, 9), far = random_array(&t, 3 * size_step(s), -300, 300);
        check_softmax(&t, 3, size_step(s), &x);
        check_softmax(&t, 3, size_step(s), &far);
        guarded_free(&x), guarded_free(&far);
    }
}
END_TEST

/* Rows that are masked in part are exact; NaN, +inf and rows masked wholly give NaN, in their own row alone. */
START_TEST(softmax_specials)
{
    const table_under_test t = table_at(_i);
    for (int64_t n = 2; t.kernels && n < 40; n++) {
        guarded x = random_array(&t, 5 * n, -2, 2), y = new_array(&t, 5 * n);
        for (int64_t j = 0; j < n; j++) {
            set(&t, x.data, j, j == n / 2 ? 3.5L : -INFINITY);
            set(&t, x.data, 3 * n + j, -INFINITY);
        }
        set(&t, x.data, n + n / 2, NAN);
        set(&t, x.data, 4 * n + n / 3, INFINITY);
        t.kernels->softmax(5, n, x.data, y.data);
        for (int64_t j = 0; j < n; j++) {
            ck_assert(get(&t, y.data, j) == (j == n / 2));
            ck_assert(isnan(get(&t, y.data, n + j)) && isnan(get(&t, y.data, 3 * n + j)) && isnan(get(&t, y.data, 4 * n + j)));
            ck_assert(get(&t, y.data, 2 * n + j) > 0 && get(&t, y.data, 2 * n + j) < 1);
        }
        guarded_free(&x), guarded_free(&y);
    }
}
END_TEST

static void check_softmax_gradients(const table_under_test *t, int64_t rows, int64_t n)
{
    guarded y = random_array(t, rows * n, 0, 1), l = random_array(t, rows * n, -6, 0), g = random_array(t, rows * n, -2, 2);
    guarded gy = new_array(t, rows * n), gl = new_array(t, rows * n);
    t->kernels->softmax_gradient(rows, n, y.data, g.data, gy.data);
    t->kernels->log_softmax_gradient(rows, n, l.data, g.data, gl.data);
    for (int64_t r = 0; r < rows; r++) {
        long double dot = 0, dots = 0, total = 0, totals = 0;
        for (int64_t i = r * n; i < r * n + n; i++) {
            const long double term = get(t, y.data, i) * get(t, g.data, i);
            dot += term, dots += fabsl(term);
            total += get(t, g.data, i), totals += fabsl(get(t, g.data, i));
        }
        for (int64_t i = r * n; i < r * n + n; i++) {
            const long double p = get(t, y.data, i), d = get(t, g.data, i), e = expl(get(t, l.data, i)), u = sum_units(t, n);
            CHECK(&gy, i, p * (d - dot), u * p * (fabsl(d) + dots), "softmax gradient %d of %d", (int)i, (int)n);
            CHECK(&gl, i, d - e * total, u * (fabsl(d) + e * totals), "log_softmax gradient %d of %d", (int)i, (int)n);
        }
    }
    ck_assert(guarded_intact(&gy) && guarded_intact(&gl));
    guarded_free(&y), guarded_free(&l), guarded_free(&g), guarded_free(&gy), guarded_free(&gl);
}

START_TEST(softmax_gradients)
{
    const table_under_test t = table_at(_i);
    for (int s = 1; t.kernels && s < SIZE_STEPS; s++) {
        check_softmax_gradients(&t, 3, size_step(s));
    }
}
END_TEST

/* --- Norms: rows in groups that share a scale and a shift, which may be columns of a wider array. ----------------- */

typedef struct norm_case {
    int64_t rows, n, group, pad; /* pad: elements between the groups' scales */
    bool rms, scale, shift;
} norm_case;

typedef struct norm_problem {
    norm_case c;
    neap_norm_args args;
    guarded x, y, mean, rstd, scale, shift, gy, gx, gscale, gshift;
} norm_problem;

static norm_problem norm_problem_new(const table_under_test *t, norm_case c)
{
    const int64_t groups = (c.rows + c.group - 1) / c.group, size = c.rows * c.n;
    norm_problem p = {.c = c, .x = random_array(t, size, -1, 3), .y = new_array(t, size), .mean = new_array(t, c.rows),
                      .rstd = new_array(t, c.rows), .scale = random_array(t, groups * (c.n + c.pad), -2, 2),
                      .shift = random_array(t, groups * c.n, -2, 2), .gy = random_array(t, size, -2, 2),
                      .gx = new_array(t, size), .gscale = new_array(t, groups * c.n), .gshift = new_array(t, groups * c.n)};
    p.args = (neap_norm_args){.rows = c.rows, .n = c.n, .eps = 1e-5, .rms = c.rms, .x = p.x.data, .y = p.y.data,
                              .mean = p.mean.data, .rstd = p.rstd.data, .scale = c.scale ? p.scale.data : NULL,
                              .shift = c.shift ? p.shift.data : NULL, .group = c.group, .scale_row = c.n + c.pad,
                              .shift_row = c.n, .gy = p.gy.data, .gx = p.gx.data, .gscale = p.gscale.data,
                              .gshift = p.gshift.data};
    return p;
}

static void norm_problem_free(norm_problem *p)
{
    guarded *all[] = {&p->x, &p->y, &p->mean, &p->rstd, &p->scale, &p->shift, &p->gy, &p->gx, &p->gscale, &p->gshift};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ck_assert(guarded_intact(all[i]));
        guarded_free(all[i]);
    }
}

static long double scale_at(const table_under_test *t, const norm_problem *p, int64_t r, int64_t j)
{
    return p->c.scale ? 1 + get(t, p->scale.data, r / p->c.group * (p->c.n + p->c.pad) + j) : 1;
}

/* Mean and 1 / standard deviation of row r, and the row's largest normalised magnitude. */
typedef struct row_statistics {
    long double mean, rstd, most;
} row_statistics;

static row_statistics statistics_of(const table_under_test *t, const norm_problem *p, int64_t r)
{
    row_statistics s = {0};
    long double variance = 0;
    const int64_t n = p->c.n;
    for (int64_t j = 0; j < n && !p->c.rms; j++) {
        s.mean += get(t, p->x.data, r * n + j) / n;
    }
    for (int64_t j = 0; j < n; j++) {
        const long double d = get(t, p->x.data, r * n + j) - s.mean;
        variance += d * d / n;
        s.most = fmaxl(s.most, fabsl(d));
    }
    s.rstd = 1 / sqrtl(variance + (long double)p->args.eps);
    s.most = (s.most + 3) * s.rstd;
    return s;
}

static void check_norm_row(const table_under_test *t, const norm_problem *p, int64_t r)
{
    const row_statistics s = statistics_of(t, p, r);
    const long double u = sum_units(t, p->c.n);
    CHECK(&p->rstd, r, s.rstd, 4 * u * s.rstd * s.most, "rstd of row %d of %d", (int)r, (int)p->c.n);
    if (!p->c.rms) {
        CHECK(&p->mean, r, s.mean, 3 * u, "mean of row %d of %d", (int)r, (int)p->c.n);
    }
    for (int64_t j = 0; j < p->c.n; j++) {
        const long double scale = scale_at(t, p, r, j), z = (get(t, p->x.data, r * p->c.n + j) - s.mean) * s.rstd;
        const long double shift = p->c.shift ? get(t, p->shift.data, r / p->c.group * p->c.n + j) : 0;
        CHECK(&p->y, r * p->c.n + j, z * scale + shift, 4 * u * (s.most * s.most * fabsl(scale) + fabsl(shift)),
              "norm (%d, %d) of %d", (int)r, (int)j, (int)p->c.n);
    }
}

/* dx by the chain rule through mean and variance, each term written out. */
static void check_gradient_row(const table_under_test *t, const norm_problem *p, int64_t r)
{
    const row_statistics s = statistics_of(t, p, r);
    const int64_t n = p->c.n;
    long double to_mean = 0, to_variance = 0, size = 0;
    for (int64_t j = 0; j < n; j++) {
        const long double h = get(t, p->gy.data, r * n + j) * scale_at(t, p, r, j), d = get(t, p->x.data, r * n + j) - s.mean;
        to_variance += h * d * (-0.5L) * s.rstd * s.rstd * s.rstd;
        to_mean -= h * s.rstd;
        size += fabsl(h) / n;
    }
    for (int64_t j = 0; j < n; j++) {
        const long double h = get(t, p->gy.data, r * n + j) * scale_at(t, p, r, j), d = get(t, p->x.data, r * n + j) - s.mean;
        const long double want = h * s.rstd + to_variance * 2 * d / n + (p->c.rms ? 0 : to_mean / n);
        const long double bound = 8 * sum_units(t, n) * s.rstd * (fabsl(h) + size) * (1 + s.most * s.most * s.most);
        CHECK(&p->gx, r * n + j, want, bound, "norm gradient (%d, %d) of %d", (int)r, (int)j, (int)n);
    }
}

static void check_group_gradients(const table_under_test *t, const norm_problem *p, int64_t group)
{
    const int64_t n = p->c.n, first = group * p->c.group;
    for (int64_t j = 0; j < n; j++) {
        long double scale = 0, shift = 0, size = 0;
        for (int64_t r = first; r < first + p->c.group && r < p->c.rows; r++) {
            const row_statistics s = statistics_of(t, p, r);
            const long double g = get(t, p->gy.data, r * n + j);
            scale += g * (get(t, p->x.data, r * n + j) - s.mean) * s.rstd;
            shift += g;
            size += fabsl(g) * (1 + s.most * s.most);
        }
        const long double bound = (4 * sum_units(t, n) + (long double)p->c.group * t->unit) * size;
        CHECK(&p->gscale, group * n + j, scale, bound, "gscale (%d, %d) of %d", (int)group, (int)j, (int)n);
        CHECK(&p->gshift, group * n + j, shift, bound, "gshift (%d, %d) of %d", (int)group, (int)j, (int)n);
    }
}

static void check_norm(const table_under_test *t, norm_case c)
{
    norm_problem p = norm_problem_new(t, c);
    t->kernels->norm(&p.args);
    for (int64_t r = 0; r < c.rows; r++) {
        check_norm_row(t, &p, r);
    }
    t->kernels->norm_gradient(&p.args);
    for (int64_t r = 0; r < c.rows; r++) {
        check_gradient_row(t, &p, r);
    }
    for (int64_t group = 0; group * c.group < c.rows; group++) {
        check_group_gradients(t, &p, group);
    }
    norm_problem_free(&p);
}

START_TEST(norms)
{
    const table_under_test t = table_at(_i);
    for (int s = 1; t.kernels && s < SIZE_STEPS; s++) {
        for (int flags = 0; flags < 8; flags++) {
            const norm_case c = {.rows = 6, .n = size_step(s), .group = 1 + s % 3, .pad = flags, .rms = flags & 1,
                                 .scale = flags & 2, .shift = flags & 4};
            check_norm(&t, c);
        }
    }
}
END_TEST

/* Any output of the gradient may be absent; the others keep their bits. Forward needs no statistics. */
START_TEST(absent_outputs)
{
    const table_under_test t = table_at(_i);
    for (int absent = 0; t.kernels && absent < 3; absent++) {
        norm_problem p = norm_problem_new(&t, (norm_case){.rows = 4, .n = 37, .group = 2, .scale = true, .shift = true});
        t.kernels->norm(&p.args);
        t.kernels->norm_gradient(&p.args);
        guarded again = new_array(&t, 4 * 37);
        neap_norm_args some = p.args;
        void **outputs[] = {&some.gx, &some.gscale, &some.gshift};
        const guarded *kept[] = {&p.gscale, &p.gshift, &p.gx};
        *outputs[absent] = NULL;
        *outputs[(absent + 1) % 3] = again.data;
        t.kernels->norm_gradient(&some);
        ck_assert_mem_eq(again.data, kept[absent]->data, kept[absent]->bytes);
        some.mean = some.rstd = NULL;
        some.y = again.data;
        t.kernels->norm(&some);
        ck_assert_mem_eq(again.data, p.y.data, p.y.bytes);
        guarded_free(&again);
        norm_problem_free(&p);
    }
}
END_TEST

START_TEST(gated_adds)
{
    const table_under_test t = table_at(_i);
    for (int s = 0; t.kernels && s < SIZE_STEPS; s++) {
        const int64_t rows = 5, n = size_step(s), group = 1 + s % 3, gate_row = n + 3;
        guarded x = random_array(&t, rows * n, -2, 2), residual = random_array(&t, rows * n, -2, 2);
        guarded gate = random_array(&t, rows * gate_row, -2, 2), y = new_array(&t, rows * n);
        t.kernels->gated_add(rows, n, group, residual.data, gate.data, gate_row, x.data, y.data);
        for (int64_t i = 0; i < rows * n; i++) {
            const long double g = get(&t, gate.data, i / n / group * gate_row + i % n) * get(&t, x.data, i);
            const long double from = get(&t, residual.data, i);
            if (fabsl(get(&t, y.data, i) - (from + g)) > 2 * t.unit * (fabsl(from) + fabsl(g))) {
                ck_abort_msg("%s gated_add: element %d of [5, %d]", t.name, (int)i, (int)n);
            }
        }
        t.kernels->gated_add(rows, n, group, residual.data, gate.data, gate_row, x.data, residual.data);
        ck_assert(n == 0 || !memcmp(residual.data, y.data, y.bytes));
        ck_assert(guarded_intact(&y) && guarded_intact(&residual));
        guarded_free(&x), guarded_free(&residual), guarded_free(&gate), guarded_free(&y);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, softmax, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, softmax_specials, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, softmax_gradients, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, norms, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, absent_outputs, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, gated_adds, 0, TABLE_COUNT);
}

RUN_TESTS("rows", add_tests)
