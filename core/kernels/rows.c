/* Softmax and its logarithm over rows, and their gradients. */
#include "vmath.h"

static real row_max(int64_t n, const real *x)
{
    vreal m = vset(-(real)INFINITY);
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN)
        m = vmax(vload(x + i), m);
    if (i < n)
        m = vmax(vload_part(x + i, n - i, -(real)INFINITY), m);
    return vmaximum(m);
}

/* y = exp(x - shift), where y is not NULL; returns the sum. */
static real row_exp(int64_t n, const real *x, real shift, real *y)
{
    vreal total = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        const vreal e = vexp(vload(x + i) - shift);
        if (y)
            vstore(y + i, e);
        total += e;
    }
    if (i < n) {
        const vreal e = vexp(vload_part(x + i, n - i, -(real)INFINITY) - shift);
        if (y)
            vstore_part(y + i, e, n - i);
        total += e;
    }
    return vsum(total);
}

static real row_dot(int64_t n, const real *a, const real *b)
{
    vreal total = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN)
        total = vfma(vload(a + i), vload(b + i), total);
    if (i < n)
        total = vfma(vload_part(a + i, n - i, 0), vload_part(b + i, n - i, 0), total);
    return vsum(total);
}

static real row_total(int64_t n, const real *x)
{
    vreal total = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN)
        total += vload(x + i);
    if (i < n)
        total += vload_part(x + i, n - i, 0);
    return vsum(total);
}

void NEAP_KERNEL(softmax)(int64_t rows, int64_t n, const void *vx, void *vy)
{
    for (int64_t r = 0; r < rows; r++) {
        const real *x = (const real *)vx + r * n;
        real *y = (real *)vy + r * n;
        const real scale = 1 / row_exp(n, x, row_max(n, x), y);
        for (int64_t i = 0; i < n; i++)
            y[i] *= scale;
    }
}

void NEAP_KERNEL(softmax_gradient)(int64_t rows, int64_t n, const void *vy, const void *vg, void *vx)
{
    for (int64_t r = 0; r < rows; r++) {
        const real *y = (const real *)vy + r * n, *g = (const real *)vg + r * n;
        real *gx = (real *)vx + r * n;
        const real dot = row_dot(n, y, g);
        for (int64_t i = 0; i < n; i++)
            gx[i] = y[i] * (g[i] - dot);
    }
}

void NEAP_KERNEL(log_softmax)(int64_t rows, int64_t n, const void *vx, void *vy)
{
    for (int64_t r = 0; r < rows; r++) {
        const real *x = (const real *)vx + r * n;
        real *y = (real *)vy + r * n;
        const real top = row_max(n, x), rest = NEAP_MATH(log)(row_exp(n, x, top, NULL));
        for (int64_t i = 0; i < n; i++)
            y[i] = x[i] - top - rest;
    }
}

void NEAP_KERNEL(log_softmax_gradient)(int64_t rows, int64_t n, const void *vy, const void *vg, void *vx)
{
    for (int64_t r = 0; r < rows; r++) {
        const real *y = (const real *)vy + r * n, *g = (const real *)vg + r * n;
        real *gx = (real *)vx + r * n;
        const real total = row_total(n, g);
        int64_t i = 0;
        for (; i + VLEN <= n; i += VLEN)
            vstore(gx + i, vload(g + i) - vexp(vload(y + i)) * total);
        if (i < n)
            vstore_part(gx + i, vload_part(g + i, n - i, 0) - vexp(vload_part(y + i, n - i, 0)) * total, n - i);
    }
}
