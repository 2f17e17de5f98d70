/*
 * Metric: the share of samples that lie on a two-dimensional shape, within a distance that covers 99.73% of its
 * noise. Across a curve the noise is one-dimensional: 3 standard deviations. Around a point it is two-dimensional:
 * 3.44 standard deviations, exp(-3.44^2 / 2) = 0.0027. Areas have no noise, but a network cannot make a perfectly
 * sharp edge, so one standard deviation of `noise` is allowed.
 */
#include <neap/error.h>

#include "dataset/toy.h"
#include "evidence.h"

typedef struct config {
    int shape;
    double noise, tolerance;
} config;

static const double deviations[] = {3.44, 3, 1}; /* by the dimension of the shape */

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    const config *c = settings;
    const toy_set *set = &toy_sets[c->shape];
    const double within = c->tolerance > 0 ? c->tolerance : deviations[set->dimensions] * c->noise;
    (void)reference;
    if (evidence_side("the samples", samples, 1) < 0)
        return -1;
    const int64_t rows = neap_dim(samples->features, 0);
    const float *x = neap_data(samples->features);
    if (neap_dim(samples->features, 1) != 2)
        return neap_fail("features of the samples: expected points of 2 coordinates, got %d",
                         (int)neap_dim(samples->features, 1));
    int64_t on = 0;
    for (int64_t i = 0; i < rows; i++)
        on += set->distance((const double[]){(double)x[2 * i], (double)x[2 * i + 1]}) <= within;
    scores[0] = (double)on / (double)rows;
    return 0;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"support", NULL}, score, (const char *const[]){"higher"},
};

static const neap_param params[] = {
    NEAP_CHOICE(config, shape, 0, toy_names, "The shape, as in the data set toy2d."),
    NEAP_REAL(config, noise, 0.05, 0, 10, "Standard deviation of the noise."),
    NEAP_REAL(config, tolerance, 0, 0, 10, "Largest distance from the shape; 0: one that covers 99.73% of the noise."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(support) = NEAP_ONE_COMPONENT("support", "1.0.0", "MIT", "Share of points that lie on a 2D shape.",
                                          "metric/2", config, params, functions);
