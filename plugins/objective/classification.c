/*
 * Classification: the cross entropy of a network's logits with the labels, smoothed if asked (Szegedy et al. 2016,
 * Rethinking the Inception Architecture, section 7), on pictures that may be flipped and moved at random.
 */
#include <neap/error.h>
#include <neap/network.h>

#include "augment.h"

typedef struct config {
    double label_smoothing;
    bool flip;
    int64_t shift;
} config;

/* Each target is (1 - s) at its label and s spread evenly over all classes. */
static neap_tensor *smoothed(neap_tensor *logits, neap_tensor *labels, double s)
{
    neap_tensor *hard = neap_cross_entropy(logits, labels);
    if (s == 0)
        return hard;
    neap_tensor *even = neap_neg(neap_mean(neap_log_softmax(logits, 1), NULL, 0, false));
    return neap_add(neap_affine(hard, 1 - s, 0), neap_affine(even, s, 0));
}

static bool is_right(const float *logits, int64_t classes, int32_t label)
{
    for (int64_t k = 0; k < classes; k++)
        if (logits[k] > logits[label] || (logits[k] == logits[label] && k < label))
            return false;
    return true;
}

/* The share of rows whose largest logit, the first of equal ones, is the label's. */
static double accuracy(neap_tensor *logits, neap_tensor *labels)
{
    const float *row = neap_data(logits);
    const int32_t *label = neap_data(labels);
    const int64_t batch = neap_dim(logits, 0), classes = neap_dim(logits, 1);
    int64_t right = 0;
    for (int64_t i = 0; i < batch; i++)
        right += is_right(row + i * classes, classes, label[i]);
    return (double)right / (double)batch;
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    const config *c = settings;
    (void)phase;
    neap_tensor *given = neap_condition_get(step->condition, NEAP_LABELS);
    if (!given)
        return neap_fail_null("classification: the data set has no labels");
    const augmentation changes = {1, c->flip, c->shift};
    neap_tensor *x = augment(&changes, neap_random_fork(step->random, "augment"), step->first, step->x);
    neap_tensor *logits = neap_contiguous(neap_network_classify(network, x)), *labels = neap_contiguous(given);
    neap_tensor *result = smoothed(logits, labels, c->label_smoothing);
    if (result) /* so the labels are in range */
        neap_step_report(step, "accuracy", accuracy(logits, labels));
    return result;
}

static const char *const needs[] = {"classify", NULL};
static const neap_phase phases[] = {{"classification", ""}, {0}};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss};

static const neap_param params[] = {
    NEAP_REAL(config, label_smoothing, 0, 0, 1, "Share of each target that is spread evenly over all classes."),
    NEAP_FLAG(config, flip, 0, "Mirror every other picture, left to right, at random."),
    NEAP_INT(config, shift, 0, 0, 1024, "Move pictures by up to so many pixels each way, at random; -1 comes in."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(classification) = NEAP_ONE_COMPONENT("classification", "1.0.0", "MIT", "Cross entropy with the labels.",
                                                 "objective/2", config, params, functions);
