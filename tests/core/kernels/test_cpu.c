/*
 * Instruction sets: names, detection against the compiler's own, and NEAP_CPU and NEAP_GEMM, which are read once per process
 * and so are tested in processes of their own.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <neap/cpu.h>
#include <neap/error.h>
#include <neap/tensor.h>

#include "kernels/kernels.h"

START_TEST(names)
{
    for (int isa = 0; isa < NEAP_ISA_COUNT; isa++) {
        ck_assert_int_eq(neap_isa_parse(neap_isa_name((neap_isa)isa)), isa);
    }
    ck_assert_int_eq(neap_isa_parse("sse9"), -1);
    ck_assert_str_eq(neap_error_message(), "cpu: expected generic, avx2, avx512 or avx512bf16, got 'sse9'");
    neap_error_clear();
    ck_assert_int_gt((int)strlen(neap_cpu_name()), 0);
}
END_TEST

#if defined(__x86_64__)
START_TEST(agrees_with_the_compiler)
{
    const int isa = (int)neap_isa_supported();
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512cd");
    ck_assert_int_eq(isa >= NEAP_ISA_AVX2, avx2);
    ck_assert_int_eq(isa >= NEAP_ISA_AVX512, avx2 && avx512);
    ck_assert_int_eq(isa >= NEAP_ISA_AVX512BF16, avx2 && avx512 && __builtin_cpu_supports("avx512bf16"));
}
END_TEST
#endif

START_TEST(tables)
{
    for (int isa = 0; isa < NEAP_ISA_COUNT; isa++) {
        const neap_kernels *kernels = neap_kernels_of_isa((neap_isa)isa);
        ck_assert_int_eq(kernels != NULL, isa <= (int)neap_isa_supported());
        if (kernels) {
            ck_assert_str_eq(kernels->name, neap_isa_name((neap_isa)isa));
            ck_assert(kernels->gemm && kernels->gemm_batch && kernels->attention && kernels->attention_gradient);
            ck_assert_double_gt(kernels->fma_peak(10, false), 0);
            ck_assert_double_gt(kernels->fma_peak(10, true), 0);
        }
    }
}
END_TEST

/* Runs `body` in a process where `name` is set; true when it returns true there. */
static bool with_setting(const char *name, const char *value, bool (*body)(const char *value))
{
    const pid_t child = fork();
    if (child == 0) {
        setenv(name, value, 1);
        _exit(body(value) ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The lower of what is asked for and what there is. */
static bool masks_downward(const char *value)
{
    const int wanted = neap_isa_parse(value), best = (int)neap_isa_supported();
    const int expected = wanted < best ? wanted : best;
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    return neap_isa_active() == expected && kernels && !strcmp(kernels->name, neap_isa_name((neap_isa)expected));
}

static bool without_a_mask(const char *value)
{
    (void)value;
    return neap_isa_active() == (int)neap_isa_supported() && neap_kernels_for(NEAP_F64);
}

static bool refuses_cpu(const char *value)
{
    (void)value;
    return neap_isa_active() == -1 && !neap_kernels_for(NEAP_F32) && !neap_empty(NEAP_I32, neap_dims(1)) &&
           !strcmp(neap_error_message(), "NEAP_CPU: expected generic, avx2, avx512 or avx512bf16, got 'pentium'");
}

START_TEST(neap_cpu)
{
    for (int isa = 0; isa < NEAP_ISA_COUNT; isa++) {
        ck_assert_msg(with_setting("NEAP_CPU", neap_isa_name((neap_isa)isa), masks_downward), "%s",
                      neap_isa_name((neap_isa)isa));
    }
    ck_assert(with_setting("NEAP_CPU", "", without_a_mask));
    ck_assert(with_setting("NEAP_CPU", "pentium", refuses_cpu));
}
END_TEST

/* 2 x 3 = 6, by whichever backend. */
static bool multiplies(int backend)
{
    const float two = 2, three = 3;
    float six = 0;
    const neap_gemm g = {.m = 1, .n = 1, .k = 1, .a = &two, .a_row = 1, .a_col = 1, .b = &three, .b_row = 1, .b_col = 1,
                         .c = &six, .c_row = 1};
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32), *own = neap_kernels_of_isa(NEAP_ISA_GENERIC);
    const bool replaced = kernels && kernels->gemm != neap_kernels_of_isa((neap_isa)neap_isa_active())->gemm;
    return own && neap_gemm_backend() == backend && replaced == (backend == 1) && kernels->gemm(&g) == 0 && six == 6;
}

static bool own_backend(const char *value)
{
    (void)value;
    return multiplies(0);
}

static bool blas_backend(const char *value)
{
    (void)value;
    return multiplies(1);
}

static bool refuses_gemm(const char *value)
{
    (void)value;
    return neap_gemm_backend() == -1 && !neap_kernels_for(NEAP_F32) && !neap_empty(NEAP_I32, neap_dims(1)) &&
           !strcmp(neap_error_message(), "NEAP_GEMM: expected neap or openblas, got 'abacus'");
}

START_TEST(neap_gemm_setting)
{
    ck_assert(with_setting("NEAP_GEMM", "", own_backend));
    ck_assert(with_setting("NEAP_GEMM", "neap", own_backend));
    ck_assert(with_setting("NEAP_GEMM", "openblas", blas_backend));
    ck_assert(with_setting("NEAP_GEMM", "abacus", refuses_gemm));
}
END_TEST

static bool other_dtypes(const char *value)
{
    (void)value;
    return !neap_kernels_for(NEAP_I32) && !strncmp(neap_error_message(), "kernels: expected f32 or f64", 28);
}

START_TEST(tables_of_reals_only)
{
    ck_assert(with_setting("NEAP_GEMM", "", other_dtypes));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tests = tcase_create("cpu");
    /* First those that fork before this process has asked, for CK_FORK=no. */
    tcase_add_test(tests, neap_cpu);
    tcase_add_test(tests, neap_gemm_setting);
    tcase_add_test(tests, tables_of_reals_only);
    tcase_add_test(tests, names);
#if defined(__x86_64__)
    tcase_add_test(tests, agrees_with_the_compiler);
#endif
    tcase_add_test(tests, tables);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
