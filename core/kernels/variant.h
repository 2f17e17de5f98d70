/*
 * What the sources of a set share: the suffix of their symbols, their element type, and the declarations of their kernels.
 *
 * The compiler's command line names the set: -DNEAP_ISA=generic|avx2|avx512|avx512bf16|f64; for f64 also -DNEAP_REAL=double,
 * for sets that fill the BF16 rows of kernels.def alone -DNEAP_ONLY_BF16=1.
 */
#ifndef NEAP_KERNELS_VARIANT_H
#define NEAP_KERNELS_VARIANT_H

#include "kernels.h"

#define NEAP_JOIN_(a, b) a##b
#define NEAP_JOIN(a, b) NEAP_JOIN_(a, b)
#define NEAP_TEXT_(a) #a
#define NEAP_TEXT(a) NEAP_TEXT_(a)

#define NEAP_VARIANT(name) NEAP_JOIN(name##_, NEAP_ISA)
#define NEAP_VARIANT_NAME NEAP_TEXT(NEAP_ISA)

#ifndef NEAP_ONLY_BF16
#define NEAP_ONLY_BF16 0
#endif

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

#define NEAP_INLINE static inline __attribute__((always_inline))

/* What kernels.def lists, in this set. */
#define NEAP_PRODUCT(name) NEAP_VARIANT(neap_product_##name)
#define NEAP_UNARY(name) NEAP_VARIANT(neap_unary_##name)
#define NEAP_BINARY(name) NEAP_VARIANT(neap_binary_##name)
#define NEAP_COMPARE(name) NEAP_VARIANT(neap_compare_##name)
#define NEAP_KERNEL(name) NEAP_VARIANT(neap_kernel_##name)

#define PRODUCT(tag, name) extern const neap_product NEAP_PRODUCT(name);
#define UNARY(name) neap_unary_fn NEAP_UNARY(name);
#define BINARY(name) neap_binary_fn NEAP_BINARY(name);
#define COMPARE(name) neap_compare_fn NEAP_COMPARE(name);
#define KERNEL(tag, name, type, parameters) type NEAP_KERNEL(name) parameters;
#include "kernels.def"

/* Puts them into a table (fill.c). */
void NEAP_VARIANT(neap_fill)(neap_kernels *table);

#endif
