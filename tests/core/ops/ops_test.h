/*
 * For tests of ops: random tensors, their values in double, comparisons, refused allocations, and a scope around each
 * test.
 */
#ifndef NEAP_OPS_TEST_H
#define NEAP_OPS_TEST_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/ops.h>

static uint64_t test_state;
static neap_scope test_scope;

static void open_test(void)
{
    test_state = 17;
    test_scope = neap_scope_open();
    neap_error_clear();
}

static void close_test(void)
{
    neap_scope_close(test_scope);
    ck_assert_msg(!neap_failed(), "a message is pending: %s", neap_error_message());
}

static double uniform(double low, double high)
{
    test_state = test_state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(test_state >> 40) / (double)(1 << 24);
}

static inline neap_tensor *random_tensor(neap_shape shape, double low, double high)
{
    neap_tensor *x = neap_empty(NEAP_F32, shape);
    float *v = neap_data(x);
    for (int64_t i = 0; i < neap_size(x); i++)
        v[i] = (float)uniform(low, high);
    return x;
}

static inline neap_tensor *random_index(neap_shape shape, int32_t bound)
{
    neap_tensor *x = neap_empty(NEAP_I32, shape);
    int32_t *v = neap_data(x);
    for (int64_t i = 0; i < neap_size(x); i++)
        v[i] = (int32_t)uniform(0, bound);
    return x;
}

/* The elements in row-major order, for as long as the test's scope is open. */
static inline double *values(neap_tensor *x)
{
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    double *v = neap_data(neap_empty(NEAP_F64, neap_shape_of(x)));
    ck_assert_int_eq(neap_read(x, NEAP_F64, v), 0);
    return v;
}

static inline double *room(int64_t count)
{
    return neap_data(neap_zeros(NEAP_F64, neap_dims(count)));
}

/* |y - expected| <= tolerance max(1, |expected|), element by element; NaN meets NaN. */
static inline void check_values(const char *what, neap_tensor *y, neap_shape shape, const double *expected,
                                double tolerance)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const double *v = values(y);
    ck_assert_msg(neap_shape_equal(neap_shape_of(y), shape), "%s: expected %s, got %s", what,
                  neap_shape_text(shape, want), neap_shape_text(neap_shape_of(y), got));
    for (int64_t i = 0; i < neap_size(y); i++)
        ck_assert_msg((isnan(v[i]) && isnan(expected[i])) || v[i] == expected[i] ||
                          fabs(v[i] - expected[i]) <= tolerance * fmax(1, fabs(expected[i])),
                      "%s: element %lld: expected %.9g, got %.9g", what, (long long)i, expected[i], v[i]);
}

/* The message of a failure that must have happened; clears it. */
static inline void check_failure(const void *result, const char *part)
{
    ck_assert_ptr_null(result);
    ck_assert_msg(strstr(neap_error_message(), part) != NULL, "expected a message with '%s', got '%s'", part,
                  neap_error_message());
    neap_error_clear();
}

/* The same with the whole message. */
static inline void check_message(const char *message)
{
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

static inline bool refuse_nth(void *user, size_t bytes)
{
    int *left = user;
    (void)bytes;
    return --*left == 0;
}

/* Runs work() in a scope with the first allocation refused, then the second, ... until it gets all it asks for. Each
 * time before that it must fail with a message about memory, and each time leave no buffer. Returns how many it asked
 * for. */
static inline int refuse_each(bool (*work)(void *user), void *user)
{
    const size_t live = neap_memory().live;
    for (int n = 1;; n++) {
        int left = n;
        const neap_scope scope = neap_scope_open();
        neap_on_allocate(refuse_nth, &left);
        const bool done = work(user), whole = left > 0;
        neap_on_allocate(NULL, NULL);
        const char *message = neap_error_message();
        ck_assert_msg(done == whole && neap_failed() == !whole, "allocation %d: %s", n, message);
        ck_assert_msg(whole || strstr(message, "memory"), "allocation %d: %s", n, message);
        neap_error_clear();
        neap_scope_close(scope);
        ck_assert_msg(neap_memory().live == live, "allocation %d: a buffer is left", n);
        if (whole)
            return n - 1;
    }
}

static inline TCase *new_tcase(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, open_test, close_test);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
