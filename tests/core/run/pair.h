/*
 * For tests of runs: `pair`, an architecture of two parts that offers no velocity. The generator makes points
 * [B, 1, 1, 2] from points, the critic gives each a number; with classes, a row of a table is added to what comes in.
 */
#ifndef NEAP_PAIR_H
#define NEAP_PAIR_H

#include "run_test.h"

typedef struct pair_config {
    int64_t classes;
} pair_config;

typedef struct pair_parts {
    const pair_config *config;
    neap_linear_layer generator, critic;
    neap_tensor *labels; /* NULL without classes */
} pair_parts;

static inline void *pair_build(const void *config, neap_model *model)
{
    const neap_init init = {NEAP_INIT_NORMAL, 1};
    pair_parts *p = neap_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->config = config;
    int status = neap_linear_make(&p->generator, model, 2, 2, init, "generator.out");
    if (status == 0)
        status = neap_linear_make(&p->critic, model, 2, 1, init, "critic.out");
    if (status == 0 && p->config->classes)
        p->labels = neap_model_parameter(model, neap_dims(p->config->classes + 1, 2), init, "labels");
    if (status < 0 || (p->config->classes && !p->labels)) {
        neap_free(p);
        return NULL;
    }
    return p;
}

static inline int pair_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2,
                                           .classes = ((const pair_parts *)self)->config->classes});
}

static inline neap_tensor *pair_input(const pair_parts *p, neap_tensor *x, const neap_condition *condition)
{
    x = neap_reshape(x, neap_dims(-1, 2));
    return p->labels ? neap_add(x, neap_embedding(p->labels, neap_condition_get(condition, NEAP_LABELS))) : x;
}

static inline neap_tensor *pair_generate(void *self, neap_tensor *z, const neap_condition *condition)
{
    const pair_parts *p = self;
    return neap_reshape(neap_linear_apply(&p->generator, pair_input(p, z, condition)), neap_dims(-1, 1, 1, 2));
}

static inline neap_tensor *pair_discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    const pair_parts *p = self;
    return neap_linear_apply(&p->critic, pair_input(p, x, condition));
}

static const neap_architecture pair_functions = {.size = sizeof pair_functions, .build = pair_build,
                                                 .destroy = neap_free, .spec = pair_spec,
                                                 .generate = pair_generate, .discriminate = pair_discriminate};

static const neap_param pair_params[] = {
    NEAP_INT(pair_config, classes, 0, 0, 100, "Classes; 0: unconditional."),
    NEAP_PARAMS_END,
};

#define PAIR_COMPONENT                                                                                              \
    {"architecture/2", "pair", "A generator and a critic.", sizeof(pair_config), pair_params, &pair_functions}

/* A loss in which critic and generator both have parameters: the mean square of the logits of generated pictures. */
static inline neap_tensor *pair_score(neap_network *network, const neap_step *step)
{
    neap_tensor *fake = neap_network_generate(network, step->x, NULL);
    return neap_mean(neap_square(neap_network_discriminate(network, fake, NULL)), NULL, 0, false);
}

#endif
