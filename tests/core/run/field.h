/*
 * For tests of sampling: `field`, an architecture whose velocity can be integrated by hand, v = rate x + drift of the
 * label, on pictures of two numbers; and `once`, a sampler that asks a generator.
 */
#ifndef NEAP_FIELD_H
#define NEAP_FIELD_H

#include "pair.h"

typedef struct field_config {
    double rate;
    int64_t classes, width; /* width: numbers in a velocity, 2 unless it is to be wrong */
} field_config;

typedef struct field {
    const field_config *config;
    neap_tensor *drift; /* [classes + 1, 1] */
} field;

/* What the last calls were shown. */
static struct {
    int calls;
    double t[256];
    int64_t rows; /* of the last call */
    bool recording;
} field_seen;

static inline void *field_build(const void *config, neap_model *model)
{
    const neap_init zero = {NEAP_INIT_ZERO, 0};
    field *f = neap_calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->config = config;
    f->drift = neap_model_parameter(model, neap_dims(f->config->classes + 1, 1), zero, "drift");
    if (!f->drift)
        neap_free(f);
    return f->drift ? f : NULL;
}

static inline int field_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 2, .channels = 1,
                                           .classes = ((const field *)self)->config->classes});
}

static inline neap_tensor *field_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const field *f = self;
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    const float *times = neap_data(t);
    bool equal = true;
    for (int64_t i = 0; i < neap_size(t); i++)
        equal = equal && times[i] == times[0];
    field_seen.t[field_seen.calls++ % 256] = equal ? (double)times[0] : NAN;
    field_seen.rows = neap_size(t);
    field_seen.recording = neap_recording();
    neap_tensor *v = neap_affine(x, f->config->rate, 0);
    if (labels)
        v = neap_add(v, neap_reshape(neap_label_embedding(f->drift, labels), neap_dims(-1, 1, 1, 1)));
    return f->config->width == 2 ? v : neap_zeros(NEAP_F32, neap_dims(neap_dim(x, 0), 1, f->config->width, 1));
}

static const neap_architecture field_functions = {.size = sizeof field_functions, .build = field_build,
                                                  .destroy = neap_free, .spec = field_spec,
                                                  .velocity = field_velocity};
static const neap_param field_params[] = {
    NEAP_REAL(field_config, rate, 0, -10, 10, "v over x."),
    NEAP_INT(field_config, classes, 0, 0, 100, "Classes."),
    NEAP_INT(field_config, width, 2, 1, 100, "Numbers in a velocity."),
    NEAP_PARAMS_END,
};

static inline neap_tensor *once_sample(const void *config, const neap_field *asked, neap_tensor *noise,
                                       neap_random random, const neap_watch *watch)
{
    (void)config, (void)random, (void)watch;
    return asked->velocity ? neap_fail_null("there is a velocity") : asked->generate(asked->self, noise);
}

static const char *const once_needs[] = {"generate", NULL};
static const neap_sampler once_functions = {sizeof once_functions, once_needs, once_sample};
static const neap_param once_params[] = {NEAP_PARAMS_END};
static const neap_component field_components[] = {
    PAIR_COMPONENT,
    {"architecture/2", "field", "A linear velocity.", sizeof(field_config), field_params, &field_functions},
    {"sampler/2", "once", "Asks the generator.", 0, once_params, &once_functions},
    {0},
};
static const neap_plugin field_plugin = {NEAP_ABI, sizeof field_plugin, "test", "1", "MIT", "For tests.",
                                         field_components};

static inline void field_open(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&field_plugin, NULL));
}

/* Three classes and the null class, which drift by 1, 2, 3 and 10. */
static inline neap_network *drifting(void)
{
    neap_network *network = TRY_NETWORK("field", "classes", "3");
    ck_succeeds(neap_write(neap_model_find(neap_network_model(network), "drift"), NEAP_F64, (double[]){1, 2, 3, 10}));
    return network;
}

/* A condition of `count` labels. */
static inline neap_condition *classes_of(const int32_t *labels, int64_t count)
{
    return labelled(neap_from(NEAP_I32, neap_dims(count), labels));
}

/* By Euler's method, with guidance where a weight is given. The instances live until end_sampling. */
static inline neap_sampling start_sampling(const char *steps, const char *weight, int64_t count)
{
    return (neap_sampling){.sampler = COMPONENT("sampler", "euler", "steps", steps),
                           .guidance = weight ? COMPONENT("guidance", "cfg", "w", weight) : NULL,
                           .count = count, .seed = 5};
}

static inline void end_sampling(neap_sampling s)
{
    neap_instance_release(s.sampler);
    neap_instance_release(s.guidance);
}

static inline neap_tensor *sample(neap_network *network, const neap_sampling *s)
{
    neap_tensor *x = neap_sample(network, s);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    return x;
}

#endif
