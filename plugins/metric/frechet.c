/*
 * Metric: the Frechet distance of two Gaussians fitted to features (Heusel et al. 2017, GANs Trained by a Two
 * Time-Scale Update Rule, equation 6): |m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)).
 *
 * C1 C2 is not symmetric. With S = C1^(1/2), S C2 S is symmetric and has the same eigenvalues; only rounding makes one
 * negative. All arithmetic is in double precision, because the distance is a small difference of large traces.
 */
#include <math.h>
#include <string.h>

#include <neap/error.h>
#include <neap/linalg.h>
#include <neap/ops.h>

#include "evidence.h"

typedef struct gaussian {
    neap_tensor *mean, *covariance; /* f64 [1, D], [D, D] */
} gaussian;

/* The covariance divides by N - 1. */
static gaussian fit(neap_tensor *features)
{
    const int rows[] = {0};
    neap_tensor *x = neap_cast(features, NEAP_F64);
    gaussian g = {.mean = neap_mean(x, rows, 1, true)};
    neap_tensor *centred = neap_sub(x, g.mean);
    const double share = 1.0 / (double)(neap_dim(features, 0) - 1);
    g.covariance = neap_affine(neap_matmul_t(centred, centred, true, false), share, 0);
    return g;
}

/* A copy, because neap_eigenvalues_symmetric overwrites its input. */
static neap_tensor *copy_of(neap_tensor *x)
{
    x = neap_contiguous(x);
    return neap_from(NEAP_F64, neap_shape_of(x), neap_data(x));
}

static double root(double value)
{
    return value > 0 ? sqrt(value) : 0; /* a negative eigenvalue is rounding */
}

/* The symmetric square root, V diag(root(values)) V^T; `vectors` holds V^T: one eigenvector a row. */
static neap_tensor *root_of(neap_tensor *matrix)
{
    const int64_t n = neap_dim(matrix, 0);
    neap_tensor *vectors = copy_of(matrix), *values = neap_empty(NEAP_F64, neap_dims(n, 1));
    double *v = neap_data(vectors), *d = neap_data(values);
    if (!v || !d || neap_eigenvalues_symmetric(v, n, d, true) < 0)
        return NULL;
    for (int64_t i = 0; i < n; i++)
        d[i] = root(d[i]);
    return neap_matmul_t(vectors, neap_mul(vectors, values), true, false);
}

/* The trace of the symmetric square root. */
static int root_trace(neap_tensor *matrix, double *sum)
{
    const int64_t n = neap_dim(matrix, 0);
    neap_tensor *copy = copy_of(matrix), *values = neap_empty(NEAP_F64, neap_dims(n));
    double *a = neap_data(copy), *d = neap_data(values);
    if (!a || !d || neap_eigenvalues_symmetric(a, n, d, false) < 0)
        return -1;
    *sum = 0;
    for (int64_t i = 0; i < n; i++)
        *sum += root(d[i]);
    return 0;
}

static double trace(neap_tensor *matrix)
{
    const double *a = neap_data(matrix);
    const int64_t n = neap_dim(matrix, 0);
    double sum = 0;
    for (int64_t i = 0; a && i < n; i++)
        sum += a[i * n + i];
    return sum;
}

static int distance(const neap_evidence *samples, const neap_evidence *reference, double *score)
{
    gaussian a = fit(samples->features), b = fit(reference->features);
    if (!a.covariance || !b.covariance)
        return -1;
    neap_tensor *s = root_of(b.covariance); /* the reference's: equal in every evaluation, and so is its rounding */
    neap_tensor *product = neap_matmul(neap_matmul(s, a.covariance), s);
    double cross = 0;
    if (!product || root_trace(product, &cross) < 0)
        return -1;
    double means = neap_item(neap_sum(neap_square(neap_sub(a.mean, b.mean)), NULL, 0, false));
    *score = means + trace(a.covariance) + trace(b.covariance) - 2 * cross;
    return neap_failed() ? -1 : 0;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)settings;
    if (evidence_features(samples, reference, 2) < 0)
        return -1;
    neap_scope scope = neap_scope_open();
    int status = distance(samples, reference, scores);
    neap_scope_close(scope);
    return status;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"frechet", NULL}, score, (const char *const[]){"lower"},
};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(frechet) = NEAP_ONE_COMPONENT("frechet", "1.0.0", "MIT",
                                          "Frechet distance between Gaussians fitted to features.", "metric/2", char,
                                          params, functions);
