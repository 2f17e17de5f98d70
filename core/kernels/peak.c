/*
 * The peak rate of a set: multiply-adds on registers, enough independent ones to hide their latency.
 */
#include "simd.h"

/* Independent sums: at least the latency of a multiply-add times the number of units. */
#define SUMS 12

/* The kind of register that holds a vector, in inline assembly. */
#if defined(__x86_64__)
#define REGISTER "v"
#else
#define REGISTER "w"
#endif

/* Hides the values from the compiler and makes it keep them. */
#define OPAQUE(sums)                                                                                                \
    for (int s = 0; s < SUMS; s++) {                                                                                \
        __asm__ volatile("" : "+" REGISTER(sums[s]));                                                               \
    }

#if NEAP_ONLY_BF16
#define KIND __m512bh
#define ONE ((__m512bh)_mm512_set1_epi32(0x3f803f80))
#define MULTIPLY_ADD(x, y, sum) ((vreal)_mm512_dpbf16_ps((__m512)(sum), x, y))
#define OPERATIONS 4.0
#else
#define KIND vreal
#define ONE vset(1)
#define MULTIPLY_ADD(x, y, sum) vfma(x, y, sum)
#define OPERATIONS 2.0
#endif

static double peak(int64_t iterations)
{
    vreal sums[SUMS] = {{0}};
    KIND x = ONE, y = ONE;
    OPAQUE(sums)
    for (int64_t i = 0; i < iterations; i++) {
        __asm__ volatile("" : "+" REGISTER(x), "+" REGISTER(y)); /* hides that they are constant */
        _Pragma("GCC unroll 12") for (int s = 0; s < SUMS; s++) {
            sums[s] = MULTIPLY_ADD(x, y, sums[s]);
        }
    }
    OPAQUE(sums)
    return OPERATIONS * VLEN * SUMS * (double)iterations;
}

double NEAP_KERNEL(bf16_peak)(int64_t iterations)
{
    return peak(iterations);
}

#if !NEAP_ONLY_BF16
double NEAP_KERNEL(fma_peak)(int64_t iterations)
{
    return peak(iterations);
}
#endif
