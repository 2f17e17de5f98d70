/*
 * Metric: the sliced Wasserstein distance (Rabin et al. 2011, Wasserstein Barycenter and Its Application to Texture
 * Mixing; Bonneel et al. 2015, equation 4). Both sides are projected onto directions; along each, sorting gives the
 * exact Wasserstein distance. The score is the `order`-th root of the mean `order`-th power over the directions. In
 * two dimensions the directions are evenly spaced over the half circle; otherwise they are drawn from the sphere by
 * `seed`.
 */
#include <math.h>
#include <stdlib.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/parallel.h>
#include <neap/random.h>

#include "evidence.h"

#define PI 3.14159265358979323846

typedef struct config {
    int64_t directions, order, seed;
} config;

typedef struct cloud {
    const float *x; /* [rows, width] */
    int64_t rows;
} cloud;

typedef struct slices {
    const config *config;
    cloud a, b;
    int64_t width;
    const float *directions; /* [directions, width] */
    double *powers;          /* [directions]: distances to the power of order */
    double *projected;       /* [directions, a.rows + b.rows]: scratch */
} slices;

static void fill_direction(const config *c, int64_t i, int64_t width, float *direction)
{
    double length = 0;
    if (width == 2) {
        double angle = PI * (double)i / (double)c->directions;
        direction[0] = (float)cos(angle);
        direction[1] = (float)sin(angle);
        return;
    }
    neap_random random = neap_random_fork((neap_random){(uint64_t)c->seed, 0}, "sliced_wasserstein");
    neap_random_normal(random, (uint64_t)i, width, direction);
    for (int64_t j = 0; j < width; j++)
        length += (double)direction[j] * (double)direction[j];
    for (int64_t j = 0; j < width; j++)
        direction[j] = (float)((double)direction[j] / sqrt(length));
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void project(const cloud *points, int64_t width, const float *direction, double *out)
{
    for (int64_t i = 0; i < points->rows; i++) {
        out[i] = 0;
        for (int64_t j = 0; j < width; j++)
            out[i] += (double)points->x[i * width + j] * (double)direction[j];
    }
    qsort(out, (size_t)points->rows, sizeof *out, ascending);
}

/* The integral of |difference of the quantile functions|^order. Both functions are constant between multiples of 1 /
 * rows; the loop visits the common intervals, measured in units of 1 / (n m). */
static double transport(const double *a, int64_t n, const double *b, int64_t m, int64_t order)
{
    double sum = 0;
    for (int64_t i = 0, j = 0, at = 0; i < n && j < m;) {
        int64_t a_end = (i + 1) * m, b_end = (j + 1) * n, end = a_end < b_end ? a_end : b_end;
        double difference = fabs(a[i] - b[j]);
        sum += (double)(end - at) * (order == 1 ? difference : difference * difference);
        at = end;
        i += end == a_end;
        j += end == b_end;
    }
    return sum / ((double)n * (double)m);
}

static void slice(void *user, int64_t begin, int64_t end)
{
    slices *s = user;
    for (int64_t i = begin; i < end && neap_check_cancel() == 0; i++) {
        double *a = s->projected + i * (s->a.rows + s->b.rows), *b = a + s->a.rows;
        const float *direction = s->directions + i * s->width;
        project(&s->a, s->width, direction, a);
        project(&s->b, s->width, direction, b);
        s->powers[i] = transport(a, s->a.rows, b, s->b.rows, s->config->order);
    }
}

static double mean_of(const double *x, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += x[i];
    return sum / (double)count;
}

static int measure(slices *s, double *score)
{
    const int64_t count = s->config->directions;
    float *directions = neap_calloc((size_t)(count * s->width), sizeof *directions);
    s->powers = neap_calloc((size_t)count, sizeof *s->powers);
    s->projected = neap_calloc((size_t)(count * (s->a.rows + s->b.rows)), sizeof *s->projected);
    bool ready = directions && s->powers && s->projected;
    for (int64_t i = 0; ready && i < count; i++)
        fill_direction(s->config, i, s->width, directions + i * s->width);
    s->directions = directions;
    if (ready) {
        neap_parallel(count, 1, slice, s);
        double mean = mean_of(s->powers, count);
        *score = s->config->order == 1 ? mean : sqrt(mean);
    }
    neap_free(directions);
    neap_free(s->powers);
    neap_free(s->projected);
    return ready && !neap_failed() ? 0 : -1;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    if (evidence_features(samples, reference, 1) < 0)
        return -1;
    slices s = {.config = settings, .width = neap_dim(samples->features, 1)};
    s.a = (cloud){neap_data(samples->features), neap_dim(samples->features, 0)};
    s.b = (cloud){neap_data(reference->features), neap_dim(reference->features, 0)};
    return measure(&s, scores);
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"sliced_wasserstein", NULL}, score, (const char *const[]){"lower"},
};

static const neap_param params[] = {
    NEAP_INT(config, directions, 64, 1, 4096, "Number of directions."),
    NEAP_INT(config, order, 2, 1, 2, "Power of the distance that is averaged."),
    NEAP_INT(config, seed, 0, 0, 0x1p53, "Seed of the directions, unless points have two dimensions."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(sliced_wasserstein) = NEAP_ONE_COMPONENT(
    "sliced_wasserstein", "1.0.0", "MIT", "Wasserstein distance of points, exact along each of many directions.",
    "metric/2", config, params, functions);
