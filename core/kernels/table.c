/*
 * The tables of kernels for f32 and f64: filled once by the sets whose features may be used, and never changed after.
 */
#include "kernels.h"
#include "openblas.h"
#include "variant.h"

#include <neap/error.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET(name, needs) void neap_fill_##name(neap_kernels *table);
#include "sets.def"
void neap_fill_f64(neap_kernels *table);

static const struct {
    int64_t needs;
    void (*fill)(neap_kernels *table);
} sets[] = {
#define SET(name, needs) {needs, neap_fill_##name},
#include "sets.def"
};

enum { GEMM_NEAP, GEMM_OPENBLAS, GEMM_COUNT };
static const char *const gemm_names[GEMM_COUNT] = {"neap", "openblas"};

static pthread_once_t built = PTHREAD_ONCE_INIT;
static neap_kernels f32_active, f64_active; /* what the ops use: NEAP_CPU and NEAP_GEMM applied */
static int gemm_backend;
static char gemm_failure[512]; /* the message where there is no backend */

/* The index of a value of NEAP_GEMM; -1 where it names no backend. */
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

/* With the sets that need no other features, each over the ones before it. */
static void fill(neap_kernels *table, int64_t features)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if ((sets[i].needs & ~features) == 0) {
            sets[i].fill(table);
        }
    }
}

static void build(void)
{
    const int64_t features = neap_cpu_features();
    fill(&f32_active, features < 0 ? 0 : features);
    neap_fill_f64(&f64_active);
    choose_gemm();
    if (gemm_backend == GEMM_OPENBLAS) {
        install_openblas();
    }
}

const neap_kernels *neap_kernels_for(neap_dtype dtype)
{
    pthread_once(&built, build);
    if (neap_cpu_features() < 0 || neap_gemm_backend() < 0) {
        return NULL;
    }
    if (dtype != NEAP_F32 && dtype != NEAP_F64) {
        return neap_fail_null("kernels: expected f32 or f64, got %s", neap_dtype_name(dtype));
    }
    return dtype == NEAP_F32 ? &f32_active : &f64_active;
}

static neap_kernels level_tables[NEAP_CPU_LEVELS];

static void build_levels(void)
{
    for (int i = 0; i < NEAP_CPU_LEVELS; i++) {
        fill(&level_tables[i], neap_cpu_level_at(i)->features & neap_cpu_supported());
    }
}

const neap_kernels *neap_kernels_of_level(int level)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_levels);
    const neap_cpu_level *l = neap_cpu_level_at(level);
    return l && (l->features & ~neap_cpu_supported()) == 0 ? &level_tables[level] : NULL;
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
