/*
 * For tests of adversarial: a GAN with two parameters, G(z) = g z and D's logit d x, trained by plain gradient
 * descent, and the sums on which its losses and gradients depend.
 */
#ifndef NEAP_TINY_GAN_H
#define NEAP_TINY_GAN_H

#include "tests/core/run/training.h"

typedef struct tiny_gan {
    neap_tensor *g, *d;
} tiny_gan;

static inline void *tiny_gan_build(const void *config, neap_model *model)
{
    tiny_gan *m = neap_calloc(1, sizeof *m);
    (void)config;
    if (!m)
        return NULL;
    m->g = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "generator.g");
    m->d = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "discriminator.d");
    return m;
}

static inline int tiny_gan_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2, .latent = {1, 1, 2}});
}

static inline neap_tensor *tiny_gan_generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    (void)condition;
    return neap_reshape(neap_mul(z, ((tiny_gan *)self)->g), neap_dims(-1, 1, 1, 2));
}

static bool by_distance; /* D's logit is d (30 - |x|^2) and not d x */

static inline neap_tensor *tiny_gan_discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    (void)condition;
    neap_tensor *d = ((tiny_gan *)self)->d;
    if (by_distance)
        return neap_mul(neap_affine(neap_sum(neap_square(x), (int[]){1, 2, 3}, 3, false), -1, 30), d);
    return neap_sum(neap_mul(x, d), (int[]){1, 2, 3}, 3, false);
}

static const neap_architecture functions = {.size = sizeof functions, .build = tiny_gan_build, .destroy = neap_free,
                                            .spec = tiny_gan_spec, .generate = tiny_gan_generate,
                                            .discriminate = tiny_gan_discriminate};
static const neap_param no_params[] = {NEAP_PARAMS_END};
static const neap_component components[] = {
    {"architecture/2", "tiny_gan", "A GAN with two parameters.", 0, no_params, &functions}, {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static inline void open_tiny_gan(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

#define BATCH 6
#define RATE 0.3
#define SEED 3

static const neap_trainer_config plain_descent = {
    .batch = BATCH, .seed = SEED, .optimizer = {.kind = NEAP_SGD, .lr = RATE},
};

static inline training train_tiny_gan(const char *const *settings)
{
    const neap_scope scope = neap_scope_open();
    training t = {.network = TRY_NETWORK("tiny_gan", NULL)};
    neap_instance *data = COMPONENT("dataset", "toy2d", "labels", "false");
    neap_instance *objective = component_of("objective", "adversarial", settings);
    t.source = neap_source_open(data);
    t.trainer = neap_trainer_new(t.network, t.source, objective, &plain_descent);
    neap_instance_release(data);
    neap_instance_release(objective);
    neap_scope_close(scope);
    return t;
}

static inline double number(training t, const char *name)
{
    return (double)floats(neap_model_find(neap_network_model(t.network), name))[0];
}

/* Sums over both coordinates of the pictures and latents of batch `batch`; logits depend on these alone. */
typedef struct batch_sums {
    double x[BATCH], z[BATCH];
} batch_sums;

static inline batch_sums data_of(training t, int64_t batch)
{
    const neap_random root = {SEED, 0};
    neap_random step = neap_random_at(neap_random_fork(root, "step"), (uint64_t)batch);
    neap_tensor *x, *z = neap_randn(neap_random_fork(step, "latent"), 0, neap_dims(BATCH, 2));
    batch_sums r;
    x = batch_of(t.source, neap_random_fork(root, "order"), batch, BATCH).x;
    for (int i = 0; i < BATCH; i++) {
        r.x[i] = (double)floats(x)[2 * i] + (double)floats(x)[2 * i + 1];
        r.z[i] = (double)floats(z)[2 * i] + (double)floats(z)[2 * i + 1];
    }
    return r;
}

static inline double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* V = E log s(d x) + E log(1 - s(d g z)). */
static inline double v_by_d(const batch_sums *r, double d, double g)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++)
        sum += r->x[i] * sigmoid(-d * r->x[i]) - g * r->z[i] * sigmoid(d * g * r->z[i]);
    return sum / BATCH;
}

static inline double reported(const neap_train_report *report, const char *name)
{
    for (int i = 0; i < report->reports; i++)
        if (strcmp(report->report[i].name, name) == 0)
            return report->report[i].value;
    ck_abort_msg("the step has no report '%s'", name);
}

#endif
