/*
 * Attention and its gradient, of every instruction set and in f64, against plain loops in double.
 */
#include <pthread.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "attention_arrays.h"

static void check_shape(attention_shape s)
{
    check_problem(attention_problem_new(s), (double[]){0}, 1);
}

/* batch, heads, queries, keys, dim */
static const int64_t sides[][5] = {
    {1, 1, 1, 1, 1},    {2, 3, 7, 5, 3},     {1, 2, 49, 49, 64}, {2, 2, 64, 64, 64},  {1, 3, 50, 33, 17},
    {1, 1, 100, 129, 40}, {2, 1, 48, 96, 16}, {1, 1, 97, 257, 65}, {1, 2, 257, 70, 31}, {1, 1, 3, 1030, 8},
    {1, 1, 50, 768, 72}, {3, 2, 5, 1, 70},   {1, 2, 1, 65, 64},  {2, 3, 17, 17, 24},
};

START_TEST(shapes)
{
    const int64_t *d = sides[_i];
    attention_shape s = {.batch = d[0], .heads = d[1], .queries = d[2], .keys = d[3], .dim = d[4], .spread = 1};
    s.scale = 1 / sqrt((double)s.dim);
    check_shape(s);
    s.bf16 = true;
    check_shape(s);
    s.bf16 = false;
    s.scale = -0.3;
    check_shape(s);
}
END_TEST

/* Scores of a few hundred, whose exponentials would overflow if the row's maximum were not subtracted. */
START_TEST(large_scores)
{
    check_shape((attention_shape){1, 2, 33, 40, 16, 1, 16, false});
    check_shape((attention_shape){1, 2, 33, 40, 16, -1, 16, false});
}
END_TEST

/* The same bits for any number of threads, also for fewer heads than threads. */
START_TEST(threads_change_no_bit)
{
    const int before = neap_threads();
    attention_problem p = attention_problem_new((attention_shape){1, _i + 1, 150, 90, 40, 0.2, 1, _i & 1});
    for (int table = 0; table < F32_TABLES; table++) {
        const neap_kernels *kernels = f32_table(table);
        arrays first = {0};
        for (int threads = 1; kernels && threads <= 5; threads++) {
            arrays x = arrays_new(&p, sizeof(float));
            const neap_attention_args args = arguments_of(&p, &x);
            ck_assert_int_eq(neap_threads_set(threads), 0);
            ck_assert(kernels->attention(kernels, &args) == 0 && kernels->attention_gradient(kernels, &args) == 0);
            for (int array = 0; threads > 1 && array < ARRAY_COUNT; array++) {
                ck_assert_msg(!memcmp(x.at[array].data, first.at[array].data, x.at[array].bytes), "%s: %s, %d threads",
                              kernels->name, array_names[array], threads);
            }
            arrays_free(threads > 1 ? &x : &first);
            first = threads > 1 ? first : x;
        }
        arrays_free(&first);
    }
    ck_assert_int_eq(neap_threads_set(before), 0);
    attention_problem_free(&p);
}
END_TEST

/* A NaN in one query stays in its row; an infinite score gives a NaN, not a crash or a number. */
START_TEST(special_values)
{
    const neap_kernels *kernels = f32_table(_i);
    static const double specials[] = {NAN, INFINITY};
    for (int i = 0; kernels && i < 2; i++) {
        attention_problem p = attention_problem_new((attention_shape){1, 1, 9, 20, 16, 1, 1, false});
        p.value[Q][4 * 16 + 3] = specials[i];
        arrays x = arrays_new(&p, sizeof(float));
        const neap_attention_args args = arguments_of(&p, &x);
        ck_assert_int_eq(kernels->attention(kernels, &args), 0);
        for (int64_t query = 0; query < 9; query++) {
            const double got = get(&x, x.view[O].data, place_of(&p.s, &x.view[O], 0, query, 0));
            ck_assert_msg(query == 4 ? isnan(got) : isfinite(got), "%s: query %d gives %g", kernels->name, (int)query, got);
        }
        arrays_free(&x);
        attention_problem_free(&p);
    }
}
END_TEST

/* Without keys the result and all gradients are zero; without queries the gradients of keys and values are zero. */
START_TEST(empty_sides)
{
    for (int i = 0; i < 2; i++) {
        attention_problem p = attention_problem_new((attention_shape){2, 2, i ? 5 : 0, i ? 0 : 5, 7, 1, 1, false});
        for (int table = 0; table < F32_TABLES; table++) {
            const neap_kernels *kernels = f32_table(table);
            if (!kernels) {
                continue;
            }
            arrays x = arrays_new(&p, sizeof(float));
            const neap_attention_args args = arguments_of(&p, &x);
            ck_assert(kernels->attention(kernels, &args) == 0 && kernels->attention_gradient(kernels, &args) == 0);
            for (int array = O; array < ARRAY_COUNT; array++) {
                check_array(&p, &x, array, kernels->name);
            }
            check_gaps(&p, &x, kernels->name);
            arrays_free(&x);
        }
        attention_problem_free(&p);
    }
}
END_TEST

static bool refuse_all(void *user, size_t bytes)
{
    (void)user;
    return bytes > 0;
}

/* Runs on its own thread, which has no scratch yet. */
static void *starved(void *failed)
{
    attention_problem p = attention_problem_new((attention_shape){1, 1, 9, 20, 16, 1, 1, false});
    arrays x = arrays_new(&p, sizeof(float));
    const neap_attention_args args = arguments_of(&p, &x);
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    neap_on_allocate(refuse_all, NULL);
    const bool forward = kernels->attention(kernels, &args) < 0 && !strncmp(neap_error_message(), "attention: ", 11);
    neap_error_clear();
    const bool backward = kernels->attention_gradient(kernels, &args) < 0 && !strncmp(neap_error_message(), "attention: ", 11);
    neap_error_clear();
    neap_on_allocate(NULL, NULL);
    *(bool *)failed = forward && backward;
    arrays_free(&x);
    attention_problem_free(&p);
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
    Suite *suite = suite_create("attention");
    TCase *tests = tcase_create("attention");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, shapes, 0, (int)(sizeof sides / sizeof *sides));
    tcase_add_test(tests, large_scores);
    tcase_add_loop_test(tests, threads_change_no_bit, 0, 4);
    tcase_add_loop_test(tests, special_values, 0, F32_TABLES);
    tcase_add_test(tests, empty_sides);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
