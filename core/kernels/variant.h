/*
 * What the sources compiled once per instruction set share: the suffix of their symbols, their element type, and the
 * functions that fill the table.
 *
 * A variant is chosen on the compiler's command line: -DNEAP_ISA=generic|avx2|avx512|avx512bf16|f64, and for f64 also
 * -DNEAP_REAL=double. Each file exports one function, NEAP_VARIANT(neap_fill_<file>), which puts its kernels into the
 * table.
 */
#ifndef NEAP_KERNELS_VARIANT_H
#define NEAP_KERNELS_VARIANT_H

#include "kernels.h"

/* The entry of each variant, for the code that is compiled once. */
void neap_fill_all_generic(neap_kernels *table);
void neap_fill_all_avx2(neap_kernels *table);
void neap_fill_all_avx512(neap_kernels *table);
void neap_fill_all_avx512bf16(neap_kernels *table);
void neap_fill_all_f64(neap_kernels *table);

#ifdef NEAP_ISA

#define NEAP_JOIN_(a, b) a##b
#define NEAP_JOIN(a, b) NEAP_JOIN_(a, b)
#define NEAP_TEXT_(a) #a
#define NEAP_TEXT(a) NEAP_TEXT_(a)

#define NEAP_VARIANT(name) NEAP_JOIN(name##_, NEAP_ISA)
#define NEAP_VARIANT_NAME NEAP_TEXT(NEAP_ISA)

#ifndef NEAP_REAL
#define NEAP_REAL float
#endif
typedef NEAP_REAL real;

/* 1 in the f64 variant, 0 elsewhere; for #if, where a type cannot be asked for. */
#define NEAP_REAL_IS_float 0
#define NEAP_REAL_IS_double 1
#define NEAP_F64_VARIANT NEAP_JOIN(NEAP_REAL_IS_, NEAP_REAL)

/* The function of <math.h> for `real`: NEAP_MATH(exp) is expf or exp. */
#if NEAP_F64_VARIANT
#define NEAP_MATH(name) name
#else
#define NEAP_MATH(name) name##f
#endif

void NEAP_VARIANT(neap_fill_elementwise)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_compare)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_reduce)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_rows)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_norm)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_optimizer)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_convert)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_gemm)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_conv)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_set_norm)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_attention)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_weigh)(neap_kernels *table);
void NEAP_VARIANT(neap_fill_peak)(neap_kernels *table);

#endif /* NEAP_ISA */

#endif
