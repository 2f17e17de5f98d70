/*
 * Features and levels: names, detection compared with the compiler's, tables of kernels; and NEAP_CPU and NEAP_GEMM, which are
 * read once per process and so are tested in processes of their own.
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
    for (int level = 0; level < NEAP_CPU_LEVELS; level++) {
        ck_assert_str_eq(neap_cpu_level_name(neap_cpu_level_at(level)->features), neap_cpu_level_at(level)->name);
    }
    ck_assert_ptr_null(neap_cpu_level_at(-1));
    ck_assert_ptr_null(neap_cpu_level_at(NEAP_CPU_LEVELS));
    ck_assert_str_eq(neap_cpu_level_at(0)->name, "generic");
    ck_assert_str_eq(neap_cpu_level_name(NEAP_CPU_AVX512F), "generic");
    ck_assert_str_eq(neap_cpu_level_name(NEAP_LEVEL_AVX512BF16 & ~NEAP_CPU_AVX512VL), "avx2");
    ck_assert_str_eq(neap_cpu_level_name(NEAP_LEVEL_AVX512 & ~NEAP_CPU_F16C), "generic");
    ck_assert_int_gt((int)strlen(neap_cpu_name()), 0);
}
END_TEST

#if defined(__x86_64__)
#define EXPECT(feature, name)                                                                                       \
    ck_assert_int_eq((neap_cpu_supported() & feature) != 0, NEAP_X86_VARIANTS && __builtin_cpu_supports(name));

START_TEST(agrees_with_the_compiler)
{
    __builtin_cpu_init();
    EXPECT(NEAP_CPU_AVX, "avx")
    EXPECT(NEAP_CPU_FMA, "fma")
    EXPECT(NEAP_CPU_AVX2, "avx2")
    EXPECT(NEAP_CPU_BMI1, "bmi")
    EXPECT(NEAP_CPU_BMI2, "bmi2")
    EXPECT(NEAP_CPU_AVX512F, "avx512f")
    EXPECT(NEAP_CPU_AVX512DQ, "avx512dq")
    EXPECT(NEAP_CPU_AVX512CD, "avx512cd")
    EXPECT(NEAP_CPU_AVX512BW, "avx512bw")
    EXPECT(NEAP_CPU_AVX512VL, "avx512vl")
    EXPECT(NEAP_CPU_AVX512_BF16, "avx512bf16")
}
END_TEST
#endif

/* Whether no member is missing. */
static bool complete(const neap_kernels *k)
{
#define PRODUCT(tag, name) &&k->product[NEAP_PRODUCT_##name]
#define UNARY(name) &&k->unary[NEAP_K_##name]
#define BINARY(name) &&k->binary[NEAP_K_##name]
#define COMPARE(name) &&k->compare[NEAP_K_##name]
#define KERNEL(tag, name, type, parameters) &&k->name
    return k->name
#include "kernels/kernels.def"
        ;
}

START_TEST(tables)
{
    ck_assert_ptr_nonnull(neap_kernels_of_level(0));
    for (int level = 0; level < NEAP_CPU_LEVELS; level++) {
        const neap_kernels *kernels = neap_kernels_of_level(level);
        ck_assert_int_eq(kernels != NULL, (neap_cpu_level_at(level)->features & ~neap_cpu_supported()) == 0);
        if (kernels) {
            ck_assert_str_eq(kernels->name, neap_cpu_level_at(level)->name);
            ck_assert(complete(kernels));
            ck_assert_double_gt(kernels->fma_peak(10), 0);
            ck_assert_double_gt(kernels->bf16_peak(10), 0);
        }
    }
    ck_assert(complete(neap_kernels_for(NEAP_F64)));
    ck_assert_ptr_null(neap_kernels_of_level(NEAP_CPU_LEVELS));
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

static int64_t features_of(const char *name)
{
    for (int level = 0; level < NEAP_CPU_LEVELS; level++) {
        if (!strcmp(neap_cpu_level_at(level)->name, name)) {
            return neap_cpu_level_at(level)->features;
        }
    }
    return -1;
}

/* What is asked for, as far as the machine has it. */
static bool masks_downward(const char *value)
{
    const int64_t expected = features_of(value) & neap_cpu_supported();
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32);
    return neap_cpu_features() == expected && kernels && !strcmp(kernels->name, neap_cpu_level_name(expected));
}

static bool without_a_mask(const char *value)
{
    (void)value;
    return neap_cpu_features() == neap_cpu_supported() && neap_kernels_for(NEAP_F64);
}

static bool refuses_cpu(const char *value)
{
    (void)value;
    return neap_cpu_features() == -1 && !neap_kernels_for(NEAP_F32) && !neap_empty(NEAP_I32, neap_dims(1)) &&
           !strcmp(neap_error_message(), "NEAP_CPU: expected generic, avx2, avx512 or avx512bf16, got 'pentium'");
}

START_TEST(neap_cpu)
{
    for (int level = 0; level < NEAP_CPU_LEVELS; level++) {
        ck_assert_msg(with_setting("NEAP_CPU", neap_cpu_level_at(level)->name, masks_downward), "%s",
                      neap_cpu_level_at(level)->name);
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
    const neap_kernels *kernels = neap_kernels_for(NEAP_F32), *own = NULL;
    for (int level = 0; kernels && level < NEAP_CPU_LEVELS; level++) {
        own = !strcmp(neap_cpu_level_at(level)->name, kernels->name) ? neap_kernels_of_level(level) : own;
    }
    const bool replaced = own && kernels->gemm != own->gemm;
    return own && neap_gemm_backend() == backend && replaced == (backend == 1) && kernels->gemm(kernels, &g) == 0 && six == 6;
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
