/*
 * Batch norm and group norm of every table against long double.
 *
 * Bounds are in rounding units u. A lane sums at most 2048 terms, which errs by at most 2048 u of the sum of magnitudes and
 * by far less on random numbers: 64 + 4 sqrt(2048) units are given. Inputs and normalised inputs are below 4.
 */
#include <neap/parallel.h>

#include "table_test.h"

typedef struct set_norm_case {
    int64_t outer, n, channels, width;
    bool silu;
} set_norm_case;

/* Tails of vectors and strips, sets of one channel and of all, one block and several, samples beyond a thread's cache. */
static const set_norm_case cases[] = {
    {1, 1, 1, 1, false},     {1, 7, 3, 1, false},      {2, 5, 3, 3, true},        {3, 33, 15, 5, false},
    {3, 17, 16, 4, true},    {2, 70, 17, 1, true},     {1, 2100, 31, 1, false},   {2, 1100, 32, 1, true},
    {5, 64, 64, 2, true},    {2, 521, 79, 79, false},  {4, 36, 128, 4, true},     {2, 50, 255, 5, true},
    {1, 4200, 65, 13, true}, {2, 40, 1025, 41, true},  {2, 2500, 136, 17, true},  {3, 2500, 136, 8, false},
};
#define CASES (sizeof cases / sizeof *cases)
#define THREADS 3 /* so that samples of some cases go to threads whole, and those of others do not */

enum { Y, MEAN, RSTD, VARIANCE, GX, GSCALE, GSHIFT, OUTPUTS };

typedef struct set_norm_problem {
    set_norm_case c;
    guarded x, scale, shift, gy, out[OUTPUTS];
} set_norm_problem;

static set_norm_problem problem_new(const table_under_test *t, set_norm_case c)
{
    const int64_t size = c.outer * c.n * c.channels, sets = c.outer * (c.channels / c.width);
    const int64_t sizes[OUTPUTS] = {size, sets, sets, sets, size, c.channels, c.channels};
    set_norm_problem p = {.c = c, .x = random_array(t, size, -1, 3), .scale = random_array(t, c.channels, -2, 2),
                          .shift = random_array(t, c.channels, -2, 2), .gy = random_array(t, size, -2, 2)};
    for (int i = 0; i < OUTPUTS; i++) {
        p.out[i] = new_array(t, sizes[i]);
    }
    return p;
}

static void problem_free(set_norm_problem *p)
{
    guarded *in[] = {&p->x, &p->scale, &p->shift, &p->gy};
    for (int i = 0; i < OUTPUTS + 4; i++) {
        guarded *array = i < 4 ? in[i] : &p->out[i - 4];
        ck_assert(guarded_intact(array));
        guarded_free(array);
    }
}

/* Element `i` of an array. */
static void *from(const table_under_test *t, const guarded *g, int64_t i)
{
    return (char *)g->data + (size_t)i * t->size;
}

/* Forward and backward of `outer` samples from the first one on, into the samples of `to` from its `start` on. */
static void run(const table_under_test *t, const set_norm_problem *p, int64_t first, int64_t outer, const guarded *to,
                int64_t start, bool gx)
{
    const set_norm_case *c = &p->c;
    const int64_t size = c->n * c->channels, sets = c->channels / c->width;
    const neap_set_norm_args args = {
        .outer = outer, .n = c->n, .channels = c->channels, .width = c->width, .eps = 1e-5, .slope = 0.25, .silu = c->silu,
        .x = from(t, &p->x, first * size), .gy = from(t, &p->gy, first * size), .scale = p->scale.data,
        .shift = p->shift.data, .y = from(t, &to[Y], start * size), .mean = from(t, &to[MEAN], start * sets),
        .rstd = from(t, &to[RSTD], start * sets), .variance = from(t, &to[VARIANCE], start * sets),
        .gx = gx ? from(t, &to[GX], start * size) : NULL, .gscale = to[GSCALE].data, .gshift = to[GSHIFT].data};
    ck_assert_int_eq(t->kernels->set_norm(&args), 0);
    ck_assert_int_eq(t->kernels->set_norm_gradient(&args), 0);
}

/* --- Values -------------------------------------------------------------------------------------------------------- */

/* A set: its sample and first channel, and its statistics. */
typedef struct set_under_test {
    const table_under_test *t;
    const set_norm_problem *p;
    int64_t outer, first;
    long double mean, variance, rstd;
} set_under_test;

static int64_t at(const set_under_test *s, int64_t i, int64_t j)
{
    return (s->outer * s->p->c.n + i) * s->p->c.channels + s->first + j;
}

static long double distance(const set_under_test *s, int64_t i, int64_t j)
{
    return get(s->t, s->p->x.data, at(s, i, j)) - s->mean;
}

static set_under_test set_of(const table_under_test *t, const set_norm_problem *p, int64_t set)
{
    const int64_t groups = p->c.channels / p->c.width, count = p->c.n * p->c.width;
    set_under_test s = {t, p, set / groups, set % groups * p->c.width, 0, 0, 0};
    long double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += get(t, p->x.data, at(&s, k / p->c.width, k % p->c.width));
    }
    s.mean = sum / count;
    for (int64_t k = 0; k < count; k++) {
        const long double d = distance(&s, k / p->c.width, k % p->c.width);
        s.variance += d * d / count;
    }
    s.rstd = 1 / sqrtl(s.variance + 1e-5L);
    return s;
}

static long double before_activation(const set_under_test *s, int64_t i, int64_t j)
{
    const long double scale = get(s->t, s->p->scale.data, s->first + j), shift = get(s->t, s->p->shift.data, s->first + j);
    return scale * distance(s, i, j) * s->rstd + shift;
}

/* The gradient before the activation. On which side of the bend of a leaky ReLU z lies is what y says: rounding may move a
 * z near 0 to the other side. */
static long double arriving(const set_under_test *s, int64_t i, int64_t j)
{
    const long double z = before_activation(s, i, j), sigmoid = 1 / (1 + expl(-z)), g = get(s->t, s->p->gy.data, at(s, i, j));
    if (s->p->c.silu) {
        return g * sigmoid * (1 + z * (1 - sigmoid));
    }
    return get(s->t, s->p->out[Y].data, at(s, i, j)) > 0 ? g : g / 4;
}

static void check_near(const set_under_test *s, int output, int64_t i, long double want, long double size)
{
    static const char *const names[] = {"y", "mean", "rstd", "variance", "gx", "gscale", "gshift"};
    const set_norm_case *c = &s->p->c;
    const long double got = get(s->t, s->p->out[output].data, i), bound = (64 + 4 * sqrtl(2048)) * s->t->unit * size;
    if (!(fabsl(got - want) <= bound)) {
        ck_abort_msg("%s: %s %d of [%d, %d, %d] by %d: %.9Lg, expected %.9Lg within %.3Lg", s->t->name, names[output],
                     (int)i, (int)c->outer, (int)c->n, (int)c->channels, (int)c->width, got, want, bound);
    }
}

/* The errors of mean and variance, one unit each, reach y and gx through rstd. */
static void check_set(const set_under_test *s, int64_t set)
{
    const set_norm_case *c = &s->p->c;
    const long double count = c->n * c->width, rise = s->rstd * (1 + s->rstd * s->rstd);
    long double to_mean = 0, to_variance = 0;
    check_near(s, MEAN, set, s->mean, 4);
    check_near(s, VARIANCE, set, s->variance, 4);
    check_near(s, RSTD, set, s->rstd, 4 * s->rstd * s->rstd * s->rstd);
    for (int64_t k = 0; k < c->n * c->width; k++) {
        const int64_t i = k / c->width, j = k % c->width;
        const long double z = before_activation(s, i, j), h = arriving(s, i, j) * get(s->t, s->p->scale.data, s->first + j);
        check_near(s, Y, at(s, i, j), c->silu ? z / (1 + expl(-z)) : z > 0 ? z : z / 4, 4 * (1 + rise));
        to_mean -= h * s->rstd;
        to_variance -= h * distance(s, i, j) * s->rstd * s->rstd * s->rstd / 2;
    }
    for (int64_t k = 0; k < c->n * c->width; k++) {
        const int64_t i = k / c->width, j = k % c->width;
        const long double h = arriving(s, i, j) * get(s->t, s->p->scale.data, s->first + j);
        const long double want = h * s->rstd + to_variance * 2 * distance(s, i, j) / count + to_mean / count;
        check_near(s, GX, at(s, i, j), want, 16 * rise);
    }
}

static void check_channel(const table_under_test *t, const set_norm_problem *p, int64_t channel)
{
    const set_norm_case *c = &p->c;
    const int64_t group = channel / c->width, j = channel % c->width;
    long double shift = 0, scale = 0, size = 0;
    set_under_test s = {0};
    for (int64_t outer = 0; outer < c->outer; outer++) {
        s = set_of(t, p, outer * (c->channels / c->width) + group);
        for (int64_t i = 0; i < c->n; i++) {
            const long double g = arriving(&s, i, j), normal = distance(&s, i, j) * s.rstd;
            shift += g;
            scale += g * normal;
            size += fabsl(g) * (1 + fabsl(normal)) * (1 + s.rstd);
        }
    }
    check_near(&s, GSHIFT, channel, shift, size);
    check_near(&s, GSCALE, channel, scale, size);
}

START_TEST(values)
{
    const table_under_test t = table_at(_i);
    for (size_t i = 0; t.kernels && i < CASES; i++) {
        const set_norm_case c = cases[i];
        set_norm_problem p = problem_new(&t, c);
        run(&t, &p, 0, c.outer, p.out, 0, true);
        for (int64_t set = 0; set < c.outer * (c.channels / c.width); set++) {
            const set_under_test s = set_of(&t, &p, set);
            check_set(&s, set);
        }
        for (int64_t channel = 0; channel < c.channels; channel += 1 + c.channels / 16) {
            check_channel(&t, &p, channel);
        }
        problem_free(&p);
    }
}
END_TEST

/* --- Bits ---------------------------------------------------------------------------------------------------------- */

static set_norm_problem same_problem(const table_under_test *t, const set_norm_problem *p, uint64_t state)
{
    random_state = state;
    return problem_new(t, p->c);
}

static void check_same(const set_norm_problem *a, const set_norm_problem *b, int first, int last)
{
    for (int i = first; i <= last; i++) {
        ck_assert_mem_eq(a->out[i].data, b->out[i].data, a->out[i].bytes);
    }
}

/* The bits depend neither on the threads, nor on whether samples come together or one by one; and those of the parameters'
 * gradients not on whether that of x is wanted. */
START_TEST(bits)
{
    const table_under_test t = table_at(_i);
    for (size_t i = 0; t.kernels && i < CASES; i++) {
        const uint64_t state = random_state;
        set_norm_problem one = problem_new(&t, cases[i]), all = same_problem(&t, &one, state);
        set_norm_problem apart = same_problem(&t, &one, state), partial = same_problem(&t, &one, state);
        ck_assert_int_eq(neap_threads_set(1), 0);
        run(&t, &one, 0, cases[i].outer, one.out, 0, true);
        ck_assert_int_eq(neap_threads_set(THREADS), 0);
        run(&t, &all, 0, cases[i].outer, all.out, 0, true);
        run(&t, &partial, 0, cases[i].outer, partial.out, 0, false);
        for (int64_t outer = 0; outer < cases[i].outer; outer++) {
            run(&t, &apart, outer, 1, apart.out, outer, true);
        }
        check_same(&one, &all, Y, GSHIFT);
        check_same(&one, &apart, Y, GX);
        check_same(&one, &partial, GSCALE, GSHIFT);
        problem_free(&one), problem_free(&all), problem_free(&apart), problem_free(&partial);
    }
}
END_TEST

/* On a 64-byte boundary, as tensors are. */
static void align(guarded *array)
{
    const size_t bytes = array->bytes;
    guarded_free(array);
    *array = guarded_new(bytes, 0);
}

/* A batch too large for the caches goes to memory another way, where it is aligned; a single sample of it does not. */
START_TEST(large)
{
    const table_under_test t = table_at(_i);
    const int64_t pixels = 1024, channels = 64, size = pixels * channels, batch = (36 << 20) / (size * (int64_t)t.size);
    for (int silu = 0; t.kernels && silu < 2; silu++) {
        set_norm_problem p = problem_new(&t, (set_norm_case){batch, pixels, channels, 2, silu});
        set_norm_problem single = problem_new(&t, (set_norm_case){1, pixels, channels, 2, silu});
        align(&p.out[Y]), align(&p.out[GX]);
        run(&t, &p, 0, batch, p.out, 0, true);
        for (int64_t outer = 0; outer < batch; outer += 7) {
            run(&t, &p, outer, 1, single.out, 0, true);
            ck_assert_mem_eq(from(&t, &p.out[Y], outer * size), single.out[Y].data, single.out[Y].bytes);
            ck_assert_mem_eq(from(&t, &p.out[GX], outer * size), single.out[GX].data, single.out[GX].bytes);
        }
        problem_free(&p), problem_free(&single);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, values, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, bits, 0, TABLE_COUNT);
    tcase_add_loop_test(tests, large, 0, TABLE_COUNT);
}

RUN_TESTS("set_norm", add_tests)
