/* Sums and maxima. Each has one order of operations, so that no split of the work changes a bit. */
#include "vmath.h"

/* Long rows are summed in blocks of this many, four vectors wide; the blocks' sums are added in double. */
#define BLOCK 4096
#define WIDE (4 * VLEN)

static real block_sum(int64_t n, const real *x)
{
    vreal acc[4] = {{0}};
    int64_t i = 0;
    for (; i + WIDE <= n; i += WIDE)
        for (int v = 0; v < 4; v++)
            acc[v] += vload(x + i + v * VLEN);
    for (; i + VLEN <= n; i += VLEN)
        acc[0] += vload(x + i);
    if (i < n)
        acc[1] += vload_part(x + i, n - i, 0);
    return vsum((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

static real row_sum(int64_t n, const real *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i += BLOCK)
        total += (double)block_sum(n - i < BLOCK ? n - i : BLOCK, x + i);
    return (real)total;
}

/* Columns in strips that stay in registers while the rows pass. */
static void column_sums(int64_t n, int64_t inner, const real *x, real *y)
{
    int64_t j = 0;
    for (; j + WIDE <= inner; j += WIDE) {
        vreal acc[4] = {{0}};
        for (int64_t i = 0; i < n; i++)
            for (int v = 0; v < 4; v++)
                acc[v] += vload(x + i * inner + j + v * VLEN);
        for (int v = 0; v < 4; v++)
            vstore(y + j + v * VLEN, acc[v]);
    }
    for (; j < inner; j++) {
        real acc = 0;
        for (int64_t i = 0; i < n; i++)
            acc += x[i * inner + j];
        y[j] = acc;
    }
}

void NEAP_KERNEL(sum)(int64_t n, int64_t inner, const void *x, void *y)
{
    if (inner == 1)
        *(real *)y = row_sum(n, x);
    else
        column_sums(n, inner, x, y);
}

/* A NaN stays. */
static inline real larger(real a, real b)
{
    return a > b || a != a ? a : b;
}

/* A maximum is the same in any order, so lanes may run apart. */
static real row_max(int64_t n, const real *x)
{
    vreal top = vset(-(real)INFINITY);
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN) {
        const vreal v = vload(x + i);
        top = vpick((v > top) | (v != v), v, top);
    }
    real most = -(real)INFINITY;
    for (int lane = 0; lane < VLEN; lane++)
        most = larger(top[lane], most);
    for (; i < n; i++)
        most = larger(x[i], most);
    return most;
}

void NEAP_KERNEL(max)(int64_t n, int64_t inner, const void *vx, void *vy)
{
    const real *x = vx;
    real *y = vy;
    if (inner == 1) {
        *y = row_max(n, x);
        return;
    }
    for (int64_t j = 0; j < inner; j++)
        y[j] = -(real)INFINITY;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < inner; j++)
            y[j] = larger(x[i * inner + j], y[j]);
}

double NEAP_KERNEL(sum_squares)(int64_t n, const void *vx)
{
    const real *x = vx;
    double acc[8] = {0}, total = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            acc[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < n; i++)
        total += (double)x[i] * (double)x[i];
    for (int k = 0; k < 8; k++)
        total += acc[k];
    return total;
}

/* x - x is 0 for finite x and NaN for all others. */
bool NEAP_KERNEL(all_finite)(int64_t n, const void *vx)
{
    const real *x = vx;
    vreal acc = {0};
    int64_t i = 0;
    for (; i + VLEN <= n; i += VLEN)
        acc += vload(x + i) - vload(x + i);
    if (i < n) {
        const vreal rest = vload_part(x + i, n - i, 0);
        acc += rest - rest;
    }
    return vsum(acc) == 0;
}
