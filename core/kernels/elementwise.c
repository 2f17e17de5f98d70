/*
 * Elementwise kernels. Functions that matter for speed are written on vectors; the rest are plain loops, which the
 * compiler vectorises where they do not call libm.
 */
#include "vmath.h"

#define M(name) NEAP_MATH(name)
#define UNUSED(p, q) (void)(p), (void)(q)

/* An expression in x, p and q. */
#define SCALAR(name, expression)                                                                                    \
    void NEAP_UNARY(name)(int64_t n, const void *vx, void *vy, double dp, double dq)                                \
    {                                                                                                               \
        const real p = (real)dp, q = (real)dq, *in = vx;                                                            \
        real *out = vy;                                                                                             \
        UNUSED(p, q);                                                                                               \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++)                                                        \
        {                                                                                                           \
            const real x = in[i];                                                                                   \
            out[i] = expression;                                                                                    \
        }                                                                                                           \
    }

/* The same on vectors. */
#define VECTOR(name, expression)                                                                                    \
    static inline vreal name##_lanes(vreal x)                                                                       \
    {                                                                                                               \
        return expression;                                                                                          \
    }                                                                                                               \
    void NEAP_UNARY(name)(int64_t n, const void *vx, void *vy, double p, double q)                                  \
    {                                                                                                               \
        const real *x = vx;                                                                                         \
        real *y = vy;                                                                                               \
        int64_t i = 0;                                                                                              \
        UNUSED(p, q);                                                                                               \
        for (; i + VLEN <= n; i += VLEN)                                                                            \
            vstore(y + i, name##_lanes(vload(x + i)));                                                              \
        if (i < n)                                                                                                  \
            vstore_part(y + i, name##_lanes(vload_part(x + i, n - i, 0)), n - i);                                   \
    }

#define SQRT_HALF ((real)0.70710678118654752)
#define GELU_SLOPE ((real)0.79788456080286536) /* sqrt(2 / pi) */
#define GELU_CUBE ((real)0.044715)

static inline vreal gelu_inner(vreal x)
{
    return x * vfma(x * x, vset(GELU_SLOPE * GELU_CUBE), vset(GELU_SLOPE));
}

SCALAR(neg, -x)
VECTOR(exp, vexp(x))
SCALAR(log, M(log)(x))
SCALAR(sqrt, M(sqrt)(x))
SCALAR(rsqrt, 1 / M(sqrt)(x))
SCALAR(abs, M(fabs)(x))
SCALAR(sign, x > 0 ? 1 : x < 0 ? -1 : x) /* 0 and NaN stay */
SCALAR(sin, M(sin)(x))
SCALAR(cos, M(cos)(x))
VECTOR(tanh, vtanh(x))
SCALAR(erf, M(erf)(x))
VECTOR(sigmoid, vsigmoid(x))
VECTOR(silu, x *vsigmoid(x))
SCALAR(gelu, x * (real)0.5 * (1 + M(erf)(x * SQRT_HALF)))
VECTOR(gelu_tanh, x *(real)0.5 * (1 + vtanh(gelu_inner(x))))
SCALAR(relu, x < 0 ? 0 : x) /* NaN stays */
SCALAR(softplus, (x > 0 ? x : 0) + M(log1p)(M(exp)(-M(fabs)(x))))
SCALAR(square, x *x)
SCALAR(reciprocal, 1 / x)
SCALAR(floor, M(floor)(x))
SCALAR(leaky_relu, x > 0 ? x : p *x)
SCALAR(clamp, x < p ? p : x > q ? q : x)
SCALAR(affine, p *x + q)
SCALAR(power, M(pow)(x, p))

/* --- Two arguments ----------------------------------------------------------------------------------------------- */

#define BINARY(name, expression)                                                                                    \
    void NEAP_BINARY(name)(int64_t n, const void *va, int64_t as, const void *vb, int64_t bs, void *vy)             \
    {                                                                                                               \
        const real *in_a = va, *in_b = vb;                                                                          \
        real *out = vy;                                                                                             \
        if (as == 1 && bs == 1)                                                                                     \
            BINARY_LOOP(in_a[i], in_b[i], expression)                                                               \
        else if (as == 1 && bs == 0)                                                                                \
            BINARY_LOOP(in_a[i], in_b[0], expression)                                                               \
        else if (as == 0 && bs == 1)                                                                                \
            BINARY_LOOP(in_a[0], in_b[i], expression)                                                               \
        else                                                                                                        \
            BINARY_LOOP(in_a[i * as], in_b[i * bs], expression)                                                     \
    }
#define BINARY_LOOP(left, right, expression)                                                                        \
    {                                                                                                               \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++)                                                        \
        {                                                                                                           \
            const real a = left, b = right;                                                                         \
            out[i] = expression;                                                                                    \
        }                                                                                                           \
    }

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(div, a / b)
BINARY(maximum, a > b || a != a ? a : b) /* a NaN on either side stays */
BINARY(minimum, a < b || a != a ? a : b)

/* Gradients dy f'(x); used on plain arrays, right for any strides. */
static inline vreal take(const real *p, int64_t step, int64_t n)
{
    vreal v = {0};
    if (step == 1 && n >= VLEN)
        return vload(p);
    for (int64_t i = 0; i < n && i < VLEN; i++)
        v[i] = p[i * step];
    return v;
}

#define SLOPE(name, expression)                                                                                     \
    static inline vreal name##_slope(vreal x)                                                                       \
    {                                                                                                               \
        return expression;                                                                                          \
    }                                                                                                               \
    void NEAP_BINARY(name##_gradient)(int64_t n, const void *vx, int64_t xs, const void *vg, int64_t gs, void *vy)  \
    {                                                                                                               \
        const real *x = vx, *g = vg;                                                                                \
        real *y = vy;                                                                                               \
        int64_t i = 0;                                                                                              \
        for (; xs == 1 && gs == 1 && i + VLEN <= n; i += VLEN)                                                      \
            vstore(y + i, vload(g + i) * name##_slope(vload(x + i)));                                               \
        for (; i < n; i += VLEN) {                                                                                  \
            const vreal gx = take(g + i * gs, gs, n - i) * name##_slope(take(x + i * xs, xs, n - i));               \
            vstore_part(y + i, gx, n - i < VLEN ? n - i : VLEN);                                                    \
        }                                                                                                           \
    }

static inline vreal silu_rise(vreal x)
{
    const vreal s = vsigmoid(x);
    return s * (1 + x * (1 - s));
}

/* Phi(x) + x phi(x) */
static inline vreal gelu_rise(vreal x)
{
    vreal below = x * SQRT_HALF;
    for (int i = 0; i < VLEN; i++)
        below[i] = M(erf)(below[i]);
    return (real)0.5 * (1 + below) + x * vexp(x * x * (real)-0.5) * (real)0.39894228040143268;
}

static inline vreal gelu_tanh_rise(vreal x)
{
    const vreal t = vtanh(gelu_inner(x));
    const vreal inner = vfma(x * x, vset(3 * GELU_SLOPE * GELU_CUBE), vset(GELU_SLOPE));
    return (real)0.5 * (1 + t) + (real)0.5 * x * (1 - t * t) * inner;
}

SLOPE(silu, silu_rise(x))
SLOPE(gelu, gelu_rise(x))
SLOPE(gelu_tanh, gelu_tanh_rise(x))
