/*
 * The processor, as cpuid and XGETBV tell it, and the instruction set chosen for the kernels.
 */
#ifndef NEAP_CPU_H
#define NEAP_CPU_H

#include <stdbool.h>

/* In ascending order: each set includes those before it. */
typedef enum neap_isa {
    NEAP_ISA_GENERIC,
    NEAP_ISA_AVX2,       /* with FMA and F16C */
    NEAP_ISA_AVX512,     /* F, BW, DQ, VL, CD */
    NEAP_ISA_AVX512BF16,
    NEAP_ISA_COUNT
} neap_isa;

const char *neap_isa_name(neap_isa isa);        /* "generic", "avx2", "avx512", "avx512bf16" */
int neap_isa_parse(const char *name);           /* an neap_isa, or -1 with a message */
neap_isa neap_isa_supported(void);              /* the highest that processor and system support */

/* The set in use: the highest supported, masked downward by NEAP_CPU when first asked. An unknown NEAP_CPU fails
 * with a message, -1. */
int neap_isa_active(void);

const char *neap_cpu_name(void);                /* the processor's brand string */

/* Who does matrix products: "neap" or, by NEAP_GEMM, "openblas". NULL with a message for another NEAP_GEMM, and where OpenBLAS
 * cannot be loaded. */
const char *neap_gemm_name(void);
/* The OpenBLAS at hand: version and kernels. Loads it; NULL with a message where that fails. */
const char *neap_openblas_name(void);

/* How many times faster than in fp32 a matrix product runs in bf16, with the instruction set and the threads in use. 0: the set
 * has no instruction for bf16, so rounding could only cost. Measured on the first call, in about 20 ms, and remembered. -1 with
 * a message where there is no memory for it. */
double neap_bf16_speed(void);

/* Floating-point operations a second of all threads together, measured with multiply-adds on registers (some 0.1 s);
 * with `bf16` those of products of bf16 where the set in use has them. */
double neap_fma_peak(bool bf16);

#endif
