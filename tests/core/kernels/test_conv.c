/*
 * The convolution kernels of every instruction set against direct loops in long double.
 */
#include <pthread.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "conv_problem.h"
#include "model_product.h"

static void run_on(const conv_problem *p, const neap_kernels *kernels, int type, role r, const char *name)
{
    const size_t bytes = (size_t)(p->count[r] > 0 ? p->count[r] : 1) * sizes[type];
    guarded result = guarded_new(bytes, sizes[type]);
    const neap_conv c = conv_arguments(p, type, r, &result);
    ck_assert_msg(conv_run(kernels, r, &c) == 0, "%s: %s", conv_describe(p, r, name), neap_error_message());
    conv_check(p, type, r, &result, name);
    guarded_free(&result);
}

/* All three kernels on every set, and on f64. */
static void check_everywhere(conv_shape s)
{
    conv_problem p = conv_problem_new(s);
    for (int r = 0; r < ROLE_COUNT; r++) {
        for (int table = 0; table < F32_TABLES; table++) {
            const neap_kernels *kernels = f32_table(table);
            if (kernels) {
                run_on(&p, kernels, F32, (role)r, kernels->name);
            }
        }
        if (!s.bf16) {
            run_on(&p, neap_kernels_for(NEAP_F64), F64, (role)r, "f64");
        }
    }
    conv_problem_free(&p);
}

static neap_conv_axis axis(int64_t x, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    return (neap_conv_axis){.x = x, .kernel = kernel, .stride = stride, .pad = pad, .dilation = dilation};
}

static conv_shape square(int64_t in, int64_t out, int64_t x, int64_t kernel, int64_t stride, int64_t pad)
{
    const neap_conv_axis a = axis(x, kernel, stride, pad, 1);
    return (conv_shape){.batch = 2, .in = in, .out = out, .groups = 1, .rows = a, .columns = a};
}

/* Every kernel, stride, padding and dilation up to 4, 3, 3 and 2, each on some side up to 7. */
START_TEST(every_axis)
{
    for (int64_t kernel = 1; kernel <= 4; kernel++) {
        for (int64_t stride = 1; stride <= 3; stride++) {
            for (int64_t pad = 0; pad <= 3; pad++) {
                for (int64_t dilation = 1; dilation <= 2; dilation++) {
                    const int64_t x = 1 + random_below(7);
                    check_everywhere((conv_shape){.batch = 2, .in = 3, .out = 5, .groups = 1,
                                                  .rows = axis(x, kernel, stride, pad, dilation),
                                                  .columns = axis(8 - x, 5 - kernel, 4 - stride, 3 - pad, 3 - dilation),
                                                  .bias = pad & 1, .bf16 = stride == 2, .whole = x & 1});
                }
            }
        }
    }
}
END_TEST

/* Channels on both sides of a vector's, a panel's and a block's width. */
START_TEST(every_width)
{
    static const int64_t widths[] = {1, 2, 3, 15, 16, 17, 33, 63, 64, 65, 130};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (int bf16 = 0; bf16 < 2; bf16++) {
            conv_shape narrow = square(widths[i], 7, 5, 3, 1, 1), wide = square(5, widths[i], 6, 4, 2, 1);
            narrow.bf16 = wide.bf16 = bf16;
            wide.bias = true;
            check_everywhere(narrow);
            check_everywhere(wide);
        }
    }
}
END_TEST

/* Outputs that leave most columns of a tile empty: each kernel and padding, and strides that rule the transposed form out. */
START_TEST(few_outputs)
{
    for (int64_t kernel = 1; kernel <= 4; kernel++) {
        for (int64_t pad = 0; pad <= kernel; pad++) {
            conv_shape s = square(16 + kernel * pad, kernel, 0, kernel, 1, pad);
            s.rows = axis(6, kernel, 1, pad, 1);
            s.columns = axis(9 - pad, 5 - kernel, 1, 4 - kernel, 1);
            s.bias = pad & 1;
            s.bf16 = kernel == 3;
            check_everywhere(s);
            s.columns.stride = 2;
            check_everywhere(s);
        }
    }
}
END_TEST

START_TEST(groups)
{
    static const int64_t counts[] = {2, 3, 8};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int64_t stride = 1; stride <= 2; stride++) {
            conv_shape s = square(3 * counts[i], 5 * counts[i], 6, 3, stride, 1), depthwise = square(8, 8, 5, 3, stride, 1);
            s.groups = counts[i];
            s.bias = true;
            s.bf16 = stride == 2;
            depthwise.groups = 8;
            check_everywhere(s);
            check_everywhere(depthwise);
        }
    }
}
END_TEST

/* Two to four taps a result, alone and by strides, on sides that tiles fill and that they do not. Whole numbers are exact in
 * tiles of 2 by 2 results, whose factors are halves at least. */
START_TEST(tiles)
{
    static const struct {
        int64_t kernel, stride;
        int growth;
    } forms[] = {{2, 1, GROWTH_2}, {3, 1, GROWTH_4}, {4, 2, GROWTH_2}, {6, 2, GROWTH_4},
                 {6, 3, GROWTH_2}, {4, 1, GROWTH_4}, {8, 2, GROWTH_4}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        for (int64_t pad = 0; pad <= 3; pad++) {
            conv_shape s = square(16 + 32 * (pad & 1), 64 - 16 * pad, 0, forms[i].kernel, forms[i].stride, pad);
            s.rows.x = 4 + pad;
            s.columns.x = 9 - pad;
            s.columns.pad = 3 - pad;
            s.growth = forms[i].growth;
            s.bias = pad & 1;
            check_everywhere(s);
            s.whole = s.growth == GROWTH_2;
            check_everywhere(s);
        }
    }
}
END_TEST

/* Tiles of 4 by 4 and of 3 by 3 results on every remainder of their side, and the largest pictures that have tiles of 2 by 2. */
START_TEST(large_tiles)
{
    for (int64_t side = 1; side <= 9; side++) {
        conv_shape s = square(32, 32, side, 3, 1, 1);
        s.columns.x = 1 + side * 5 % 9;
        s.growth = GROWTH_4;
        check_everywhere(s);
        s.rows.kernel = s.columns.kernel = 4;
        check_everywhere(s);
        s = square(16, 48, 1 + side % 2, 3, 1, 1);
        s.whole = true;
        check_everywhere(s);
    }
}
END_TEST

/* More pictures than tiles go at once, more channels than a block of k, groups, one pixel, no pictures. */
START_TEST(many_tiles)
{
    conv_shape pictures = square(32, 32, 18, 3, 1, 1), deep = square(560, 32, 3, 3, 1, 1);
    conv_shape grouped = square(64, 96, 6, 4, 2, 1);
    conv_shape single = square(32, 32, 1, 3, 1, 1), none = square(32, 32, 5, 4, 2, 1);
    pictures.batch = 5;
    grouped.groups = 2;
    none.batch = 0;
    pictures.growth = deep.growth = GROWTH_4;
    grouped.whole = single.whole = none.whole = true;
    check_everywhere(pictures);
    check_everywhere(deep);
    check_everywhere(grouped);
    check_everywhere(single);
    check_everywhere(none);
}
END_TEST

/* A picture's bits do not depend on the pictures beside it. */
START_TEST(a_batch_changes_no_bit)
{
    conv_problem p = conv_problem_new(square(48, 64, 9, 3, 1, 1));
    for (int r = X; r < ROLE_COUNT; r += Y - X) {
        const size_t bytes = (size_t)p.count[r] * sizeof(float);
        guarded both = guarded_new(bytes, 4), alone = guarded_new(bytes / 2, 4);
        neap_conv c = conv_arguments(&p, F32, (role)r, &both);
        ck_assert_int_eq(conv_run(neap_kernels_for(NEAP_F32), (role)r, &c), 0);
        c = conv_arguments(&p, F32, (role)r, &alone);
        c.batch = 1;
        ck_assert_int_eq(conv_run(neap_kernels_for(NEAP_F32), (role)r, &c), 0);
        ck_assert_msg(!memcmp(both.data, alone.data, bytes / 2), "%s", conv_describe(&p, (role)r, "one of two"));
        guarded_free(&both);
        guarded_free(&alone);
    }
    conv_problem_free(&p);
}
END_TEST

/* More than one block of rows, of k and of columns; whole numbers, so that nothing is rounded. */
START_TEST(several_blocks)
{
    conv_shape pictures = square(3, 70, 28, 4, 2, 1), deep = square(150, 130, 4, 4, 2, 1), flat = square(70, 6, 17, 1, 1, 0);
    pictures.whole = deep.whole = flat.whole = true;
    check_everywhere(pictures);
    check_everywhere(deep);
    check_everywhere(flat);
    deep.bf16 = flat.bf16 = true;
    check_everywhere(deep);
    check_everywhere(flat);
}
END_TEST

/* Kernels larger than the padded picture, no pictures, pixels that no tap meets, one pixel. */
START_TEST(edges)
{
    conv_shape none = square(3, 4, 5, 3, 1, 1), single = square(4, 3, 1, 1, 1, 0);
    none.batch = 0;
    check_everywhere(square(2, 3, 2, 5, 1, 1));
    check_everywhere(none);
    check_everywhere(square(2, 3, 9, 2, 5, 0));
    check_everywhere(square(2, 3, 3, 1, 2, 2));
    check_everywhere(single);
}
END_TEST

static void check_threads(conv_shape s)
{
    conv_problem p = conv_problem_new(s);
    for (int r = 0; r < ROLE_COUNT; r++) {
        guarded first = {0};
        for (int threads = 1; threads <= 5; threads++) {
            guarded result = guarded_new((size_t)p.count[r] * sizeof(float), 4);
            const neap_conv c = conv_arguments(&p, F32, (role)r, &result);
            ck_assert_int_eq(neap_threads_set(threads), 0);
            ck_assert_int_eq(conv_run(neap_kernels_for(NEAP_F32), (role)r, &c), 0);
            if (threads == 1) {
                first = result;
                continue;
            }
            ck_assert_msg(!memcmp(result.data, first.data, first.bytes), "%s: %d threads", conv_describe(&p, (role)r, ""),
                          threads);
            guarded_free(&result);
        }
        guarded_free(&first);
    }
    conv_problem_free(&p);
}

/* The same bits for any number of threads. */
START_TEST(threads_change_no_bit)
{
    const int before = neap_threads();
    check_threads(square(20, 70, 13, 4, 2, 1));
    check_threads(square(48, 64, 13, 4, 2, 1));
    check_threads(square(48, 3, 13, 3, 1, 1));
    ck_assert_int_eq(neap_threads_set(before), 0);
}
END_TEST

static bool refuse_all(void *user, size_t bytes)
{
    (void)user;
    return bytes > 0;
}

static int count_refusals(int64_t channels, int64_t outputs, int64_t kernel)
{
    static float x[4 * 4 * 32], w[32 * 3 * 3 * 32], y[4 * 4 * 32];
    const neap_conv_axis a = {.x = 4, .y = 4, .kernel = kernel, .stride = 1, .pad = kernel / 2, .dilation = 1};
    const neap_conv c = {.batch = 1, .in = channels, .out = outputs, .groups = 1, .rows = a, .columns = a, .x = x, .w = w,
                         .y = y};
    int count = 0;
    for (int r = 0; r < ROLE_COUNT; r++) {
        count += conv_run(neap_kernels_for(NEAP_F32), (role)r, &c) < 0 && !strncmp(neap_error_message(), "conv: ", 6);
        neap_error_clear();
    }
    return count;
}

/* On a thread of its own: there is no scratch yet that would do. */
static void *starved(void *refused)
{
    neap_on_allocate(refuse_all, NULL);
    *(int *)refused = count_refusals(8, 8, 1) + count_refusals(32, 32, 3) + count_refusals(32, 3, 3);
    neap_on_allocate(NULL, NULL);
    return NULL;
}

START_TEST(no_memory)
{
    pthread_t thread;
    int refused = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, starved, &refused), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(refused, 3 * ROLE_COUNT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv");
    TCase *tests = tcase_create("conv");
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, every_axis);
    tcase_add_test(tests, every_width);
    tcase_add_test(tests, few_outputs);
    tcase_add_test(tests, groups);
    tcase_add_test(tests, several_blocks);
    tcase_add_test(tests, tiles);
    tcase_add_test(tests, large_tiles);
    tcase_add_test(tests, many_tiles);
    tcase_add_test(tests, a_batch_changes_no_bit);
    tcase_add_test(tests, edges);
    tcase_add_test(tests, threads_change_no_bit);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
