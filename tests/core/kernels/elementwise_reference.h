/*
 * Elementwise functions in long double, and how far the kernels may be from them.
 */
#ifndef NEAP_ELEMENTWISE_REFERENCE_H
#define NEAP_ELEMENTWISE_REFERENCE_H

#include "table_test.h"

typedef long double (*unary_reference)(long double x, long double p, long double q);
typedef long double (*binary_reference)(long double a, long double b);

#define GELU_SLOPE 0.797884560802865355879892119868763737L /* sqrt(2 / pi) */
#define GELU_CUBE 0.044715L

#define DEFINE(name, expression)                                                                                    \
    static inline long double want_##name(long double x, long double p, long double q)                              \
    {                                                                                                               \
        (void)p, (void)q;                                                                                           \
        return expression;                                                                                          \
    }
DEFINE(neg, -x)
DEFINE(exp, expl(x))
DEFINE(log, logl(x))
DEFINE(sqrt, sqrtl(x))
DEFINE(rsqrt, 1 / sqrtl(x))
DEFINE(abs, fabsl(x))
DEFINE(sign, isnan(x) ? x : (x > 0) - (x < 0))
DEFINE(sin, sinl(x))
DEFINE(cos, cosl(x))
DEFINE(tanh, tanhl(x))
DEFINE(erf, erfl(x))
DEFINE(sigmoid, 1 / (1 + expl(-x)))
DEFINE(silu, x / (1 + expl(-x)))
DEFINE(gelu, x * erfcl(-x * sqrtl(0.5L)) / 2)
DEFINE(gelu_tanh, x * (1 + tanhl(GELU_SLOPE * (x + GELU_CUBE * x * x * x))) / 2)
DEFINE(relu, isnan(x) ? x : fmaxl(x, 0))
DEFINE(softplus, isnan(x) ? x : fmaxl(x, 0) + log1pl(expl(-fabsl(x))))
DEFINE(square, x *x)
DEFINE(reciprocal, 1 / x)
DEFINE(floor, floorl(x))
DEFINE(leaky_relu, x > 0 ? x : p *x)
DEFINE(clamp, isnan(x) ? x : fminl(fmaxl(x, p), q))
DEFINE(affine, p *x + q)
DEFINE(power, powl(x, p))
#undef DEFINE

/* |got - want| <= ulps ulp(want) + slack u (|x| + |q|), u the rounding unit: where a sum nearly cancels, as in 1 + erf,
 * the error is that of its terms. Functions by libm keep to 1 ulp, roots and quotients to rounding. */
typedef struct unary_case {
    const char *name;
    unary_reference want;
    double ulps, slack;
    bool flushes; /* denormal results may be 0 */
} unary_case;

static const unary_case unary_cases[NEAP_UNARY_COUNT] = {
    [NEAP_K_neg] = {"neg", want_neg, 0, 0, false},
    [NEAP_K_exp] = {"exp", want_exp, 3, 0, false}, /* r^7 / 5040, which Taylor leaves out, is 2 ulp at r = -ln 2 / 2 */
    [NEAP_K_log] = {"log", want_log, 1, 0, false},
    [NEAP_K_sqrt] = {"sqrt", want_sqrt, 0.5, 0, false},
    [NEAP_K_rsqrt] = {"rsqrt", want_rsqrt, 1.5, 0, false},
    [NEAP_K_abs] = {"abs", want_abs, 0, 0, false},
    [NEAP_K_sign] = {"sign", want_sign, 0, 0, false},
    [NEAP_K_sin] = {"sin", want_sin, 1, 0, false},
    [NEAP_K_cos] = {"cos", want_cos, 1, 0, false},
    [NEAP_K_tanh] = {"tanh", want_tanh, 3, 0, false},
    [NEAP_K_erf] = {"erf", want_erf, 2, 0, false},
    [NEAP_K_sigmoid] = {"sigmoid", want_sigmoid, 4, 0, true},
    [NEAP_K_silu] = {"silu", want_silu, 5, 0, true},
    [NEAP_K_gelu] = {"gelu", want_gelu, 2, 3, true},
    [NEAP_K_gelu_tanh] = {"gelu_tanh", want_gelu_tanh, 2, 6, true},
    [NEAP_K_relu] = {"relu", want_relu, 0, 0, false},
    [NEAP_K_softplus] = {"softplus", want_softplus, 3, 0, false},
    [NEAP_K_square] = {"square", want_square, 0.5, 0, false},
    [NEAP_K_reciprocal] = {"reciprocal", want_reciprocal, 0.5, 0, false},
    [NEAP_K_floor] = {"floor", want_floor, 0, 0, false},
    [NEAP_K_leaky_relu] = {"leaky_relu", want_leaky_relu, 0.5, 0, false},
    [NEAP_K_clamp] = {"clamp", want_clamp, 0, 0, false},
    [NEAP_K_affine] = {"affine", want_affine, 1, 2, false},
    [NEAP_K_power] = {"power", want_power, 1, 0, false},
};

static inline long double maximum(long double a, long double b)
{
    return isnan(a) || isnan(b) ? NAN : fmaxl(a, b);
}

static inline long double minimum(long double a, long double b)
{
    return isnan(a) || isnan(b) ? NAN : fminl(a, b);
}

#define DEFINE(name, expression)                                                                                    \
    static inline long double want_##name(long double a, long double b)                                             \
    {                                                                                                               \
        return expression;                                                                                          \
    }
DEFINE(add, a + b)
DEFINE(sub, a - b)
DEFINE(mul, a *b)
DEFINE(div, a / b)
DEFINE(maximum, maximum(a, b))
DEFINE(minimum, minimum(a, b))
#undef DEFINE

/* Derivatives of the functions above, times b. */
static inline long double want_silu_gradient(long double a, long double b)
{
    const long double s = 1 / (1 + expl(-a));
    return b * s * (1 + a * (1 - s));
}

static inline long double want_gelu_gradient(long double a, long double b)
{
    return b * (erfcl(-a * sqrtl(0.5L)) / 2 + a * expl(-a * a / 2) / sqrtl(2 * acosl(-1)));
}

static inline long double want_gelu_tanh_gradient(long double a, long double b)
{
    const long double t = tanhl(GELU_SLOPE * (a + GELU_CUBE * a * a * a));
    return b * ((1 + t) / 2 + a * (1 - t * t) * GELU_SLOPE * (1 + 3 * GELU_CUBE * a * a) / 2);
}

/* |got - want| <= ulps ulp(want) + slack u (1 + |a|) |b| */
typedef struct binary_case {
    const char *name;
    binary_reference want;
    double ulps, slack;
} binary_case;

static const binary_case binary_cases[NEAP_BINARY_COUNT] = {
    [NEAP_K_add] = {"add", want_add, 0.5, 0},
    [NEAP_K_sub] = {"sub", want_sub, 0.5, 0},
    [NEAP_K_mul] = {"mul", want_mul, 0.5, 0},
    [NEAP_K_div] = {"div", want_div, 0.5, 0},
    [NEAP_K_maximum] = {"maximum", want_maximum, 0, 0},
    [NEAP_K_minimum] = {"minimum", want_minimum, 0, 0},
    [NEAP_K_silu_gradient] = {"silu_gradient", want_silu_gradient, 4, 8},
    [NEAP_K_gelu_gradient] = {"gelu_gradient", want_gelu_gradient, 2, 6},
    [NEAP_K_gelu_tanh_gradient] = {"gelu_tanh_gradient", want_gelu_tanh_gradient, 2, 24},
};

#endif
