/* AdamW with the clip factor and the moving average in one pass. */
#include <math.h>

#include "variant.h"

static void adamw(int64_t n, const neap_adamw_args *a, void *vp, const void *vg, void *vm, void *vv, void *vema)
{
    real *restrict p = vp, *restrict m = vm, *restrict v = vv, *restrict ema = vema;
    const real *restrict g = vg;
    const real b1 = (real)a->beta1, b2 = (real)a->beta2, scale = (real)a->gscale, eps = (real)a->eps;
    const real shrink = (real)(a->lr * a->weight_decay), rate = (real)(a->lr / a->correction1);
    const real root = (real)(1 / sqrt(a->correction2)), follow = (real)(1 - a->ema_decay);
    for (int64_t i = 0; i < n; i++) {
        const real d = scale * g[i];
        m[i] = b1 * m[i] + (1 - b1) * d;
        v[i] = b2 * v[i] + (1 - b2) * d * d;
        p[i] -= shrink * p[i] + rate * m[i] / (NEAP_MATH(sqrt)(v[i]) * root + eps);
    }
    for (int64_t i = 0; ema && i < n; i++)
        ema[i] += follow * (p[i] - ema[i]);
}

void NEAP_VARIANT(neap_fill_optimizer)(neap_kernels *table)
{
    table->adamw = adamw;
}
