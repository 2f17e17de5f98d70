/* For golden tests: the tensors by name of a file that make_golden.py wrote. */
#ifndef NEAP_TEST_GOLDEN_H
#define NEAP_TEST_GOLDEN_H

#include <stdarg.h>
#include <stdio.h>

#include <neap/io.h>

#include "tests/core/ops/ops_test.h"

static neap_safetensors *golden_file; /* open while main runs */

/* Opens NAME in the folder of golden files; false with a line on stderr. */
static inline bool golden_open(const char *name)
{
    char path[4096];
    const char *folder = getenv("NEAP_TEST_GOLDEN");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/golden", name);
    golden_file = neap_safetensors_open(path);
    if (!golden_file)
        fprintf(stderr, "%s\n", neap_error_message());
    return golden_file;
}

/* Runs the suite and closes the file. */
static inline int golden_run(Suite *suite)
{
    const int status = run_suite(suite);
    neap_safetensors_close(golden_file);
    return status;
}

/* A tensor of the file, or NULL where it has none of that name. */
__attribute__((format(printf, 1, 2))) static inline neap_tensor *golden_try(const char *format, ...)
{
    char name[256];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    const int index = neap_safetensors_find(golden_file, name);
    neap_tensor *x = index < 0 ? NULL : neap_safetensors_load(golden_file, index);
    ck_assert_msg(x || index < 0, "%s", neap_error_message());
    return x;
}

static inline neap_tensor *golden(const char *prefix, const char *name)
{
    neap_tensor *x = golden_try("%s%s", prefix, name);
    ck_assert_msg(x != NULL, "%s%s: not in the file", prefix, name);
    return x;
}

#endif
