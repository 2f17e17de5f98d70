/* Fidelity of reconstructions to their originals, of each picture of a batch. */
#include <math.h>

#include "ops/rules.h"

#define PEAK 2.0        /* the range of values */
#define LEAST_MSE 1e-10 /* psnr stays finite: at most 106 dB */
#define WINDOW 7        /* pixels */

static neap_tensor *mean_of_each(neap_tensor *x)
{
    return neap_mean(x, (int[]){1, 2, 3}, 3, false);
}

static int check_pictures(const char *name, const neap_tensor *x, const neap_tensor *y)
{
    char one[NEAP_SHAPE_TEXT], other[NEAP_SHAPE_TEXT];
    if (!x || !y)
        return -1;
    if (x->shape.rank == 4 && neap_shape_size(x->shape) > 0 && neap_shape_equal(x->shape, y->shape))
        return 0;
    return neap_fail("%s: expected two batches of pictures [B, H, W, C] of one shape, got %s and %s", name,
                     neap_shape_text(x->shape, one), neap_shape_text(y->shape, other));
}

neap_tensor *neap_psnr(neap_tensor *x, neap_tensor *y)
{
    if (check_pictures("psnr", x, y) < 0)
        return NULL;
    neap_tensor *mse = mean_of_each(neap_square(neap_sub(neap_clamp(x, -1, 1), neap_clamp(y, -1, 1))));
    neap_tensor *exact = neap_clamp(neap_cast(mse, NEAP_F64), LEAST_MSE, HUGE_VAL); /* f32 would round the decibels */
    return neap_affine(neap_log(exact), -10 / M_LN10, 10 * log10(PEAK * PEAK));
}

/* Means over each window. */
static neap_tensor *pooled(neap_tensor *x)
{
    const int64_t rows = x ? x->shape.dim[1] : 0, columns = x ? x->shape.dim[2] : 0, side = rows < columns ? rows : columns;
    return neap_average_pool(x, side < WINDOW ? side : WINDOW, 1, 0);
}

/* With means a, b, variances and covariance: (2 a b + C1) (2 cov + C2) / ((a^2 + b^2 + C1) (var + var + C2)). */
neap_tensor *neap_ssim(neap_tensor *x, neap_tensor *y)
{
    const double c1 = 0.01 * PEAK * 0.01 * PEAK, c2 = 0.03 * PEAK * 0.03 * PEAK;
    if (check_pictures("ssim", x, y) < 0)
        return NULL;
    x = neap_clamp(x, -1, 1);
    y = neap_clamp(y, -1, 1);
    neap_tensor *a = pooled(x), *b = pooled(y), *ab = neap_mul(a, b);
    neap_tensor *energy = neap_add(neap_square(a), neap_square(b));
    neap_tensor *covariance = neap_sub(pooled(neap_mul(x, y)), ab);
    neap_tensor *variances = neap_sub(pooled(neap_add(neap_square(x), neap_square(y))), energy);
    neap_tensor *top = neap_mul(neap_affine(ab, 2, c1), neap_affine(covariance, 2, c2));
    return mean_of_each(neap_div(top, neap_mul(neap_affine(energy, 1, c1), neap_affine(variances, 1, c2))));
}
