/*
 * For tests of files: messages with a path in them, tensors of every dtype, what a folder holds, and writes that fail
 * half-way. Expected messages, the temporary folder and refused allocations are those of the plugin host's tests.
 */
#ifndef NEAP_IO_TEST_H
#define NEAP_IO_TEST_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <neap/io.h>
#include <neap/ops.h>

#include "tests/core/plugin/plugin_test.h"

/* A message made like printf; good until the next call. */
__attribute__((format(printf, 1, 2))) static inline const char *saying(const char *format, ...)
{
    static char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

static inline void *present(void *result)
{
    ck_assert_msg(result != NULL, "%s", neap_error_message());
    return result;
}

/* Elements that differ from each other and that the dtype holds exactly; at most 48 of them. */
static inline neap_tensor *numbered(neap_dtype dtype, neap_shape shape)
{
    static const double first[NEAP_DTYPE_COUNT] = {-3, 1e-300, -3, -2147483648.0, 1};
    static const double step[NEAP_DTYPE_COUNT] = {0.375, 0.1, 0.375, 21474836, 1};
    neap_tensor *line = neap_arange(dtype, first[dtype], step[dtype], neap_shape_size(shape));
    return present(neap_reshape(line, shape));
}

/* Dtype, shape and every bit of the elements. */
static inline void ck_same_tensor(neap_tensor *x, neap_tensor *expected)
{
    char got[NEAP_SHAPE_TEXT], want[NEAP_SHAPE_TEXT];
    present(x);
    ck_assert_str_eq(neap_dtype_name(neap_dtype_of(x)), neap_dtype_name(neap_dtype_of(expected)));
    ck_assert_str_eq(neap_shape_text(neap_shape_of(x), got), neap_shape_text(neap_shape_of(expected), want));
    size_t size = (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x));
    void *a = present(neap_calloc(size, 1)), *b = present(neap_calloc(size, 1));
    ck_succeeds(neap_read(x, neap_dtype_of(x), a));
    ck_succeeds(neap_read(expected, neap_dtype_of(x), b));
    if (size)
        ck_assert_mem_eq(a, b, size);
    neap_free(a);
    neap_free(b);
}

/* Files and folders in the test's folder; a temporary that was left behind counts. */
static inline int folder_items(void)
{
    int count = 0;
    DIR *folder = present(opendir(test_folder));
    for (struct dirent *item; (item = readdir(folder));)
        count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static inline bool file_is(const char *path, const void *bytes, size_t size)
{
    size_t got;
    void *content = neap_file_load(path, 1 << 30, &got);
    bool same = content && got == size && memcmp(content, bytes, size) == 0;
    neap_free(content);
    return same;
}

/* From here on no file of this process, which ends with the test, grows beyond so many bytes. */
static inline void limit_files(rlim_t bytes)
{
    signal(SIGXFSZ, SIG_IGN); /* the write itself fails, too */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes}), 0);
}

#endif
