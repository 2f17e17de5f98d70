/* AdamW and SGD with the clip factor and the moving average in one pass. */
#include <math.h>

#include "variant.h"

#define BLOCK 2048 /* the average reads a block of parameters while it is in cache */

/* Differences from 1 are taken in double: 1 - 0.999 in float errs by 1e-5 of itself. */
static void adamw_block(int64_t n, const neap_update_args *a, real *restrict p, const real *restrict g, real *restrict m,
                   real *restrict v)
{
    const real b1 = (real)a->beta1, b2 = (real)a->beta2, scale = (real)a->gscale, eps = (real)a->eps;
    const real c1 = (real)(1 - a->beta1), c2 = (real)(1 - a->beta2);
    const real shrink = (real)(a->lr * a->weight_decay), rate = (real)(a->lr / a->correction1);
    const real root = (real)(1 / sqrt(a->correction2));
    for (int64_t i = 0; i < n; i++) {
        const real d = scale * g[i];
        m[i] = b1 * m[i] + c1 * d;
        v[i] = b2 * v[i] + c2 * d * d;
        p[i] -= shrink * p[i] + rate * m[i] / (NEAP_MATH(sqrt)(v[i]) * root + eps);
    }
}

static void average(int64_t n, real follow, const real *restrict p, real *restrict ema)
{
    for (int64_t i = 0; i < n; i++)
        ema[i] += follow * (p[i] - ema[i]);
}

void NEAP_KERNEL(adamw)(int64_t n, const neap_update_args *a, void *p, const void *g, void *m, void *v, void *ema)
{
    for (int64_t i = 0; i < n; i += BLOCK) {
        const int64_t count = n - i < BLOCK ? n - i : BLOCK;
        adamw_block(count, a, (real *)p + i, (const real *)g + i, (real *)m + i, (real *)v + i);
        if (ema)
            average(count, (real)(1 - a->ema_decay), (const real *)p + i, (real *)ema + i);
    }
}

static void sgd_block(int64_t n, const neap_update_args *a, real *restrict p, const real *restrict g, real *restrict m)
{
    const real scale = (real)a->gscale, decay = (real)a->weight_decay, momentum = (real)a->momentum, lr = (real)a->lr;
    for (int64_t i = 0; m && i < n; i++) {
        m[i] = momentum * m[i] + scale * g[i] + decay * p[i];
        p[i] -= lr * m[i];
    }
    for (int64_t i = 0; !m && i < n; i++)
        p[i] -= lr * (scale * g[i] + decay * p[i]);
}

void NEAP_KERNEL(sgd)(int64_t n, const neap_update_args *a, void *p, const void *g, void *m, void *ema)
{
    for (int64_t i = 0; i < n; i += BLOCK) {
        const int64_t count = n - i < BLOCK ? n - i : BLOCK;
        sgd_block(count, a, (real *)p + i, (const real *)g + i, m ? (real *)m + i : NULL);
        if (ema)
            average(count, (real)(1 - a->ema_decay), (const real *)p + i, (real *)ema + i);
    }
}
