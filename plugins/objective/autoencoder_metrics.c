/*
 * Quality of reconstructions in a batch. Values are clamped to [-1, 1], as they are in a picture.
 *
 * psnr: 10 log10(4 / mean squared error) of each picture, in dB, and its mean over pictures. ssim: Wang et al. 2004, Image
 * Quality Assessment: From Error Visibility to Structural Similarity, equation 13, for each channel in every window of 7 by 7
 * equally weighted pixels, and its mean. Smaller pictures are one window high or wide.
 */
#include <math.h>

#include "autoencoder.h"

#define PEAK 2.0      /* the range of values */
#define LEAST_MSE 1e-10 /* psnr stays finite: at most 106 dB */
#define WINDOW 7

static double mean_psnr(neap_tensor *errors)
{
    const float *mse = neap_data(errors);
    double sum = 0;
    for (int64_t i = 0; i < neap_size(errors); i++)
        sum += 10 * log10(PEAK * PEAK / fmax((double)mse[i], LEAST_MSE));
    return sum / (double)neap_size(errors);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Means over each window. */
static neap_tensor *pooled(neap_tensor *x)
{
    return neap_average_pool(x, least(WINDOW, least(neap_dim(x, 1), neap_dim(x, 2))), 1, 0);
}

/* With means a, b, variances and covariance: (2 a b + C1) (2 cov + C2) / ((a^2 + b^2 + C1) (var + var + C2)). */
static neap_tensor *ssim(neap_tensor *x, neap_tensor *y)
{
    const double c1 = 0.01 * PEAK * 0.01 * PEAK, c2 = 0.03 * PEAK * 0.03 * PEAK;
    neap_tensor *a = pooled(x), *b = pooled(y), *ab = neap_mul(a, b);
    neap_tensor *energy = neap_add(neap_square(a), neap_square(b));
    neap_tensor *covariance = neap_sub(pooled(neap_mul(x, y)), ab);
    neap_tensor *variances = neap_sub(pooled(neap_add(neap_square(x), neap_square(y))), energy);
    neap_tensor *top = neap_mul(neap_affine(ab, 2, c1), neap_affine(covariance, 2, c2));
    return neap_mean(neap_div(top, neap_mul(neap_affine(energy, 1, c1), neap_affine(variances, 1, c2))), NULL, 0, false);
}

static int report(neap_step *step, neap_tensor *x, neap_tensor *y)
{
    neap_tensor *errors = neap_contiguous(neap_mean(neap_square(neap_sub(x, y)), (int[]){1, 2, 3}, 3, false));
    neap_tensor *similar = ssim(x, y);
    if (!errors || !similar)
        return -1;
    return neap_step_report(step, "psnr", mean_psnr(errors)) < 0 ? -1 : neap_step_report(step, "ssim", neap_item(similar));
}

int autoencoder_report_pictures(neap_step *step, neap_tensor *x, neap_tensor *y)
{
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false);
    const int status = report(step, neap_clamp(x, -1, 1), neap_clamp(y, -1, 1));
    neap_record(recorded);
    neap_scope_close(scope);
    return status;
}
