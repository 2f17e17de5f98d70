/*
 * Transcendental functions on vectors, for kernels whose speed matters. Floats use polynomials, within about 2 ulp of
 * the true value and right on NaN, infinities and denormals; doubles ask libm, lane by lane.
 */
#ifndef NEAP_KERNELS_VMATH_H
#define NEAP_KERNELS_VMATH_H

#include <math.h>

#include "simd.h"

NEAP_INLINE vreal vabs(vreal x)
{
    const vint sign = (vint)vset((real)-0.0);
    return (vreal)((vint)x & ~sign);
}

NEAP_INLINE vreal vsigmoid(vreal x)
{
    const vreal e = vexp(-vabs(x)); /* at most 1, so that the quotient neither overflows nor vanishes */
    return vquotient(vpick(x < 0, e, vset(1)), 1 + e);
}

/* The same, faster, where results below 1e-30 need not be right: below -69 it gives that of -69. */
NEAP_INLINE vreal vsigmoid_above(vreal x)
{
    const vreal near = vmax(vset(-69), vmin(vset(69), x));
    return vquotient(vset(1), 1 + vexp_normal(-near));
}

#if NEAP_F64_VARIANT

NEAP_INLINE vreal vtanh(vreal x)
{
    for (int i = 0; i < VLEN; i++)
        x[i] = tanh(x[i]);
    return x;
}

#else

/* An odd polynomial below 0.7 (Chebyshev fit, relative error 6e-9), 1 - 2 / (e^2x + 1) above. */
NEAP_INLINE vreal vtanh(vreal x)
{
    const vreal size = vabs(x), u = x * x;
    vreal q = vset(0.00206257255f);
    q = vfma(q, u, vset(-0.00810967944f));
    q = vfma(q, u, vset(0.0216843095f));
    q = vfma(q, u, vset(-0.0539463851f));
    q = vfma(q, u, vset(0.133332287f));
    q = vfma(q, u, vset(-0.333333321f));
    const vreal near = vfma(x * u, q, x);
    const vreal far = 1 - 2 / (vexp(size + size) + 1);
    const vint sign = (vint)x & (vint)vset(-0.0f);
    return vpick(size < vset(0.7f), near, (vreal)((vint)far | sign));
}

#endif

#endif
