/*
 * Metric: the share of samples that lie on a set of the plane, no farther from it than its noise carries almost all
 * real points. Across a curve the noise has one dimension, and 99.73% of it stays within 3 standard deviations; around
 * a point it has two, and as much stays within 3.44 of them: exp(-3.44^2 / 2) = 0.0027. Areas have no noise; a network
 * cannot make an edge without width, so it may be off by one standard deviation of the noise that the other sets have.
 */
#include <neap/error.h>

#include "dataset/toy.h"
#include "evidence.h"

typedef struct config {
    int shape;
    double noise, tolerance;
} config;

static const double deviations[] = {3.44, 3, 1}; /* by the dimensions of the shape */

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

static const neap_metric functions = {sizeof functions, (const char *const[]){"support", NULL}, score};

static const neap_param params[] = {
    NEAP_CHOICE(config, shape, 0, toy_names, "The set, as the data set toy2d has it."),
    NEAP_REAL(config, noise, 0.05, 0, 10, "Standard deviation of its noise."),
    NEAP_REAL(config, tolerance, 0, 0, 10, "How far off a sample may be; 0: as far as almost all of the noise."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(support) = NEAP_ONE_COMPONENT("support", "1.0.0", "MIT", "Share of points that lie on a set of the plane.",
                                          "metric/2", config, params, functions);
