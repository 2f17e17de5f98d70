/*
 * For tests of objectives: `probe`, an architecture that records its arguments and returns x, or its first pixels as
 * logits; steps for it, and the loss of an objective.
 */
#ifndef NEAP_PROBE_H
#define NEAP_PROBE_H

#include "tests/core/run/run_test.h"

enum { BATCH = 4096, SIZE = 6, CLASSES = 4 };

/* The arguments of the network's last call. */
static struct {
    neap_tensor *x, *t, *labels;
} shown;

typedef struct probe_config {
    int64_t classes;
} probe_config;

static inline void *probe_build(const void *config, neap_model *model)
{
    (void)model; /* a parameter that is not trained */
    probe_config *own = neap_calloc(1, sizeof *own);
    if (own)
        *own = *(const probe_config *)config;
    return own;
}

static inline int probe_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 2, .width = 3, .channels = 1,
                                           .classes = ((const probe_config *)self)->classes});
}

static inline neap_tensor *probe_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)self;
    shown.x = x;
    shown.t = t;
    shown.labels = neap_condition_get(condition, NEAP_LABELS);
    return neap_affine(x, 1, 0);
}

/* The first pixels are the logits. */
static inline neap_tensor *probe_classify(void *self, neap_tensor *x)
{
    shown.x = x;
    return neap_slice(neap_reshape(x, neap_dims(-1, SIZE)), 1, 0, ((const probe_config *)self)->classes);
}

static const neap_architecture probe_functions = {.size = sizeof probe_functions, .build = probe_build,
                                                  .destroy = neap_free, .spec = probe_spec,
                                                  .velocity = probe_velocity, .classify = probe_classify};
static const neap_param probe_params[] = {
    NEAP_INT(probe_config, classes, CLASSES, 0, 100, "Classes."),
    NEAP_PARAMS_END,
};
static const neap_component probe_components[] = {
    {"architecture/2", "probe", "Notes what it is shown, answers with x.", sizeof(probe_config), probe_params,
     &probe_functions},
    {0},
};
static const neap_plugin probe_plugin = {NEAP_ABI, sizeof probe_plugin, "test", "1", "MIT", "For tests.",
                                         probe_components};

static inline void open_objectives(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&probe_plugin, NULL));
}

/* Uniform pictures; labels cycle through the classes. */
static inline neap_batch probe_batch(void)
{
    neap_tensor *labels = neap_empty(NEAP_I32, neap_dims(BATCH));
    for (int i = 0; i < BATCH; i++)
        ((int32_t *)neap_data(labels))[i] = i % CLASSES;
    return (neap_batch){.x = neap_rand((neap_random){5, 6}, 0, neap_dims(BATCH, 2, 3, 1)), .condition = labelled(labels)};
}

static inline neap_step *step_of(int64_t number)
{
    return step_on(probe_batch(), neap_random_at((neap_random){1, 2}, (uint64_t)number), number);
}

/* A step with the first `rows` pictures of step_of, without labels. */
static inline neap_step *short_step_of(int64_t number, int64_t rows)
{
    const neap_step *whole = step_of(number);
    return step_on((neap_batch){.x = neap_slice(whole->x, 0, 0, rows)}, whole->random, number);
}

/* The loss; NaN if the objective fails. */
static inline double try_loss(const char *name, const char *const *settings, neap_network *network, neap_step *step)
{
    neap_instance *instance = component_of("objective", name, settings);
    const neap_objective *objective = neap_instance_component(instance)->functions;
    neap_tensor *loss = objective->loss(neap_instance_config(instance), 0, network, step);
    neap_instance_release(instance);
    return loss ? neap_item(loss) : (double)NAN;
}

static inline double objective_loss(const char *name, const char *const *settings, neap_network *network,
                                    neap_step *step)
{
    double loss = try_loss(name, settings, network, step);
    ck_assert_msg(!neap_failed(), "%s", neap_error_message());
    return loss;
}

#endif
