/*
 * The most floating-point operations this set can do: multiply-adds on registers, enough of them under way to hide
 * their latency.
 */
#include "simd.h"

/* Independent sums; each of the units needs a result's latency times its width of them. */
#define SUMS 12

/* The kind of register that holds a vector, in inline assembly. */
#if defined(__x86_64__)
#define REGISTER "v"
#else
#define REGISTER "w"
#endif

/* Makes the compiler take the sums for values it does not know and that are needed. */
#define OPAQUE(sums)                                                                                                \
    for (int s = 0; s < SUMS; s++) {                                                                                \
        __asm__ volatile("" : "+" REGISTER(sums[s]));                                                               \
    }

#if defined(__AVX512BF16__) && !NEAP_F64_VARIANT
static double peak_pairs(int64_t iterations)
{
    __m512 sums[SUMS] = {0};
    __m512bh x = (__m512bh)_mm512_set1_epi32(0x3f803f80), y = x;
    OPAQUE(sums)
    for (int64_t i = 0; i < iterations; i++) {
        __asm__ volatile("" : "+" REGISTER(x), "+" REGISTER(y)); /* not known to be constant */
        _Pragma("GCC unroll 12") for (int s = 0; s < SUMS; s++) {
            sums[s] = _mm512_dpbf16_ps(sums[s], x, y);
        }
    }
    OPAQUE(sums)
    return 4.0 * VLEN * SUMS * (double)iterations;
}
#endif

double NEAP_KERNEL(fma_peak)(int64_t iterations, bool bf16)
{
#if defined(__AVX512BF16__) && !NEAP_F64_VARIANT
    if (bf16) {
        return peak_pairs(iterations);
    }
#endif
    (void)bf16;
    vreal sums[SUMS] = {{0}};
    vreal x = vset(1), y = vset(1);
    OPAQUE(sums)
    for (int64_t i = 0; i < iterations; i++) {
        __asm__ volatile("" : "+" REGISTER(x), "+" REGISTER(y)); /* not known to be constant */
        _Pragma("GCC unroll 12") for (int s = 0; s < SUMS; s++) {
            sums[s] = vfma(x, y, sums[s]);
        }
    }
    OPAQUE(sums)
    return 2.0 * VLEN * SUMS * (double)iterations;
}
