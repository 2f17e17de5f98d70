/*
 * Layer norm and RMS norm with an optional scale and shift per group of rows, their gradients, and the gated residual.
 * Statistics are taken in two passes over a row that is in cache.
 */
#include "vmath.h"

static real row_mean(int64_t n, const real *x)
{
    vreal total = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN)
        total += vload(x + i);
    if (i < n)
        total += vload_part(x + i, n - i, 0);
    return vsum(total) / (real)n;
}

static real row_variance(int64_t n, const real *x, real mean)
{
    vreal total = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        const vreal d = vload(x + i) - mean;
        total = vfma(d, d, total);
    }
    if (i < n) {
        const vreal d = vload_part(x + i, n - i, mean) - mean;
        total = vfma(d, d, total);
    }
    return vsum(total) / (real)n;
}

/* Row r's scale or shift, or NULL. */
static const real *group_row(const neap_norm_args *a, const void *base, int64_t row, int64_t r)
{
    return base ? (const real *)base + r / a->group * row : NULL;
}

/* One loop a case: a test inside would keep the compiler from vectorising it. */
static void write_row(int64_t n, const real *x, real mean, real rstd, const real *scale, const real *shift,
                      real *restrict y)
{
    if (scale && shift)
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * rstd * (1 + scale[i]) + shift[i];
    else if (scale)
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * rstd * (1 + scale[i]);
    else if (shift)
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * rstd + shift[i];
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * rstd;
}

void NEAP_KERNEL(norm)(const neap_norm_args *a)
{
    for (int64_t r = 0; r < a->rows; r++) {
        const real *x = (const real *)a->x + r * a->n;
        const real mean = a->rms ? 0 : row_mean(a->n, x);
        const real rstd = 1 / NEAP_MATH(sqrt)(row_variance(a->n, x, mean) + (real)a->eps);
        if (a->mean)
            ((real *)a->mean)[r] = mean;
        if (a->rstd)
            ((real *)a->rstd)[r] = rstd;
        write_row(a->n, x, mean, rstd, group_row(a, a->scale, a->scale_row, r), group_row(a, a->shift, a->shift_row, r),
                  (real *)a->y + r * a->n);
    }
}

/* With h = dy (1 + scale) and z the normalised row: dx = rstd (h - mean(h) - z mean(h z)). */
typedef struct norm_row {
    int64_t n;
    const real *x, *gy, *scale;
    real mean, rstd;
} norm_row;

static inline vreal weighted(const norm_row *w, int64_t i, int64_t n)
{
    const vreal gy = n < VLEN ? vload_part(w->gy + i, n, 0) : vload(w->gy + i);
    if (!w->scale)
        return gy;
    return gy * (1 + (n < VLEN ? vload_part(w->scale + i, n, 0) : vload(w->scale + i)));
}

static inline vreal normalised(const norm_row *w, int64_t i, int64_t n)
{
    return ((n < VLEN ? vload_part(w->x + i, n, w->mean) : vload(w->x + i)) - w->mean) * w->rstd;
}

static void gradient_row(const norm_row *w, bool rms, real *gx)
{
    vreal sum_h = {0}, sum_hz = {0};
    for (int64_t i = 0; i < w->n; i += VLEN) {
        const vreal h = weighted(w, i, w->n - i);
        sum_h += h;
        sum_hz = vfma(h, normalised(w, i, w->n - i), sum_hz);
    }
    const real mean_h = rms ? 0 : vsum(sum_h) / (real)w->n, mean_hz = vsum(sum_hz) / (real)w->n;
    for (int64_t i = 0; i < w->n; i += VLEN) {
        const int64_t left = w->n - i;
        const vreal g = w->rstd * (weighted(w, i, left) - mean_h - normalised(w, i, left) * mean_hz);
        if (left < VLEN)
            vstore_part(gx + i, g, left);
        else
            vstore(gx + i, g);
    }
}

/* What row r adds to its group's gradients; the first row of a group starts them. */
static void add_group(const norm_row *w, bool first, real *gscale, real *gshift)
{
    for (int64_t i = 0; gshift && i < w->n; i++)
        gshift[i] = first ? w->gy[i] : gshift[i] + w->gy[i];
    for (int64_t i = 0; gscale && i < w->n; i++) {
        const real term = w->gy[i] * (w->x[i] - w->mean) * w->rstd;
        gscale[i] = first ? term : gscale[i] + term;
    }
}

void NEAP_KERNEL(norm_gradient)(const neap_norm_args *a)
{
    for (int64_t r = 0; r < a->rows; r++) {
        const norm_row w = {a->n, (const real *)a->x + r * a->n, (const real *)a->gy + r * a->n,
                            group_row(a, a->scale, a->scale_row, r), a->rms ? 0 : ((const real *)a->mean)[r],
                            ((const real *)a->rstd)[r]};
        if (a->gx)
            gradient_row(&w, a->rms, (real *)a->gx + r * a->n);
        if (a->gscale || a->gshift)
            add_group(&w, r % a->group == 0, a->gscale ? (real *)a->gscale + r / a->group * a->n : NULL,
                      a->gshift ? (real *)a->gshift + r / a->group * a->n : NULL);
    }
}

void NEAP_KERNEL(gated_add)(int64_t rows, int64_t n, int64_t group, const void *residual, const void *gate, int64_t gate_row,
                      const void *vx, void *vy)
{
    for (int64_t r = 0; r < rows; r++) {
        const real *s = (const real *)residual + r * n, *x = (const real *)vx + r * n;
        const real *g = (const real *)gate + r / group * gate_row;
        real *y = (real *)vy + r * n;
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++)
            y[i] = s[i] + g[i] * x[i];
    }
}
