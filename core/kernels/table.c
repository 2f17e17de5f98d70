/*
 * The tables of kernels: one per instruction set for f32 and one for f64, built once and never changed after.
 */
#include "kernels.h"
#include "openblas.h"
#include "variant.h"

#include <neap/error.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void fill_fn(neap_kernels *table);

static fill_fn *const fills[NEAP_ISA_COUNT] = {
    [NEAP_ISA_GENERIC] = neap_fill_all_generic,
#ifdef NEAP_HAVE_X86_VARIANTS
    [NEAP_ISA_AVX2] = neap_fill_all_avx2,
    [NEAP_ISA_AVX512] = neap_fill_all_avx512,
    [NEAP_ISA_AVX512BF16] = neap_fill_all_avx512bf16,
#endif
};

enum { GEMM_NEAP, GEMM_OPENBLAS, GEMM_COUNT };
static const char *const gemm_names[GEMM_COUNT] = {"neap", "openblas"};

static pthread_once_t built = PTHREAD_ONCE_INIT;
static neap_kernels f32_tables[NEAP_ISA_COUNT]; /* each set as it is */
static neap_kernels f32_active, f64_active;     /* what the ops use: NEAP_CPU and NEAP_GEMM applied */
static int gemm_backend;
static char gemm_failure[512]; /* why there is no backend */

/* Index of a name that NEAP_GEMM may hold; -1 for any other. */
static int parse_gemm(const char *name)
{
    for (int i = 0; i < GEMM_COUNT; i++) {
        if (!strcmp(name, gemm_names[i])) {
            return i;
        }
    }
    return -1;
}

static void choose_gemm(void)
{
    const char *wanted = getenv("NEAP_GEMM");
    gemm_backend = wanted && *wanted ? parse_gemm(wanted) : GEMM_NEAP;
    if (gemm_backend < 0) {
        snprintf(gemm_failure, sizeof gemm_failure, "NEAP_GEMM: expected neap or openblas, got '%.64s'", wanted);
    }
}

static void install_openblas(void)
{
    if (neap_openblas_install(&f32_active, NEAP_F32) == 0 && neap_openblas_install(&f64_active, NEAP_F64) == 0) {
        return;
    }
    gemm_backend = -1;
    snprintf(gemm_failure, sizeof gemm_failure, "NEAP_GEMM: %s", neap_error_message());
    neap_error_clear();
}

static void build(void)
{
    for (int isa = 0; isa <= (int)neap_isa_supported(); isa++) {
        for (int lower = 0; lower <= isa; lower++) {
            if (fills[lower]) {
                fills[lower](&f32_tables[isa]);
            }
        }
    }
    neap_fill_all_f64(&f64_active);
    const int active = neap_isa_active();
    f32_active = f32_tables[active < 0 ? 0 : active];
    choose_gemm();
    if (gemm_backend == GEMM_OPENBLAS) {
        install_openblas();
    }
}

const neap_kernels *neap_kernels_for(neap_dtype dtype)
{
    pthread_once(&built, build);
    if (neap_isa_active() < 0 || neap_gemm_backend() < 0) {
        return NULL;
    }
    if (dtype != NEAP_F32 && dtype != NEAP_F64) {
        return neap_fail_null("kernels: expected f32 or f64, got %s", neap_dtype_name(dtype));
    }
    return dtype == NEAP_F32 ? &f32_active : &f64_active;
}

const neap_kernels *neap_kernels_of_isa(neap_isa isa)
{
    pthread_once(&built, build);
    return (unsigned)isa <= (unsigned)neap_isa_supported() && fills[isa] ? &f32_tables[isa] : NULL;
}

int neap_gemm_backend(void)
{
    pthread_once(&built, build);
    if (gemm_backend < 0) {
        return neap_fail("%s", gemm_failure);
    }
    return gemm_backend;
}

const char *neap_gemm_name(void)
{
    int backend = neap_gemm_backend();
    return backend < 0 ? NULL : gemm_names[backend];
}
