/*
 * Data set: points of the plane, for models that train in seconds and whose samples are judged at a glance. Point i is
 * a function of (seed, i), drawn independently of the others, with its class: the arm, ring, square or peak it comes
 * from. Classes in turn would be more even than any model's samples can be, and real draws look closer to each other
 * than they are. Without noise every shape lies within [-1, 1] in both directions.
 */
#include <inttypes.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/registry.h>

#include "toy.h"

typedef struct toy2d_config {
    int shape;
    int64_t count;
    double noise;
    int64_t seed;
    bool labels;
} toy2d_config;

typedef struct toy2d_data {
    toy2d_config config;
    neap_random place, noise; /* streams of uniforms and of normals */
} toy2d_data;

static void *toy2d_open(const void *config)
{
    toy2d_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    data->config = *(const toy2d_config *)config;
    neap_random random = {.seed = (uint64_t)data->config.seed};
    data->place = neap_random_fork(random, "toy2d place");
    data->noise = neap_random_fork(random, "toy2d noise");
    return data;
}

static int toy2d_spec(const void *self, neap_spec *out)
{
    const toy2d_config *config = &((const toy2d_data *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2,
                                           .classes = config->labels ? toy_sets[config->shape].classes : 0});
}

static int64_t toy2d_count(const void *self)
{
    return ((const toy2d_data *)self)->config.count;
}

static int toy2d_read(const void *self, int64_t index, const neap_example *out)
{
    const toy2d_data *data = self;
    const toy2d_config *config = &data->config;
    if (index < 0 || index >= config->count)
        return neap_fail("toy2d: expected a point of 0 to %" PRId64 ", got %" PRId64, config->count - 1, index);
    const toy_set *set = &toy_sets[config->shape];
    double noise = set->dimensions < 2 ? config->noise : 0, p[2];
    float u[3], z[2];
    neap_random_uniform(data->place, (uint64_t)index, 3, u);
    int64_t k = (int64_t)(u[2] * (float)set->classes);
    neap_random_normal(data->noise, (uint64_t)index, 2, z);
    set->place(k, u, p);
    out->x[0] = (float)(p[0] + noise * (double)z[0]);
    out->x[1] = (float)(p[1] + noise * (double)z[1]);
    if (out->label)
        *out->label = (int32_t)k;
    return 0;
}

/* Another draw is another set of points of the same distribution. */
static int toy2d_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    const toy2d_config *config = neap_instance_config(instance);
    const neap_value seed = {.type = NEAP_PARAM_INT, .integer = config->seed + draw};
    const neap_value number = {.type = NEAP_PARAM_INT, .integer = count};
    if (part == NEAP_PART_TRAIN)
        return 1;
    return neap_instance_set(instance, "seed", &seed) < 0 || neap_instance_set(instance, "count", &number) < 0 ? -1 : 1;
}

static const neap_param toy2d_params[] = {
    NEAP_CHOICE(toy2d_config, shape, 0, toy_names, "what the points form"),
    NEAP_INT(toy2d_config, count, 10000, 1, 1e12, "number of points"),
    NEAP_REAL(toy2d_config, noise, 0.05, 0, 10, "standard deviation of the noise; a checkerboard has none"),
    NEAP_INT(toy2d_config, seed, 0, 0, 0x1p53, "another seed, other points"),
    NEAP_FLAG(toy2d_config, labels, 1, "give the class of each point"),
    NEAP_PARAMS_END,
};

static const neap_dataset toy2d_functions = {
    .size = sizeof toy2d_functions, .open = toy2d_open, .close = neap_free, .spec = toy2d_spec,
    .count = toy2d_count, .read = toy2d_read, .part = toy2d_part,
};

NEAP_PLUGIN(toy2d) = NEAP_ONE_COMPONENT("toy2d", "1.0.0", "MIT",
                                        "Points of the plane: moons, spirals, checkerboard, eight Gaussians, rings.",
                                        "dataset/2", toy2d_config, toy2d_params, toy2d_functions);
