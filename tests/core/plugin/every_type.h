/*
 * For tests of configs: components with a parameter of every type, and components that hold others.
 */
#ifndef NEAP_EVERY_TYPE_H
#define NEAP_EVERY_TYPE_H

#include <math.h>

#include <neap/registry.h>

typedef struct wide_config {
    int64_t depth;
    double scale, bias;
    bool gated;
    const char *path, *note;
    int mode;
    const neap_instance *inner;
} wide_config;

static const char *const modes[] = {"near", "far", NULL};
static const neap_param wide_params[] = {
    NEAP_INT(wide_config, depth, 6, 1, 1024, "blocks"),
    NEAP_REAL(wide_config, scale, 0.5, 0, 2, "scale"),
    NEAP_REAL(wide_config, bias, -0.1, -INFINITY, INFINITY, "bias"),
    NEAP_FLAG(wide_config, gated, 1, "gates"),
    NEAP_TEXT(wide_config, note, "none so far", "a note"),
    NEAP_CHOICE(wide_config, mode, 1, modes, "mode"),
    NEAP_COMPONENT(wide_config, inner, "metric", "a component inside"),
    NEAP_REQUIRED_TEXT(wide_config, path, "where it is"),
    NEAP_PARAMS_END,
};

typedef struct deep_config {
    int64_t width;
    const neap_instance *next;
} deep_config;

static const neap_param deep_params[] = {
    NEAP_REQUIRED_INT(deep_config, width, 1, 4096, "channels"),
    NEAP_COMPONENT(deep_config, next, "metric", "another"),
    NEAP_PARAMS_END,
};

static const char *const no_scores[] = {NULL};

static int no_score(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *score)
{
    (void)config, (void)samples, (void)reference;
    *score = 0;
    return 0;
}

static neap_tensor *no_velocity(const void *config, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                                neap_tensor **conditional)
{
    (void)config, (void)field, (void)t, (void)conditional;
    return x;
}

static const neap_metric metric = {.size = sizeof metric, .scores = no_scores, .score = no_score};
static const neap_guidance guidance = {.size = sizeof guidance, .velocity = no_velocity};
static const neap_component components[] = {
    {"metric/2", "wide", "All types.", sizeof(wide_config), wide_params, &metric},
    {"metric/2", "deep", "Holds others.", sizeof(deep_config), deep_params, &metric},
    {"guidance/2", "aside", "Another kind.", sizeof(deep_config), deep_params, &guidance},
    {0},
};
static const neap_plugin every_type = {NEAP_ABI, sizeof every_type, "test", "1", "MIT", "For tests.", components};

#endif
