/*
 * The matrix product of every instruction set against a triple loop in long double, f64 and OpenBLAS included.
 */
#include <pthread.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "gemm_problem.h"
#include "kernels/openblas.h"
#include "model_product.h"

static void run_on(const problem *p, const neap_kernels *kernels, int type, const char *name)
{
    guarded c = fresh_c(p, type);
    const neap_gemm g = arguments(p, type, &c);
    ck_assert_msg(kernels->gemm(kernels, &g) == 0, "%s: %s", describe(p, name), neap_error_message());
    check_result(p, type, &c, name);
    guarded_free(&c);
}

/* A shape on every set, on f64, and on OpenBLAS. */
static void check_everywhere(shape s)
{
    problem p = problem_new(s);
    for (int table = 0; table < F32_TABLES; table++) {
        const neap_kernels *kernels = f32_table(table);
        if (kernels) {
            run_on(&p, kernels, F32, kernels->name);
        }
    }
    if (!s.bf16) {
        neap_kernels f32 = *neap_kernels_of_level(0), f64 = *neap_kernels_for(NEAP_F64);
        run_on(&p, &f64, F64, "f64");
        neap_openblas_install(&f32, NEAP_F32);
        neap_openblas_install(&f64, NEAP_F64);
        run_on(&p, &f32, F32, "openblas f32");
        run_on(&p, &f64, F64, "openblas f64");
    }
    problem_free(&p);
}

START_TEST(every_size_up_to_70)
{
    for (int64_t i = 1; i <= 70; i++) {
        check_everywhere((shape){.m = i, .n = 65, .k = 17, .a = COLUMNS, .b = (layout)(i % LAYOUT_COUNT)});
        check_everywhere((shape){.m = 13, .n = i, .k = 18, .b = COLUMNS, .bias = true, .whole = true});
        check_everywhere((shape){.m = 7, .n = 66, .k = i, .a = (layout)(i % LAYOUT_COUNT), .b = COLUMNS, .bf16 = true});
        check_everywhere((shape){.m = 7, .n = 33, .k = i, .a = COLUMNS, .b = (layout)(i % LAYOUT_COUNT), .bf16 = true,
                                 .whole = true});
        check_everywhere((shape){.m = 3, .n = i, .k = i, .accumulate = true, .b = SPREAD});
    }
}
END_TEST

/* All layouts with all flags, sizes at random from the awkward ones. */
START_TEST(layouts_and_flags)
{
    static const int64_t awkward[] = {1, 2, 5, 6, 7, 12, 16, 31, 63, 64, 65, 127, 129, 200, 257};
    const int64_t count = sizeof awkward / sizeof *awkward;
    for (int i = 0; i < 2 * LAYOUT_COUNT * LAYOUT_COUNT * 8; i++) {
        check_everywhere((shape){.m = awkward[random_below(count)], .n = awkward[random_below(count)],
                                 .k = awkward[random_below(count)], .a = (layout)(i % LAYOUT_COUNT),
                                 .b = (layout)(i / LAYOUT_COUNT % LAYOUT_COUNT), .accumulate = i & 16, .bias = i & 32,
                                 .bf16 = i & 64, .whole = i & 128});
    }
}
END_TEST

/* Sizes that need several blocks and chunks of k, of columns and of rows. */
START_TEST(long_sides)
{
    const bool whole = true;
    check_everywhere((shape){.m = 7, .n = 70, .k = 4100, .a = COLUMNS, .b = ROWS, .bias = true});
    check_everywhere((shape){.m = 9, .n = 33, .k = 513, .b = COLUMNS, .accumulate = true, .bias = true});
    check_everywhere((shape){.m = 8, .n = 40, .k = 4099, .b = COLUMNS, .bf16 = true, .whole = whole, .bias = true});
    check_everywhere((shape){.m = 8, .n = 40, .k = 4097, .a = COLUMNS, .bf16 = true, .whole = whole, .accumulate = true});
    check_everywhere((shape){.m = 6, .n = 2300, .k = 2049, .b = COLUMNS, .whole = whole});
    check_everywhere((shape){.m = 1001, .n = 17, .k = 31, .whole = whole, .a = COLUMNS});
    check_everywhere((shape){.m = 733, .n = 130, .k = 65, .bf16 = true, .whole = whole});
}
END_TEST

START_TEST(empty_sides)
{
    for (int i = 0; i < 8; i++) {
        check_everywhere((shape){.m = 7, .n = 70, .k = 0, .accumulate = i & 1, .bias = i & 2, .bf16 = i & 4});
        check_everywhere((shape){.m = 0, .n = 70, .k = 3, .accumulate = i & 1, .bias = i & 2, .bf16 = i & 4});
        check_everywhere((shape){.m = 7, .n = 0, .k = 3, .accumulate = i & 1, .bias = i & 2, .bf16 = i & 4});
    }
}
END_TEST

static const shape split_shapes[] = {
    {.m = 257, .n = 129, .k = 65, .b = COLUMNS, .bias = true},
    {.m = 8, .n = 1200, .k = 127, .b = COLUMNS, .bias = true},
    {.m = 300, .n = 16, .k = 600, .a = COLUMNS, .accumulate = true},
    {.m = 70, .n = 70, .k = 2500, .a = COLUMNS},
    {.m = 130, .n = 200, .k = 255, .b = COLUMNS, .bf16 = true},
    {.m = 130, .n = 200, .k = 255, .a = COLUMNS, .bf16 = true},
};

/* The same bits for any number of threads. */
START_TEST(threads_change_no_bit)
{
    const int before = neap_threads();
    problem p = problem_new(split_shapes[_i]);
    for (int table = 0; table < F32_TABLES; table++) {
        const neap_kernels *kernels = f32_table(table);
        guarded first = {0};
        for (int threads = 1; kernels && threads <= 5; threads++) {
            guarded c = fresh_c(&p, F32);
            const neap_gemm g = arguments(&p, F32, &c);
            ck_assert_int_eq(neap_threads_set(threads), 0);
            ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
            if (threads == 1) {
                first = c;
                continue;
            }
            ck_assert_msg(!memcmp(c.data, first.data, c.bytes), "%s: %d threads", describe(&p, kernels->name), threads);
            guarded_free(&c);
        }
        guarded_free(&first);
    }
    ck_assert_int_eq(neap_threads_set(before), 0);
    problem_free(&p);
}
END_TEST

/* The sets that have fused multiply-adds sum in the same order. */
START_TEST(sets_agree_to_the_bit)
{
    problem p = problem_new((shape){.m = 67, .n = 131, .k = 1100, .b = COLUMNS, .bias = true});
    guarded first = {0};
    for (int level = 0; level < NEAP_CPU_LEVELS; level++) {
        const neap_kernels *kernels = neap_kernels_of_level(level);
        if (!kernels || !(neap_cpu_level_at(level)->features & NEAP_CPU_FMA)) {
            continue;
        }
        guarded c = fresh_c(&p, F32);
        const neap_gemm g = arguments(&p, F32, &c);
        ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
        if (!first.data) {
            first = c;
            continue;
        }
        ck_assert_msg(!memcmp(c.data, first.data, c.bytes), "%s", describe(&p, kernels->name));
        guarded_free(&c);
    }
    guarded_free(&first);
    problem_free(&p);
}
END_TEST

/* Counts how often each element was handed out, and keeps the value it had then. */
typedef struct tile_log {
    const neap_gemm *g;
    int *calls;
    float *seen;
} tile_log;

static void log_tile(void *user, int64_t row, int64_t rows, int64_t col, int64_t cols)
{
    tile_log *log = user;
    for (int64_t i = row; i < row + rows; i++) {
        for (int64_t j = col; j < col + cols; j++) {
            log->calls[i * log->g->n + j]++;
            log->seen[i * log->g->n + j] = ((const float *)log->g->c)[i * log->g->c_row + j];
        }
    }
}

static void check_tiles(const problem *p, const neap_kernels *kernels)
{
    const size_t count = (size_t)(p->s.m * p->s.n);
    guarded c = fresh_c(p, F32);
    neap_gemm g = arguments(p, F32, &c);
    tile_log log = {&g, calloc(count, sizeof(int)), calloc(count, sizeof(float))};
    g.tile = log_tile;
    g.tile_user = &log;
    ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
    for (size_t i = 0; i < count; i++) {
        const float final = ((const float *)c.data)[(int64_t)i / p->s.n * p->c_row + (int64_t)i % p->s.n];
        if (log.calls[i] != 1 || log.seen[i] != final) {
            ck_abort_msg("%s: element %d came %d times, %s", describe(p, kernels->name), (int)i, log.calls[i],
                         log.seen[i] == final ? "finished" : "unfinished");
        }
    }
    check_result(p, F32, &c, kernels->name);
    free(log.calls);
    free(log.seen);
    guarded_free(&c);
}

START_TEST(tiles_cover_c_once)
{
    static const shape shapes[] = {
        {.m = 1, .n = 1, .k = 1},          {.m = 257, .n = 129, .k = 65, .b = COLUMNS},
        {.m = 500, .n = 70, .k = 600},     {.m = 8, .n = 2200, .k = 2049, .bias = true, .whole = true},
        {.m = 13, .n = 70, .k = 0},        {.m = 13, .n = 70, .k = 1100, .bf16 = true, .whole = true},
        {.m = 9, .n = 9, .k = 4, .a = SPREAD, .b = SPREAD},
    };
    problem p = problem_new(shapes[_i]);
    neap_kernels blas = *neap_kernels_of_level(0);
    neap_openblas_install(&blas, NEAP_F32);
    check_tiles(&p, &blas);
    for (int table = 0; table < F32_TABLES; table++) {
        if (f32_table(table)) {
            check_tiles(&p, f32_table(table));
        }
    }
    problem_free(&p);
}
END_TEST

enum { SIDE = 71 };

/* C = A B of SIDE by SIDE matrices of ones, but for one element of A. */
static void product_with(const neap_kernels *kernels, bool bf16, float special, float *c)
{
    static float a[SIDE * SIDE], b[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = b[i] = 1;
    }
    a[8 * SIDE + 5] = special;
    const neap_gemm g = {.m = SIDE, .n = SIDE, .k = SIDE, .a = a, .a_row = SIDE, .a_col = 1, .b = b, .b_row = SIDE,
                         .b_col = 1, .c = c, .c_row = SIDE, .bf16 = bf16};
    ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
}

static void check_special(const neap_kernels *kernels, bool bf16)
{
    static const float specials[] = {NAN, INFINITY, -INFINITY};
    float c[SIDE * SIDE];
    for (int s = 0; s < 3; s++) {
        product_with(kernels, bf16, specials[s], c);
        for (int i = 0; i < SIDE * SIDE; i++) {
            const float want = i / SIDE == 8 ? specials[s] : SIDE;
            if (!(c[i] == want || (isnan(c[i]) && isnan(want)))) {
                ck_abort_msg("%s: element %d is %g, expected %g", kernels->name, i, (double)c[i], (double)want);
            }
        }
    }
}

START_TEST(special_values)
{
    const neap_kernels *kernels = f32_table(_i);
    if (!kernels) {
        return;
    }
    check_special(kernels, false);
    check_special(kernels, true);
    const float tiny = 0x1p-140f, two = 2; /* a denormal, and the product is one */
    float c = -1;
    const neap_gemm g = {.m = 1, .n = 1, .k = 1, .a = &tiny, .a_row = 1, .a_col = 1, .b = &two, .b_row = 1, .b_col = 1,
                         .c = &c, .c_row = 1};
    ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
    ck_assert_float_eq(c, 0x1p-139f);
}
END_TEST

/* A batch against its products one by one; B is shared by all of them, where its distance is 0. */
static void check_batch(const neap_kernels *kernels, int64_t count, int64_t b_batch)
{
    enum { M = 9, N = 34, K = 21 };
    float *a = calloc((size_t)count * M * K, sizeof *a), *b = calloc((size_t)count * N * K, sizeof *b);
    float *c = calloc((size_t)count * M * N, sizeof *c), *want = calloc((size_t)count * M * N, sizeof *want);
    for (int64_t i = 0; i < count * M * K; i++) {
        a[i] = random_unit();
    }
    for (int64_t i = 0; i < count * N * K; i++) {
        b[i] = random_unit();
    }
    neap_gemm g = {.m = M, .n = N, .k = K, .a = a, .a_row = K, .a_col = 1, .b = b, .b_row = 1, .b_col = K, .c = c,
                   .c_row = N};
    ck_assert_int_eq(kernels->gemm_batch(kernels, &g, count, M * K, b_batch, M * N), 0);
    for (int64_t i = 0; i < count; i++) {
        g.a = a + i * M * K;
        g.b = b + i * b_batch;
        g.c = want + i * M * N;
        ck_assert_int_eq(kernels->gemm(kernels, &g), 0);
    }
    ck_assert_msg(!memcmp(c, want, (size_t)count * M * N * sizeof *c), "%s: batch of %d", kernels->name, (int)count);
    free(a);
    free(b);
    free(c);
    free(want);
}

START_TEST(batches)
{
    const neap_kernels *kernels = f32_table(_i);
    static const int64_t counts[] = {1, 2, 3, 50, 257};
    for (int i = 0; kernels && i < 5; i++) {
        check_batch(kernels, counts[i], 34 * 21);
        check_batch(kernels, counts[i], 0);
    }
}
END_TEST

static bool refuse_all(void *user, size_t bytes)
{
    (void)user;
    return bytes > 0;
}

/* On a thread of its own: there is no scratch yet that would do. */
static void *starved(void *failed)
{
    static const float ones[64 * 64] = {1};
    static float c[64 * 64];
    const neap_gemm g = {.m = 64, .n = 64, .k = 64, .a = ones, .a_row = 64, .a_col = 1, .b = ones, .b_row = 64,
                         .b_col = 1, .c = c, .c_row = 64};
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    neap_on_allocate(refuse_all, NULL);
    const bool one = kernels->gemm(kernels, &g) < 0 && !strncmp(neap_error_message(), "gemm: ", 6);
    neap_error_clear();
    const bool many = kernels->gemm_batch(kernels, &g, 3, 0, 0, 0) < 0 && !strncmp(neap_error_message(), "gemm_batch: ", 12);
    neap_error_clear();
    neap_on_allocate(NULL, NULL);
    *(bool *)failed = one && many;
    return NULL;
}

START_TEST(no_memory)
{
    pthread_t thread;
    bool failed = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, starved, &failed), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(failed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gemm");
    TCase *tests = tcase_create("gemm");
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, every_size_up_to_70);
    tcase_add_test(tests, layouts_and_flags);
    tcase_add_test(tests, long_sides);
    tcase_add_test(tests, empty_sides);
    tcase_add_loop_test(tests, threads_change_no_bit, 0, (int)(sizeof split_shapes / sizeof *split_shapes));
    tcase_add_test(tests, sets_agree_to_the_bit);
    tcase_add_loop_test(tests, tiles_cover_c_once, 0, 7);
    tcase_add_loop_test(tests, special_values, 0, F32_TABLES);
    tcase_add_loop_test(tests, batches, 0, F32_TABLES);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
