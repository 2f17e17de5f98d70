/*
 * For tests of kernels: every table the machine has, arrays of either element type, and closeness in ulp.
 */
#ifndef NEAP_TABLE_TEST_H
#define NEAP_TABLE_TEST_H

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "kernel_test.h"
#include "kernels/kernels.h"

typedef struct table_under_test {
    const char *name;
    const neap_kernels *kernels;
    bool f64;
    size_t size;      /* bytes of an element */
    long double unit; /* rounding unit: half an ulp of 1 */
} table_under_test;

#define TABLE_COUNT (NEAP_CPU_LEVELS + 1)

/* Table i of TABLE_COUNT; its kernels are NULL where the machine lacks the set. */
static inline table_under_test table_at(int i)
{
    if (i < NEAP_CPU_LEVELS) {
        return (table_under_test){neap_cpu_level_at(i)->name, neap_kernels_of_level(i), false, sizeof(float),
                                  0x1p-24L};
    }
    return (table_under_test){"f64", neap_kernels_for(NEAP_F64), true, sizeof(double), 0x1p-53L};
}

static inline long double get(const table_under_test *t, const void *data, int64_t i)
{
    return t->f64 ? (long double)((const double *)data)[i] : (long double)((const float *)data)[i];
}

static inline void set(const table_under_test *t, void *data, int64_t i, long double x)
{
    if (t->f64) {
        ((double *)data)[i] = (double)x;
    } else {
        ((float *)data)[i] = (float)x;
    }
}

/* Off the 64-byte grid by one element; at least one element, so that `data` may be read. */
static inline guarded new_array(const table_under_test *t, int64_t count)
{
    return guarded_new((size_t)(count > 0 ? count : 1) * t->size, t->size);
}

/* Random numbers in [low, high); multiples of 2^-23 of the range, so both element types hold nearly the same. */
static inline guarded random_array(const table_under_test *t, int64_t count, long double low, long double high)
{
    guarded g = new_array(t, count);
    for (int64_t i = 0; i < count; i++) {
        set(t, g.data, i, low + (high - low) * ((long double)random_unit() + 1) / 2);
    }
    return g;
}

/* The distance between neighbours at x, denormals included. */
static inline long double ulp_at(const table_under_test *t, long double x)
{
    int exponent;
    frexpl(x, &exponent);
    const int digits = t->f64 ? 53 : 24, least = t->f64 ? -1074 : -149;
    return ldexpl(1, exponent - digits > least ? exponent - digits : least);
}

/* Within `ulps` of the true value or, where larger errors are inherent, within `absolute`. Overflow may come so many ulp
 * early or late; NaN answers NaN only. */
static inline bool close_to(const table_under_test *t, long double got, long double want, long double ulps,
                            long double absolute)
{
    const long double most = t->f64 ? (long double)DBL_MAX : (long double)FLT_MAX;
    if (isnan(want) || isnan(got)) {
        return isnan(want) && isnan(got);
    }
    if (isinf(got) || isinf(want)) {
        const long double nearly = most * (1 - (ulps + 1) * t->unit);
        return signbit(got) == signbit(want) && fabsl(got) >= nearly && fabsl(want) >= nearly;
    }
    if (fabsl(want) > most) {
        return fabsl(got) >= most * (1 - (ulps + 1) * t->unit);
    }
    return fabsl(got - want) <= ulps * ulp_at(t, want) + absolute;
}

/* Sizes that meet every tail: 0 to 70, and some beyond. */
#define SIZE_STEPS 76
static inline int64_t size_step(int i)
{
    static const int64_t more[] = {127, 257, 1000, 1031, 4097};
    return i <= 70 ? i : more[i - 71];
}

#define RUN_TESTS(name, add)                                                                                        \
    int main(void)                                                                                                  \
    {                                                                                                               \
        Suite *suite = suite_create(name);                                                                          \
        TCase *tests = tcase_create(name);                                                                          \
        tcase_set_timeout(tests, 240);                                                                              \
        add(tests);                                                                                                 \
        suite_add_tcase(suite, tests);                                                                              \
        SRunner *runner = srunner_create(suite);                                                                    \
        srunner_run_all(runner, CK_NORMAL);                                                                         \
        const int failed = srunner_ntests_failed(runner);                                                           \
        srunner_free(runner);                                                                                       \
        return failed != 0;                                                                                         \
    }

#endif
