/* Conversions between the table's real and every dtype: to nearest even, integers saturated, NaN to integer 0. */
#include <math.h>
#include <string.h>

#include "variant.h"

typedef void convert_fn(int64_t n, const void *x, void *y);

static inline uint16_t to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float from_bf16(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

static inline int32_t to_i32(real x)
{
    return x != x ? 0 : x >= (real)2147483648.0 ? INT32_MAX : x <= (real)-2147483648.0 ? INT32_MIN : (int32_t)x;
}

static inline uint8_t to_u8(real x)
{
    return !(x > 0) ? 0 : x >= 255 ? 255 : (uint8_t)x;
}

#define CONVERT(name, from, to, expression)                                                                         \
    static void name(int64_t n, const void *vx, void *vy)                                                           \
    {                                                                                                               \
        const from *x = vx;                                                                                         \
        to *y = vy;                                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                             \
            y[i] = expression;                                                                                      \
    }

CONVERT(real_to_f32, real, float, (float)x[i])
CONVERT(real_to_f64, real, double, (double)x[i])
CONVERT(real_to_bf16, real, uint16_t, to_bf16((float)x[i]))
CONVERT(real_to_i32, real, int32_t, to_i32(x[i]))
CONVERT(real_to_u8, real, uint8_t, to_u8(x[i]))
CONVERT(f32_to_real, float, real, (real)x[i])
CONVERT(f64_to_real, double, real, (real)x[i])
CONVERT(bf16_to_real, uint16_t, real, (real)from_bf16(x[i]))
CONVERT(i32_to_real, int32_t, real, (real)x[i])
CONVERT(u8_to_real, uint8_t, real, (real)x[i])

void NEAP_KERNEL(to_dtype)(int64_t n, const void *x, neap_dtype dtype, void *y)
{
    static convert_fn *const to[NEAP_DTYPE_COUNT] = {real_to_f32, real_to_f64, real_to_bf16, real_to_i32, real_to_u8};
    to[dtype](n, x, y);
}

void NEAP_KERNEL(from_dtype)(int64_t n, neap_dtype dtype, const void *x, void *y)
{
    static convert_fn *const from[NEAP_DTYPE_COUNT] = {f32_to_real, f64_to_real, bf16_to_real, i32_to_real, u8_to_real};
    from[dtype](n, x, y);
}
