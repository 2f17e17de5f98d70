/*
 * Metric: the number of classes that a classifier finds in the samples, and the Kullback-Leibler divergence of their
 * shares from the uniform distribution, in nats (Metz et al. 2017, Unrolled Generative Adversarial Networks, section
 * 3.3.1). Labels and the reference are ignored.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "evidence.h"

static int count(const neap_evidence *samples, int64_t *counts)
{
    const int64_t rows = neap_dim(samples->logits, 0), classes = neap_dim(samples->logits, 1);
    const float *logits = neap_data(samples->logits);
    for (int64_t i = 0; logits && i < rows; i++) {
        const int64_t predicted = evidence_class("the samples", logits, classes, i);
        if (predicted < 0)
            return -1;
        counts[predicted]++;
    }
    return logits ? 0 : -1;
}

static void sum_up(const int64_t *counts, int64_t classes, int64_t rows, double *scores)
{
    scores[0] = scores[1] = 0;
    for (int64_t k = 0; k < classes; k++) {
        const double share = (double)counts[k] / (double)rows;
        scores[0] += share > 0;
        scores[1] += share > 0 ? share * log(share * (double)classes) : 0;
    }
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)settings, (void)reference;
    if (evidence_logits("the samples", samples) < 0)
        return -1;
    const int64_t classes = neap_dim(samples->logits, 1);
    int64_t *counts = neap_calloc((size_t)classes, sizeof *counts);
    int status = counts ? count(samples, counts) : -1;
    if (status == 0)
        sum_up(counts, classes, neap_dim(samples->logits, 0), scores);
    neap_free(counts);
    return status;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"modes", "divergence", NULL}, score, (const char *const[]){"higher", "lower"},
};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(modes) = NEAP_ONE_COMPONENT(
    "modes", "1.0.0", "MIT", "Classes that a classifier finds in the samples, and how uneven their shares are.",
    "metric/2", char, params, functions);
