/*
 * Tensor buffers: apart, aligned, cached within bounds, shared by threads; and scratch.
 */
#include "base/scratch.h"
#include "buffer_test.h"

/* Buffers of all sizes at once: aligned, whole, apart. */
START_TEST(buffers_are_apart)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 127, 128, 1000, 4096, 100000, 131072, 300001, 2 * MIB, 5 * MIB};
    enum { COUNT = 4 * sizeof sizes / sizeof *sizes };
    void *buffers[COUNT];
    const size_t before = neap_memory().live;
    size_t total = 0;
    for (int i = 0; i < COUNT; i++) {
        const size_t bytes = sizes[i / 4];
        buffers[i] = neap_buffer_new(bytes);
        ck_assert_ptr_nonnull(buffers[i]);
        ck_assert_uint_eq((uintptr_t)buffers[i] % 64, 0);
        paint(buffers[i], bytes, i);
        total += bytes;
    }
    ck_assert_uint_eq(neap_memory().live, before + total);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(painted(buffers[i], sizes[i / 4], i));
        neap_buffer_free(buffers[i]);
    }
    ck_assert_uint_eq(neap_memory().live, before);
    neap_buffer_free(NULL);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
START_TEST(freed_buffers_return)
{
    void *first = neap_buffer_new(3 * MIB);
    neap_buffer_free(first);
    void *again = neap_buffer_new(3 * MIB);
    ck_assert_ptr_eq(again, first);
    neap_buffer_free(again);
}
END_TEST
#endif

static void churn_blocks(size_t bytes, int times)
{
    for (int i = 0; i < times; i++) {
        neap_buffer_free(neap_buffer_new(bytes));
    }
}

#ifndef __SANITIZE_ADDRESS__
/* Work that comes again finds its blocks, large ones too; another block takes their room and not more; the memory of a peak that
 * does not come again is given back. */
START_TEST(memory_of_the_peak_is_kept)
{
    enum { COUNT = 4 };
    void *buffers[COUNT];
    neap_memory_trim();
    const size_t base = neap_memory().reserved;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            buffers[i] = neap_buffer_new(100 * MIB);
        }
        for (int i = 0; i < COUNT; i++) {
            neap_buffer_free(buffers[i]);
        }
        ck_assert_uint_ge(neap_memory().reserved, base + COUNT * 100 * MIB);
        ck_assert_uint_le(neap_memory().reserved, base + COUNT * 113 * MIB);
    }
    const size_t peak = neap_memory().reserved;
    void *other = neap_buffer_new(250 * MIB);
    ck_assert_uint_le(neap_memory().reserved, peak);
    churn_blocks(1000, 20000);
    ck_assert_uint_le(neap_memory().reserved, base + (282 + 63) * MIB);
    neap_buffer_free(other);
    neap_memory_trim();
    ck_assert_uint_eq(neap_memory().reserved, base);
}
END_TEST
#endif

/* The cache may fill up to the peak of a round, or up to the larger of 32 MiB and a quarter of the bytes in use. Long after the
 * peak, only the second limit holds. Blocks are at most an eighth larger than asked. */
START_TEST(cache_is_bounded)
{
    enum { COUNT = 200 };
    static void *buffers[COUNT];
    neap_memory_trim();
    const size_t base = neap_memory().reserved;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            buffers[i] = neap_buffer_new(MIB + (size_t)(i * 7919 % 100) * 10000);
            ck_assert_ptr_nonnull(buffers[i]);
        }
        const size_t top = neap_memory().live;
        for (int i = 0; i < COUNT; i++) {
            neap_buffer_free(buffers[(i * 37 + round) % COUNT]);
            const neap_memory_stats now = neap_memory();
            const size_t share = now.live / 4, bound = now.live + (share > 32 * MIB ? share : 32 * MIB);
            const size_t most = top > bound ? top : bound;
            ck_assert_uint_le(now.reserved - base, most + most / 8 + 4096 * COUNT);
        }
    }
    churn_blocks(1000, 20000);
    ck_assert_uint_le(neap_memory().reserved - base, 33 * MIB);
    neap_memory_trim();
    ck_assert_uint_eq(neap_memory().reserved, base);
}
END_TEST

/* Many small blocks of one class wait; freeing one more must not walk past all of them. */
START_TEST(many_small_buffers)
{
    enum { COUNT = 600000 };
    void **buffers = malloc(COUNT * sizeof *buffers);
    ck_assert_ptr_nonnull(buffers);
    for (int i = 0; i < COUNT; i++) {
        buffers[i] = neap_buffer_new(4);
    }
    for (int i = 0; i < COUNT; i++) {
        neap_buffer_free(buffers[i]);
    }
    free(buffers);
    neap_memory_trim();
}
END_TEST

START_TEST(peak)
{
    neap_memory_reset_peak();
    const size_t before = neap_memory().live;
    void *a = neap_buffer_new(1000), *b = neap_buffer_new(500);
    neap_buffer_free(a);
    void *c = neap_buffer_new(200);
    ck_assert_uint_eq(neap_memory().peak, before + 1500);
    neap_memory_reset_peak();
    ck_assert_uint_eq(neap_memory().peak, before + 700);
    neap_buffer_free(b);
    neap_buffer_free(c);
}
END_TEST

START_TEST(impossible_sizes)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, SIZE_MAX / 4, (size_t)1 << 60};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        neap_error_clear();
        ck_assert_ptr_null(neap_buffer_new(sizes[i]));
        ck_assert(neap_failed());
    }
    neap_error_clear();
}
END_TEST

typedef struct churn_state {
    uint32_t seed;
    bool whole;
} churn_state;

static void *churn(void *user)
{
    churn_state *churned = user;
    uint32_t state = churned->seed;
    void *held[16] = {0};
    size_t sizes[16] = {0};
    for (int i = 0; i < 20000; i++) {
        state = state * 1664525u + 1013904223u;
        const int slot = (int)(state >> 28);
        if (held[slot] && !painted(held[slot], sizes[slot], slot)) {
            return NULL;
        }
        neap_buffer_free(held[slot]);
        sizes[slot] = (state >> 8) % 3000;
        held[slot] = neap_buffer_new(sizes[slot]);
        paint(held[slot], sizes[slot], slot);
    }
    for (int i = 0; i < 16; i++) {
        neap_buffer_free(held[i]);
    }
    churned->whole = neap_scratch(NEAP_SCRATCH_GEMM, 100000) != NULL;
    return NULL;
}

START_TEST(threads_share_the_cache)
{
    pthread_t threads[4];
    churn_state states[4] = {{2, false}, {3, false}, {5, false}, {7, false}};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, &states[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(states[i].whole);
    }
}
END_TEST

START_TEST(scratch)
{
    char *a = neap_scratch(NEAP_SCRATCH_GEMM, 100), *b = neap_scratch(NEAP_SCRATCH_ATTENTION, 5 * MIB);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq((uintptr_t)a % 64 + (uintptr_t)b % 64, 0);
    paint(a, 100, 1);
    paint(b, 5 * MIB, 2);
    ck_assert(painted(a, 100, 1));
    ck_assert_ptr_eq(neap_scratch(NEAP_SCRATCH_GEMM, 50), a);
    ck_assert_ptr_eq(neap_scratch(NEAP_SCRATCH_ATTENTION, 5 * MIB), b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, buffers_are_apart);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(tests, freed_buffers_return);
    tcase_add_test(tests, memory_of_the_peak_is_kept);
#endif
    tcase_add_test(tests, cache_is_bounded);
    tcase_add_test(tests, many_small_buffers);
    tcase_add_test(tests, peak);
    tcase_add_test(tests, impossible_sizes);
    tcase_add_test(tests, threads_share_the_cache);
    tcase_add_test(tests, scratch);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
