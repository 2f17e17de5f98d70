/*
 * Vectors of the widest size a variant has, in the compiler's vector extension: the same source serves every set.
 *
 * VLEN lanes of `real` in a vreal. Loads and stores need no alignment.
 */
#ifndef NEAP_KERNELS_SIMD_H
#define NEAP_KERNELS_SIMD_H

#include <stdint.h>
#include <string.h>

#include "variant.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if NEAP_F64_VARIANT
#define VBYTES 16
#define VLEN 2
typedef int64_t vlane;
#elif defined(__AVX512F__)
#define VBYTES 64
#define VLEN 16
typedef int32_t vlane;
#elif defined(__AVX2__)
#define VBYTES 32
#define VLEN 8
typedef int32_t vlane;
#else
#define VBYTES 16
#define VLEN 4
typedef int32_t vlane;
#endif

typedef real vreal __attribute__((vector_size(VBYTES), may_alias));
typedef real vreal_unaligned __attribute__((vector_size(VBYTES), aligned(4), may_alias));
typedef vlane vint __attribute__((vector_size(VBYTES), may_alias));

NEAP_INLINE vreal vload(const real *p)
{
    return *(const vreal_unaligned *)p;
}

NEAP_INLINE void vstore(real *p, vreal v)
{
    *(vreal_unaligned *)p = v;
}

NEAP_INLINE vreal vset(real x)
{
    return x - (vreal){0}; /* minus keeps the sign of -0 */
}

/* The first n lanes, n < VLEN; the others read as `fill`, and are not written. */
NEAP_INLINE vreal vload_part(const real *p, int64_t n, real fill)
{
#if VLEN == 16
    return (vreal)_mm512_mask_loadu_ps((__m512)vset(fill), (__mmask16)((1u << n) - 1), p);
#else
    vreal v = vset(fill);
    memcpy(&v, p, (size_t)n * sizeof(real));
    return v;
#endif
}

NEAP_INLINE void vstore_part(real *p, vreal v, int64_t n)
{
#if VLEN == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
    memcpy(p, &v, (size_t)n * sizeof(real));
#endif
}

/* a b + c, rounded once where the set has such an instruction. */
NEAP_INLINE vreal vfma(vreal a, vreal b, vreal c)
{
#if VLEN == 16
    return (vreal)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif VLEN == 8
    return (vreal)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* The greater; b where they cannot be compared. */
NEAP_INLINE vreal vmax(vreal a, vreal b)
{
    const vint m = a > b;
    return (vreal)((m & (vint)a) | (~m & (vint)b));
}

/* Lanes are paired in a fixed tree: lane i with lane i + VLEN / 2, and so on. */
NEAP_INLINE real vsum(vreal v)
{
    for (int half = VLEN / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            v[i] += v[i + half];
        }
    }
    return v[0];
}

NEAP_INLINE real vmaximum(vreal v)
{
    real m = v[0];
    for (int i = 1; i < VLEN; i++) {
        m = v[i] > m ? v[i] : m;
    }
    return m;
}

#if !NEAP_F64_VARIANT

/* exp: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r, n added to the exponent in two halves so
 * that denormal results are right. NaN stays; above 88.73 infinity; below -104 zero. */
NEAP_INLINE vreal vexp(vreal x)
{
    const vreal top = vset(89.0f), bottom = vset(-104.0f);
    const vint high = x > top, low = x < bottom;
    vreal c = (vreal)((high & (vint)top) | (~high & (vint)x));
    c = (vreal)((low & (vint)bottom) | (~low & (vint)c));
    const vreal magic = vset(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer, left in the low bits */
    const vreal shifted = vfma(c, vset(1.44269504088896341f), magic);
    const vreal n = shifted - magic;
    vreal r = vfma(n, vset(-0.693145751953125f), c);
    r = vfma(n, vset(-1.42860682030941723e-6f), r);
    vreal p = vset(1.0f / 720);
    p = vfma(p, r, vset(1.0f / 120));
    p = vfma(p, r, vset(1.0f / 24));
    p = vfma(p, r, vset(1.0f / 6));
    p = vfma(p, r, vset(0.5f));
    p = vfma(p, r, vset(1.0f));
    p = vfma(p, r, vset(1.0f));
    const vint e = (vint)shifted - (vint)magic, half = e >> 1;
    const vreal first = (vreal)((half + 127) << 23), second = (vreal)((e - half + 127) << 23);
    return p * first * second;
}

#else

NEAP_INLINE vreal vexp(vreal x)
{
    for (int i = 0; i < VLEN; i++) {
        x[i] = __builtin_exp(x[i]);
    }
    return x;
}

#endif

#endif
