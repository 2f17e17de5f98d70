/*
 * Metric: retrieval, the share of samples whose text is among the 1 or 5 best of all texts (Radford et al. 2021). Logits are those of
 * each sample with each text; labels are the texts' numbers. A text that is as good as the sample's own counts as better. The
 * reference is ignored.
 */
#include <inttypes.h>
#include <math.h>

#include <neap/error.h>

#include "evidence.h"

/* The number of texts that are at least as good as the sample's own; -1 with a message. */
static int64_t count_better(const float *logits, int64_t texts, int64_t own, int64_t row)
{
    int64_t better = -1; /* without itself */
    for (int64_t k = 0; k < texts; k++) {
        if (!isfinite(logits[k]))
            return neap_fail("logits of the samples: expected finite numbers, got %g in row %" PRId64, (double)logits[k], row);
        better += logits[k] >= logits[own];
    }
    return better;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    int64_t first = 0, fifth = 0;
    (void)settings, (void)reference;
    if (evidence_logits("the samples", samples) < 0)
        return -1;
    if (!samples->labels)
        return neap_fail("expected labels of the samples, got none");
    const int64_t rows = neap_dim(samples->logits, 0), texts = neap_dim(samples->logits, 1);
    const float *logits = neap_data(samples->logits);
    const int32_t *labels = neap_data(samples->labels);
    for (int64_t i = 0; logits && labels && i < rows; i++) {
        if (labels[i] < 0 || labels[i] >= texts)
            return neap_fail("labels of the samples: expected 0 to %" PRId64 ", got %" PRId32 " in row %" PRId64, texts - 1,
                             labels[i], i);
        const int64_t better = count_better(logits + i * texts, texts, labels[i], i);
        if (better < 0)
            return -1;
        first += better < 1;
        fifth += better < 5;
    }
    scores[0] = (double)first / (double)rows;
    scores[1] = (double)fifth / (double)rows;
    return logits && labels ? 0 : -1;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"top_1", "top_5", NULL}, score, (const char *const[]){"higher", "higher"},
};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(retrieval) = NEAP_ONE_COMPONENT("retrieval", "1.0.0", "MIT",
                                            "Share of samples whose text is the best, or one of the five best, of all.",
                                            "metric/2", char, params, functions);
