/*
 * Classification: the cross entropy of a network's logits with the labels, smoothed if asked (Szegedy et al. 2016,
 * Rethinking the Inception Architecture, section 7), on pictures that may be flipped and moved at random.
 */
#include <string.h>

#include <neap/error.h>
#include <neap/run.h>

typedef struct config {
    double label_smoothing;
    bool flip;
    int64_t shift;
} config;

/* --- Pictures flipped and moved ---------------------------------------------------------------------------------- */

/* What a picture shows: at (row, column) what stood at (row - down, column - right), mirrored first if so drawn. */
typedef struct change {
    bool flip;
    int64_t down, right;
} change;

static int64_t draw_offset(const config *c, neap_random random, uint64_t sample)
{
    return (int64_t)neap_random_below(random, sample, (uint64_t)(2 * c->shift + 1)) - c->shift;
}

static change draw_change(const config *c, neap_random random, int64_t picture)
{
    const uint64_t i = (uint64_t)picture;
    change drawn = {0};
    if (c->flip)
        drawn.flip = neap_random_below(neap_random_fork(random, "flip"), i, 2);
    if (c->shift) {
        drawn.down = draw_offset(c, neap_random_fork(random, "down"), i);
        drawn.right = draw_offset(c, neap_random_fork(random, "right"), i);
    }
    return drawn;
}

#define BACKGROUND -1.0F /* black: the padding value of pictures in [-1, 1] */

/* One pixel of the changed picture. */
static void place(const change *drawn, neap_spec s, const float *from, float *to, int64_t row, int64_t column)
{
    const int64_t r = row - drawn->down, moved = column - drawn->right;
    if (r < 0 || r >= s.height || moved < 0 || moved >= s.width) {
        for (int64_t k = 0; k < s.channels; k++)
            to[k] = BACKGROUND;
        return;
    }
    const int64_t at = drawn->flip ? s.width - 1 - moved : moved;
    memcpy(to, from + (r * s.width + at) * s.channels, (size_t)s.channels * sizeof *to);
}

static neap_tensor *augment(const config *c, neap_spec s, const neap_step *step)
{
    const int64_t pixels = s.height * s.width;
    if (!c->flip && !c->shift)
        return step->x;
    neap_tensor *x = neap_contiguous(step->x), *result = x ? neap_empty(NEAP_F32, neap_shape_of(x)) : NULL;
    if (!result)
        return NULL;
    const float *from = neap_data(x);
    float *to = neap_data(result);
    for (int64_t i = 0; i < neap_dim(x, 0); i++, from += pixels * s.channels) {
        const change drawn = draw_change(c, neap_random_fork(step->random, "augment"), i);
        for (int64_t p = 0; p < pixels; p++, to += s.channels)
            place(&drawn, s, from, to, p / s.width, p % s.width);
    }
    return result;
}

/* --- The loss ---------------------------------------------------------------------------------------------------- */

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
    if (!step->labels)
        return neap_fail_null("classification: the data set has no labels");
    neap_tensor *x = augment(c, neap_network_spec(network), step);
    neap_tensor *logits = neap_contiguous(neap_network_classify(network, x)), *labels = neap_contiguous(step->labels);
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

static const neap_component classification_components[] = {
    {"objective/1", "classification", "Cross entropy with the labels.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(classification) = {NEAP_ABI, sizeof(neap_plugin), "classification", "1.0.0", "MIT",
                               "Classification of pictures.", classification_components};
