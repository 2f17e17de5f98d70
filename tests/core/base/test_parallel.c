/*
 * Ranges spread over threads: what is covered, by how many at once, what becomes of errors, forks and other callers.
 */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/parallel.h>

#define COUNT_MAX 1000
static int visits[COUNT_MAX];
static int64_t current_count, current_grain;
static int badly_cut, ranges;

static void visit(void *user, int64_t begin, int64_t end)
{
    (void)user;
    __atomic_add_fetch(&ranges, 1, __ATOMIC_RELAXED);
    const bool last = end == current_count;
    if (begin >= end || begin % current_grain || (!last && (end - begin) % current_grain)) {
        __atomic_add_fetch(&badly_cut, 1, __ATOMIC_RELAXED);
    }
    for (int64_t i = begin; i < end; i++) {
        __atomic_add_fetch(&visits[i], 1, __ATOMIC_RELAXED);
    }
}

/* Ranges are disjoint, cover everything, and are cut at multiples of the grain, whatever the number of threads. */
START_TEST(ranges_cover)
{
    static const int64_t grains[] = {1, 2, 7, 16, 64, 999, 1000, 5000};
    ck_assert_int_eq(neap_threads_set(_i), 0);
    for (current_count = 0; current_count <= COUNT_MAX; current_count += current_count < 40 ? 1 : 137) {
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            current_grain = grains[g];
            memset(visits, 0, sizeof visits);
            badly_cut = ranges = 0;
            neap_parallel(current_count, current_grain, visit, NULL);
            ck_assert_int_eq(badly_cut, 0);
            for (int64_t i = 0; i < COUNT_MAX; i++) {
                if (visits[i] != (i < current_count)) {
                    ck_abort_msg("count %d grain %d: %d seen %d times", (int)current_count, (int)current_grain, (int)i,
                                 visits[i]);
                }
            }
        }
    }
    neap_threads_set(0);
}
END_TEST

static void nested(void *user, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        neap_parallel(current_count, 1, visit, user);
    }
}

START_TEST(nested_ranges)
{
    neap_threads_set(4);
    current_count = 10;
    current_grain = 1;
    memset(visits, 0, sizeof visits);
    ranges = 0;
    neap_parallel(8, 1, nested, NULL);
    ck_assert_int_eq(ranges, 8);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(visits[i], 8);
    }
    neap_threads_set(0);
}
END_TEST

static void fail_at_seven(void *user, int64_t begin, int64_t end)
{
    (void)user;
    if (begin <= 7 && 7 < end) {
        neap_fail("row 7 failed");
    }
}

/* An error on a worker is the caller's, and leaves nothing behind on the worker. */
START_TEST(errors_of_workers)
{
    neap_error_clear();
    neap_threads_set(4);
    neap_parallel(8, 1, fail_at_seven, NULL);
    ck_assert_str_eq(neap_error_message(), "row 7 failed");
    neap_error_clear();
    neap_parallel(6, 1, fail_at_seven, NULL);
    ck_assert(!neap_failed());
    neap_threads_set(0);
}
END_TEST

START_TEST(thread_numbers)
{
    neap_error_clear();
    ck_assert_int_ge(neap_threads(), 1);
    ck_assert_int_eq(neap_threads_set(-1), -1);
    ck_assert(neap_failed());
    neap_error_clear();
    ck_assert_int_eq(neap_threads_set(1025), -1);
    neap_error_clear();
    ck_assert_int_eq(neap_threads_set(3), 0);
    ck_assert_int_eq(neap_threads(), 3);
    ck_assert_int_eq(neap_threads_set(0), 0);
}
END_TEST

/* Counts who is inside at once. */
static int inside, most_inside;

static void count_inside(void *user, int64_t begin, int64_t end)
{
    (void)user, (void)begin, (void)end;
    const int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    int most = __atomic_load_n(&most_inside, __ATOMIC_SEQ_CST);
    while (now > most && !__atomic_compare_exchange_n(&most_inside, &most, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    sched_yield();
    __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

/* A pool that has grown serves a smaller number of threads with no more than these. */
START_TEST(no_more_than_asked_for)
{
    for (int threads = 5; threads >= 1; threads -= 2) {
        neap_threads_set(threads);
        most_inside = 0;
        for (int i = 0; i < 2000; i++)
            neap_parallel(64, 1, count_inside, NULL);
        ck_assert_int_le(most_inside, threads);
    }
    neap_threads_set(0);
}
END_TEST

static void add_range(void *user, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        __atomic_add_fetch((int64_t *)user, i, __ATOMIC_RELAXED);
}

static void *many_jobs(void *wrong)
{
    for (int i = 0; i < 20000; i++) {
        int64_t sum = 0;
        neap_parallel(i % 40, 1, add_range, &sum);
        if (sum != (int64_t)(i % 40) * (i % 40 - 1) / 2)
            __atomic_add_fetch((int *)wrong, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Jobs from three threads at once: the pool has one, the others do theirs alone, and no part is lost or done twice. */
START_TEST(jobs_of_many_callers)
{
    pthread_t caller[2];
    int wrong = 0;
    neap_threads_set(4);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&caller[i], NULL, many_jobs, &wrong), 0);
    many_jobs(&wrong);
    for (int i = 0; i < 2; i++)
        pthread_join(caller[i], NULL);
    ck_assert_int_eq(wrong, 0);
    neap_threads_set(0);
}
END_TEST

START_TEST(forked_child)
{
    int wrong = 0, status = 1;
    neap_threads_set(3);
    many_jobs(&wrong);
    const pid_t child = fork();
    if (child == 0) {
        many_jobs(&wrong);
        _exit(wrong != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    neap_threads_set(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parallel");
    TCase *tests = tcase_create("parallel");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, ranges_cover, 1, 6);
    tcase_add_test(tests, nested_ranges);
    tcase_add_test(tests, errors_of_workers);
    tcase_add_test(tests, thread_numbers);
    tcase_add_test(tests, no_more_than_asked_for);
    tcase_add_test(tests, jobs_of_many_callers);
    tcase_add_test(tests, forked_child);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
