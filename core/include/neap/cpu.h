/*
 * The processor: its features, the named levels of them that NEAP_CPU selects, and measured speeds.
 */
#ifndef NEAP_CPU_H
#define NEAP_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a processor may offer, one bit each. A set of features is an int64_t mask of them. */
enum {
    NEAP_CPU_FMA = 1 << 0,
    NEAP_CPU_AVX = 1 << 1,
    NEAP_CPU_F16C = 1 << 2,
    NEAP_CPU_AVX2 = 1 << 3,
    NEAP_CPU_MOVBE = 1 << 4,
    NEAP_CPU_BMI1 = 1 << 5,
    NEAP_CPU_BMI2 = 1 << 6,
    NEAP_CPU_LZCNT = 1 << 7,
    NEAP_CPU_AVX512F = 1 << 8,
    NEAP_CPU_AVX512DQ = 1 << 9,
    NEAP_CPU_AVX512CD = 1 << 10,
    NEAP_CPU_AVX512BW = 1 << 11,
    NEAP_CPU_AVX512VL = 1 << 12,
    NEAP_CPU_AVX512_BF16 = 1 << 13,
};

/* The features of each named level. */
enum {
    NEAP_LEVEL_GENERIC = 0,
    NEAP_LEVEL_AVX2 = NEAP_CPU_FMA | NEAP_CPU_AVX | NEAP_CPU_F16C | NEAP_CPU_AVX2,
    NEAP_LEVEL_AVX512 = NEAP_LEVEL_AVX2 | NEAP_CPU_MOVBE | NEAP_CPU_BMI1 | NEAP_CPU_BMI2 | NEAP_CPU_LZCNT |
                        NEAP_CPU_AVX512F | NEAP_CPU_AVX512DQ | NEAP_CPU_AVX512CD | NEAP_CPU_AVX512BW | NEAP_CPU_AVX512VL,
    NEAP_LEVEL_AVX512BF16 = NEAP_LEVEL_AVX512 | NEAP_CPU_AVX512_BF16,
};

typedef struct neap_cpu_level {
    const char *name; /* "generic", "avx2", "avx512", "avx512bf16" */
    int64_t features;
} neap_cpu_level;

/* The levels, from the plainest: index < NEAP_CPU_LEVELS; NULL outside. */
#define NEAP_CPU_LEVELS 4
const neap_cpu_level *neap_cpu_level_at(int index);

/* The name of the last level whose features are all in `features`. */
const char *neap_cpu_level_name(int64_t features);

/* The features that the processor has, whose registers the system saves, and that this build has kernels for. */
int64_t neap_cpu_supported(void);

/* The features in use: those supported, reduced to a level by NEAP_CPU, which is read on the first call. -1 with a message where
 * NEAP_CPU names no level. */
int64_t neap_cpu_features(void);

const char *neap_cpu_name(void); /* the processor's brand string */

/* Who does matrix products: "neap" or, by NEAP_GEMM, "openblas". NULL with a message for another NEAP_GEMM, and where OpenBLAS
 * cannot be loaded. */
const char *neap_gemm_name(void);
/* The version and kernels of the OpenBLAS library, which it loads; NULL with a message where that fails. */
const char *neap_openblas_name(void);

/* How many times as fast a matrix product is in bf16 as in fp32, with the features and threads in use. 0: there is no
 * instruction for bf16, so rounding would only cost time. Measured on the first call, in about 20 ms, and kept. -1 with a message
 * where there is no memory for it. */
double neap_bf16_speed(void);

/* Floating-point operations per second of all threads together, measured with multiply-adds on registers in about 0.1 s;
 * with `bf16` those of products of bf16, where there is an instruction for them. */
double neap_fma_peak(bool bf16);

/* Bytes per second, read and written together, at which all threads copy an array of so many bytes, measured once. -1 with a
 * message where there is no memory for the array and its copy. */
double neap_copy_rate(size_t bytes);

#endif
