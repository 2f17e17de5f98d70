/* For plugins with one fault each, which `neap plugin check` must find: a config, a table and the calls that are sound. */
#ifndef NEAP_FAULTY_H
#define NEAP_FAULTY_H

#include <neap/plugin.h>

typedef struct faulty_config {
    int64_t number;
} faulty_config;

__attribute__((unused)) static const neap_param faulty_params[] = {
    NEAP_INT(faulty_config, number, 1, 1, 4, "A number without a use."),
    NEAP_PARAMS_END,
};

#define FAULTY_PLUGIN(name, interface, functions)                                                                   \
    NEAP_PLUGIN(name) = NEAP_ONE_COMPONENT(#name, "1.0.0", "MIT", "Has one fault.", interface, faulty_config,       \
                                           faulty_params, functions)

/* --- A data set of points of four classes ---------------------------------------------------------------------------- */

__attribute__((unused)) static void *faulty_open(const void *config)
{
    faulty_config *self = neap_calloc(1, sizeof *self);
    if (self)
        *self = *(const faulty_config *)config;
    return self;
}

__attribute__((unused)) static int faulty_points(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2, .classes = 4});
}

__attribute__((unused)) static int64_t faulty_count(const void *self)
{
    (void)self;
    return 100;
}

__attribute__((unused)) static int faulty_read(const void *self, int64_t index, const neap_example *out)
{
    (void)self;
    out->x[0] = (float)index / 100;
    out->x[1] = 1 - out->x[0];
    if (out->label)
        *out->label = (int32_t)(index % 4);
    return 0;
}

/* --- An architecture of one layer over points -------------------------------------------------------------------------- */

typedef struct faulty_network {
    neap_linear_layer layer;
} faulty_network;

__attribute__((unused)) static void *faulty_build(const void *config, neap_model *model)
{
    const neap_init init = {NEAP_INIT_KAIMING_UNIFORM, 1};
    faulty_network *self = neap_calloc(1, sizeof *self);
    (void)config;
    if (self && neap_linear_make(&self->layer, model, 2, 2, init, "layer") == 0)
        return self;
    neap_free(self);
    return NULL;
}

__attribute__((unused)) static int faulty_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2});
}

#define FAULTY_ARCHITECTURE(name, velocity_fn)                                                                       \
    static const neap_architecture functions = {.size = sizeof functions, .build = faulty_build,                    \
                                                .destroy = neap_free, .spec = faulty_spec, .velocity = velocity_fn}; \
    FAULTY_PLUGIN(name, "architecture/2", functions)

#define FAULTY_DATASET(name, open_fn, read_fn)                                                                      \
    static const neap_dataset functions = {.size = sizeof functions, .open = open_fn, .close = neap_free,           \
                                           .spec = faulty_points, .count = faulty_count, .read = read_fn};           \
    FAULTY_PLUGIN(name, "dataset/2", functions)

#define FAULTY_SAMPLER(name, advance)                                                                               \
    static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 10), NEAP_PARAMS_END};                   \
    NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);                                            \
    NEAP_PLUGIN(name) = NEAP_ONE_COMPONENT(#name, "1.0.0", "MIT", "Has one fault.", "sampler/2", neap_grid_config,  \
                                           params, functions)

#endif
