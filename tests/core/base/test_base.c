/*
 * Errors, suggestions, and small blocks behind the refusing hook.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "base/scratch.h"

START_TEST(first_message_stays)
{
    neap_error_clear();
    ck_assert(!neap_failed());
    ck_assert_str_eq(neap_error_message(), "");
    ck_assert_int_eq(neap_fail_in("nothing"), -1);
    ck_assert(!neap_failed());
    ck_assert_int_eq(neap_fail("linear: expected %d, got %d", 3, 4), -1);
    ck_assert_ptr_null(neap_fail_null("later"));
    ck_assert_str_eq(neap_error_message(), "linear: expected 3, got 4");
    neap_fail_in("blocks.3");
    neap_fail_in("dit");
    neap_fail_in("dit");
    ck_assert_str_eq(neap_error_message(), "dit: blocks.3: linear: expected 3, got 4");
    neap_fail_in("di");
    ck_assert_str_eq(neap_error_message(), "di: dit: blocks.3: linear: expected 3, got 4");
    neap_error_clear();
    ck_assert(!neap_failed());
    neap_fail("next");
    ck_assert_str_eq(neap_error_message(), "next");
    neap_error_clear();
}
END_TEST

/* Whatever the length, the message stays one terminated string. */
START_TEST(long_messages)
{
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    neap_error_clear();
    neap_fail("%s", text);
    const size_t length = strlen(neap_error_message());
    ck_assert_uint_ge(length, 500);
    neap_fail_in("where");
    ck_assert_int_eq(strncmp(neap_error_message(), "where: xxx", 10), 0);
    ck_assert_uint_le(strlen(neap_error_message()), length);
    neap_fail_in(text);
    ck_assert_uint_le(strlen(neap_error_message()), length);
    neap_error_clear();
}
END_TEST

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    neap_fail("on the other thread");
    return NULL;
}

START_TEST(messages_belong_to_a_thread)
{
    pthread_t thread;
    neap_error_clear();
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert(!neap_failed());
}
END_TEST

static void keep_warning(void *user, const char *message)
{
    strncpy(user, message, 63);
}

START_TEST(warnings)
{
    char got[64] = "";
    neap_warn("dropped");
    neap_on_warning(keep_warning, got);
    neap_warn("plugin %s: skipped", "x");
    ck_assert_str_eq(got, "plugin x: skipped");
    neap_on_warning(NULL, NULL);
    neap_warn("dropped");
    ck_assert_str_eq(got, "plugin x: skipped");
}
END_TEST

static const char *const names[] = {"flow_matching", "euler", "heun", "batch", "depth", "dit", NULL, ""};

static const struct suggestion {
    const char *word, *want;
} suggestions[] = {
    {"flow_matchin", "flow_matching"}, {"flow_mathcing", "flow_matching"}, {"FLOW-MATCHING", "flow_matching"},
    {"eluer", "euler"}, {"bacth", "batch"}, {"batsh", "batch"}, {"dit", "dit"}, {"dits", "dit"}, {"di", "dit"},
    {"dept", "depth"}, {"xyzzy", NULL}, {"adam", NULL}, {"", NULL}, {"eu", NULL}, {"hxxn", NULL}, {NULL, NULL},
};

START_TEST(nearest_name)
{
    const struct suggestion *s = &suggestions[_i];
    const char *got = neap_nearest(s->word, names, (int)(sizeof names / sizeof *names));
    if (s->want) {
        ck_assert_msg(got && !strcmp(got, s->want), "%s: got %s, expected %s", s->word, got ? got : "none", s->want);
    } else {
        ck_assert_msg(!got, "%s: got %s, expected none", s->word ? s->word : "NULL", got);
    }
}
END_TEST

START_TEST(nearest_of_long_words)
{
    char word[300];
    memset(word, 'a', sizeof word);
    word[sizeof word - 1] = '\0';
    const char *const long_names[] = {word};
    ck_assert_ptr_null(neap_nearest(word, names, 6));
    ck_assert_ptr_null(neap_nearest("aaaa", long_names, 1));
}
END_TEST

static bool refuse_all(void *calls, size_t bytes)
{
    (void)bytes;
    ++*(int *)calls;
    return true;
}

START_TEST(small_blocks)
{
    unsigned char *block = neap_calloc(7, 3);
    ck_assert_ptr_nonnull(block);
    for (int i = 0; i < 21; i++) {
        ck_assert_int_eq(block[i], 0);
    }
    block = neap_realloc(block, 1000);
    ck_assert_ptr_nonnull(block);
    neap_free(block);
    neap_free(NULL);
    block = neap_calloc(0, 8);
    ck_assert_ptr_nonnull(block);
    neap_free(block);
    ck_assert_ptr_null(neap_strdup(NULL));
    char *text = neap_strdup("neap"), *made = neap_format("%s-%d", "neap", 7);
    ck_assert_str_eq(text, "neap");
    ck_assert_str_eq(made, "neap-7");
    neap_free(text);
    neap_free(made);
    ck_assert_ptr_null(neap_calloc(SIZE_MAX / 2, 3));
    ck_assert(neap_failed());
    neap_error_clear();
}
END_TEST

/* Every door leads past the hook, and a refusal is NULL with a message; the old block of a realloc stands. */
START_TEST(refused_blocks)
{
    int calls = 0;
    char *old = neap_strdup("old");
    neap_error_clear();
    neap_on_allocate(refuse_all, &calls);
    const bool refused = !neap_calloc(1, 1) && !neap_realloc(old, 100) && !neap_strdup("x") && !neap_format("x") &&
                         !neap_buffer_new(64) && !neap_scratch(NEAP_SCRATCH_GEMM, 64);
    neap_on_allocate(NULL, NULL);
    ck_assert(refused);
    ck_assert_int_eq(calls, 6);
    ck_assert(strstr(neap_error_message(), "memory: no room for"));
    ck_assert_str_eq(old, "old");
    neap_error_clear();
    neap_free(old);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tests = tcase_create("base");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, first_message_stays);
    tcase_add_test(tests, long_messages);
    tcase_add_test(tests, messages_belong_to_a_thread);
    tcase_add_test(tests, warnings);
    tcase_add_loop_test(tests, nearest_name, 0, (int)(sizeof suggestions / sizeof *suggestions));
    tcase_add_test(tests, nearest_of_long_words);
    tcase_add_test(tests, small_blocks);
    tcase_add_test(tests, refused_blocks);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
