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

/* A store that does not bring the line into the cache, where the set has one; p is aligned to a vector. vstream_end comes
 * before other threads read what was stored. */
NEAP_INLINE void vstream(real *p, vreal v)
{
#if VLEN == 16
    _mm512_stream_ps(p, (__m512)v);
#elif VLEN == 8
    _mm256_stream_ps(p, (__m256)v);
#else
    vstore(p, v);
#endif
}

NEAP_INLINE void vstream_end(void)
{
#if VLEN >= 8
    _mm_sfence();
#endif
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

/* a where m, else b; m has all bits set or none. */
NEAP_INLINE vreal vpick(vint m, vreal a, vreal b)
{
#if VLEN == 16
    return (vreal)_mm512_mask_mov_ps((__m512)b, _mm512_movepi32_mask((__m512i)m), (__m512)a);
#elif VLEN == 8
    return (vreal)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
#else
    return (vreal)((m & (vint)a) | (~m & (vint)b));
#endif
}

/* The greater or the smaller; b where they cannot be compared. */
NEAP_INLINE vreal vmax(vreal a, vreal b)
{
#if VLEN == 16
    return (vreal)_mm512_max_ps((__m512)a, (__m512)b);
#elif VLEN == 8
    return (vreal)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vpick(a > b, a, b);
#endif
}

NEAP_INLINE vreal vmin(vreal a, vreal b)
{
#if VLEN == 16
    return (vreal)_mm512_min_ps((__m512)a, (__m512)b);
#elif VLEN == 8
    return (vreal)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return vpick(a < b, a, b);
#endif
}

/* a / b, within an ulp; b from 2^-100 to 2^100. */
NEAP_INLINE vreal vquotient(vreal a, vreal b)
{
#if VLEN == 16
    const vreal r = (vreal)_mm512_rcp14_ps((__m512)b), q = a * r;
    return vfma(r, vfma(-b, q, a), q);
#else
    return a / b;
#endif
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

/* exp: x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 in r. x from -104 to 89; *magic_n is n, in the low
 * bits beside those of a constant. The result lacks the factor 2^n. */
#define EXP_MAGIC 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer, left in the low bits */

NEAP_INLINE vreal vexp_fraction(vreal x, vreal *magic_n)
{
    *magic_n = vfma(x, vset(1.44269504088896341f), vset(EXP_MAGIC));
    const vreal n = *magic_n - EXP_MAGIC;
    vreal r = vfma(n, vset(-0.693145751953125f), x);
    r = vfma(n, vset(-1.42860682030941723e-6f), r);
    vreal p = vset(1.0f / 720);
    p = vfma(p, r, vset(1.0f / 120));
    p = vfma(p, r, vset(1.0f / 24));
    p = vfma(p, r, vset(1.0f / 6));
    p = vfma(p, r, vset(0.5f));
    p = vfma(p, r, vset(1.0f));
    return vfma(p, r, vset(1.0f));
}

/* NaN stays; above 88.73 infinity; below -104 zero. n is added to the exponent so that denormal results are right: by an
 * instruction, or in two halves. */
NEAP_INLINE vreal vexp(vreal x)
{
    vreal magic_n;
    const vreal p = vexp_fraction(vmax(vset(-104.0f), vmin(vset(89.0f), x)), &magic_n);
#if VLEN == 16
    return (vreal)_mm512_scalef_ps((__m512)p, (__m512)(magic_n - EXP_MAGIC));
#else
    const vint e = (vint)magic_n - (vint)vset(EXP_MAGIC), half = e >> 1;
    const vreal first = (vreal)((half + 127) << 23), second = (vreal)((e - half + 127) << 23);
    return p * first * second;
#endif
}

/* The same for x from -87 to 87, where results are normal numbers. */
NEAP_INLINE vreal vexp_normal(vreal x)
{
    vreal magic_n;
    const vreal p = vexp_fraction(x, &magic_n);
    return (vreal)((vint)p + ((vint)magic_n << 23));
}

#else

NEAP_INLINE vreal vexp(vreal x)
{
    for (int i = 0; i < VLEN; i++) {
        x[i] = __builtin_exp(x[i]);
    }
    return x;
}

NEAP_INLINE vreal vexp_normal(vreal x)
{
    return vexp(x);
}

#endif

#endif
