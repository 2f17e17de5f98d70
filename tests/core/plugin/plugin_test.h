/*
 * For tests of the plugin host: expected messages, folders that go away, and refused allocations.
 */
#ifndef NEAP_PLUGIN_TEST_H
#define NEAP_PLUGIN_TEST_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/registry.h>

/* The call must fail (be non-zero) with exactly this message, and the thread is clear after it. */
#define ck_fails_with(call, message)                                                                                \
    do {                                                                                                            \
        ck_assert_msg((call) != 0, "expected a failure: %s", #call);                                                \
        ck_assert_str_eq(neap_error_message(), message);                                                            \
        neap_error_clear();                                                                                         \
    } while (0)

/* The same where a part of the message is the system's or is too long. */
#define ck_fails_saying(call, part)                                                                                 \
    do {                                                                                                            \
        ck_assert_msg((call) != 0, "expected a failure: %s", #call);                                                \
        ck_assert_msg(strstr(neap_error_message(), part) != NULL, "expected '%s' in: %s", part,                     \
                      neap_error_message());                                                                        \
        neap_error_clear();                                                                                         \
    } while (0)

#define ck_succeeds(call) ck_assert_msg((call) == 0, "%s", neap_error_message())

static char test_folder[] = "/tmp/neap-test-XXXXXX";

static inline void folder_open(void)
{
    ck_assert_ptr_nonnull(mkdtemp(test_folder));
}

static inline void folder_close(void)
{
    char path[512];
    DIR *folder = opendir(test_folder);
    for (struct dirent *item; folder && (item = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", test_folder, item->d_name);
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            remove(path);
    }
    if (folder)
        closedir(folder);
    rmdir(test_folder);
}

/* The path of a name in the folder; good until the eighth call after. */
static inline const char *in_folder(const char *name)
{
    static char paths[8][512];
    static int at;
    at = (at + 1) % 8;
    snprintf(paths[at], sizeof paths[at], "%s/%s", test_folder, name);
    return paths[at];
}

static inline const char *write_file(const char *name, const void *bytes, size_t size)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static inline neap_spec dataset_spec(const neap_dataset *functions, const void *self)
{
    neap_spec spec = {.size = sizeof spec};
    ck_succeeds(functions->spec(self, &spec));
    return spec;
}

/* Picture and label of one example; label NULL where it is not wanted. */
static inline int read_labelled(const neap_dataset *functions, const void *self, int64_t index, float *x, int32_t *label)
{
    const neap_example out = {.size = sizeof out, .x = x, .label = label};
    return functions->read(self, index, &out);
}

static inline bool refuse_when_zero(void *user, size_t bytes)
{
    int *left = user;
    (void)bytes;
    return (*left)-- == 0;
}

/* Runs work() with the first allocation refused, then the second, ... until it gets all it asks for. Each time before
 * that it must fail with a message; a sanitizer sees what it loses. */
static inline void refuse_each(bool (*work)(void))
{
    for (int n = 0;; n++) {
        int left = n;
        neap_on_allocate(refuse_when_zero, &left);
        bool done = work();
        neap_on_allocate(NULL, NULL);
        if (left >= 0) {
            ck_assert_msg(done, "without a refusal: %s", neap_error_message());
            ck_assert_int_gt(n, 0);
            return;
        }
        ck_assert_msg(!done && neap_failed(), "allocation %d was refused and nobody noticed", n);
        neap_error_clear();
    }
}

static inline int run_suite(const char *name, SFun open, SFun close, const TTest *const *tests, int count)
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    tcase_add_checked_fixture(cases, open, close);
    tcase_set_timeout(cases, 120);
    for (int i = 0; i < count; i++)
        tcase_add_test(cases, tests[i]);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK); /* each test begins with an empty registry */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#define RUN_SUITE_WITH(name, open, close, ...)                                                                      \
    run_suite(name, open, close, (const TTest *const[]){__VA_ARGS__},                                               \
              (int)(sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(TTest *)))

#define RUN_SUITE(name, ...) RUN_SUITE_WITH(name, folder_open, folder_close, __VA_ARGS__)

#endif
