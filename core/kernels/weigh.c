/*
 * Weighted sums of rows, of which filters and resampling along an axis consist.
 */
#include "simd.h"

/* Terms are added in their order. */
void NEAP_KERNEL(weigh)(int64_t n, int64_t count, const void *x, int64_t row, const int64_t *from, const double *weight, void *y)
{
    real *restrict out = y;
    for (int64_t i = 0; i < n; i++) {
        out[i] = 0;
    }
    for (int64_t k = 0; k < count; k++) {
        const real *term = (const real *)x + from[k] * row, w = (real)weight[k];
        for (int64_t i = 0; i < n; i++) {
            out[i] += w * term[i];
        }
    }
}
