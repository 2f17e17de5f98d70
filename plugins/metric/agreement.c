/*
 * Metric: label agreement, the share of samples that a classifier assigns to the requested class; and the smallest such
 * share of any requested class. The reference is ignored.
 */
#include <inttypes.h>
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "evidence.h"

typedef struct tally {
    int64_t requested, correct;
} tally;

static int count(const neap_evidence *samples, tally *tallies)
{
    const float *logits = neap_data(samples->logits);
    const int32_t *labels = neap_data(samples->labels);
    const int64_t rows = neap_dim(samples->logits, 0), classes = neap_dim(samples->logits, 1);
    if (!logits || !labels)
        return -1;
    for (int64_t i = 0; i < rows; i++) {
        int64_t predicted = evidence_class("the samples", logits, classes, i), requested = labels[i];
        if (predicted < 0)
            return -1;
        if (requested < 0 || requested >= classes)
            return neap_fail("labels of the samples: expected 0 to %" PRId64 ", got %" PRId64 " in row %" PRId64,
                             classes - 1, requested, i);
        tallies[requested].requested++;
        tallies[requested].correct += predicted == requested;
    }
    return 0;
}

static void sum_up(const tally *tallies, int64_t classes, double *scores)
{
    int64_t requested = 0, correct = 0;
    double least = 1;
    for (int64_t k = 0; k < classes; k++) {
        requested += tallies[k].requested;
        correct += tallies[k].correct;
        if (tallies[k].requested)
            least = fmin(least, (double)tallies[k].correct / (double)tallies[k].requested);
    }
    scores[0] = (double)correct / (double)requested;
    scores[1] = least;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)settings, (void)reference;
    if (evidence_logits("the samples", samples) < 0)
        return -1;
    if (!samples->labels)
        return neap_fail("expected labels of the samples, got none");
    const int64_t classes = neap_dim(samples->logits, 1);
    tally *tallies = neap_calloc((size_t)classes, sizeof *tallies);
    int status = tallies ? count(samples, tallies) : -1;
    if (status == 0)
        sum_up(tallies, classes, scores);
    neap_free(tallies);
    return status;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"agreement", "least_agreement", NULL}, score,
    (const char *const[]){"higher", "higher"},
};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(agreement) = NEAP_ONE_COMPONENT("agreement", "1.0.0", "MIT",
                                            "Share of samples that a classifier assigns to the requested class.",
                                            "metric/2", char, params, functions);
