/*
 * The contrastive objective of pictures and texts (Radford et al. 2021, Learning Transferable Visual Models From Natural Language
 * Supervision, figure 3): the logits of all pictures with all texts of a batch, and the mean of two cross entropies, of the texts
 * of each picture and of the pictures of each text. Rows with the same text have the same logits, so it makes no
 * difference which of them is the target. With several ranks, each compares its own rows.
 *
 * The network's `features` are vectors of pictures, and its condition, prepared, has vectors of texts as POOLED; the products of
 * both are the logits. The architecture matcher is such a network.
 */
#include <string.h>

#include <neap/error.h>
#include <neap/network.h>

#include "augment.h"

typedef struct config {
    bool flip;
    int64_t shift;
} config;

/* --- Which rows have the same text ------------------------------------------------------------------------------- */

typedef struct texts {
    const uint8_t *text;
    const int32_t *length;
    int64_t rows, room;
} texts;

static int find_texts(texts *t, const neap_condition *c)
{
    neap_tensor *text = neap_condition_get(c, NEAP_TEXT), *lengths = neap_condition_get(c, NEAP_LENGTHS);
    if (!text || !lengths)
        return neap_fail("contrastive: the data set has no texts");
    text = neap_contiguous(text);
    lengths = neap_contiguous(lengths);
    if (!text || !lengths)
        return -1;
    *t = (texts){neap_data(text), neap_data(lengths), neap_dim(text, 0), neap_dim(text, 1)};
    return 0;
}

static bool same(const texts *t, int64_t a, int64_t b)
{
    return t->length[a] == t->length[b] &&
           memcmp(t->text + a * t->room, t->text + b * t->room, (size_t)t->length[a]) == 0;
}

/* --- The loss ---------------------------------------------------------------------------------------------------- */

/* The share of pictures whose largest logit is at their text. */
static double accuracy(neap_tensor *logits, const texts *t)
{
    const float *row = neap_data(logits);
    int64_t correct = 0;
    for (int64_t i = 0; i < t->rows; i++, row += t->rows) {
        int64_t best = 0;
        for (int64_t k = 1; k < t->rows; k++)
            best = row[k] > row[best] ? k : best;
        correct += same(t, i, best);
    }
    return (double)correct / (double)t->rows;
}

static neap_tensor *logits_of(const config *c, neap_network *network, const neap_step *step)
{
    const augmentation changes = {1, c->flip, c->shift};
    neap_tensor *x = augment(&changes, neap_random_fork(step->random, "augment"), step->first, step->x);
    neap_tensor *pictures = neap_network_features(network, x);
    const neap_condition *prepared = pictures ? neap_network_prepare(network, step->condition, neap_dim(x, 0)) : NULL;
    neap_tensor *pooled = neap_condition_get(prepared, NEAP_POOLED);
    if (!pooled || neap_dim(pooled, 1) != neap_dim(pictures, 1))
        return neap_fail_null("contrastive: expected a network whose texts have vectors of the width of its features");
    return neap_contiguous(neap_matmul_t(pictures, pooled, false, true));
}

static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    texts t = {0};
    (void)phase;
    if (find_texts(&t, step->condition) < 0)
        return NULL;
    neap_tensor *logits = logits_of(settings, network, step), *own = neap_arange(NEAP_I32, 0, 1, t.rows);
    neap_tensor *of_texts = neap_contiguous(neap_permute(logits, (const int[]){1, 0}));
    neap_tensor *both = neap_add(neap_cross_entropy(logits, own), neap_cross_entropy(of_texts, own));
    neap_tensor *result = neap_affine(both, 0.5, 0);
    if (result)
        neap_step_report(step, "accuracy", accuracy(logits, &t));
    return result;
}

static int check(const void *settings, neap_network *network)
{
    (void)settings;
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    return spec.text ? 0 : neap_fail("expected a network that takes texts");
}

static const char *const needs[] = {"features", NULL};
static const neap_phase phases[] = {{"contrastive", ""}, {0}};
static const neap_objective functions = {.size = sizeof functions, .needs = needs, .phases = phases, .loss = loss,
                                         .check = check};

static const neap_param params[] = {
    NEAP_FLAG(config, flip, 0, "Mirror each picture left to right with probability 1/2."),
    NEAP_INT(config, shift, 0, 0, 1024,
             "Move pictures at random by up to this many pixels each way; pixels moved in are -1."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(contrastive) = NEAP_ONE_COMPONENT("contrastive", "1.0.0", "MIT", "Matching of pictures and texts.", "objective/2",
                                              config, params, functions);
