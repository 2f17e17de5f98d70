/*
 * Classification: cross entropy of logits and labels, with optional label smoothing (Szegedy et al. 2016, Rethinking
 * the Inception Architecture, section 7) and random flips and shifts of the pictures.
 */
#include <neap/error.h>
#include <neap/network.h>

#include "augment.h"

typedef struct config {
    double label_smoothing;
    bool flip;
    int64_t shift;
} config;

/* A target has weight 1 - s at its label and s spread evenly over all classes. */
static neap_tensor *smoothed(neap_tensor *logits, neap_tensor *labels, double s)
{
    neap_tensor *at_label = neap_cross_entropy(logits, labels);
    if (s == 0)
        return at_label;
    neap_tensor *at_all = neap_neg(neap_mean(neap_log_softmax(logits, 1), NULL, 0, false));
    return neap_add(neap_affine(at_label, 1 - s, 0), neap_affine(at_all, s, 0));
}

static bool is_correct(const float *logits, int64_t classes, int32_t label)
{
    for (int64_t k = 0; k < classes; k++)
        if (logits[k] > logits[label] || (logits[k] == logits[label] && k < label))
            return false;
    return true;
}

/* The share of rows whose largest logit, the first among equals, is at the label. */
static double accuracy(neap_tensor *logits, neap_tensor *labels)
{
    const float *row = neap_data(logits);
    const int32_t *label = neap_data(labels);
    const int64_t batch = neap_dim(logits, 0), classes = neap_dim(logits, 1);
    int64_t correct = 0;
    for (int64_t i = 0; i < batch; i++)
        correct += is_correct(row + i * classes, classes, label[i]);
    return (double)correct / (double)batch;
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    const config *c = settings;
    (void)phase;
    neap_tensor *condition_labels = neap_condition_get(step->condition, NEAP_LABELS);
    if (!condition_labels)
        return neap_fail_null("classification: the data set has no labels");
    const augmentation changes = {1, c->flip, c->shift};
    neap_tensor *x = augment(&changes, neap_random_fork(step->random, "augment"), step->first, step->x);
    neap_tensor *logits = neap_contiguous(neap_network_classify(network, x));
    neap_tensor *labels = neap_contiguous(condition_labels);
    neap_tensor *result = smoothed(logits, labels, c->label_smoothing);
    if (result) /* the cross entropy has checked the labels */
        neap_step_report(step, "accuracy", accuracy(logits, labels));
    return result;
}

static const char *const needs[] = {"classify", NULL};
static const neap_phase phases[] = {{"classification", ""}, {0}};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss};

static const neap_param params[] = {
    NEAP_REAL(config, label_smoothing, 0, 0, 1, "Share of each target that is spread evenly over all classes."),
    NEAP_FLAG(config, flip, 0, "Mirror each picture left to right with probability 1/2."),
    NEAP_INT(config, shift, 0, 0, 1024,
             "Move pictures at random by up to this many pixels each way; pixels moved in are -1."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(classification) = NEAP_ONE_COMPONENT("classification", "1.0.0", "MIT",
                                                 "Cross entropy of logits and labels.", "objective/2", config, params,
                                                 functions);
