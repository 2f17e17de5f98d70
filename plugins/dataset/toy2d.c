/*
 * Data set: two-dimensional points, for models that train in seconds and whose samples are easy to judge by eye.
 * Point i and its class (arm, ring, square or Gaussian) are a function of (seed, i), independent of the other points.
 * The class is drawn at random: cycling through the classes would balance them better than any model's samples can
 * be, and metrics between two real draws would be too low. Without noise, each shape lies within [-1, 1] in both
 * coordinates.
 */
#include <inttypes.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "drawn.h"
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

static int toy2d_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    const toy2d_config *config = neap_instance_config(instance);
    return drawn_part(instance, part, config->seed, draw, count);
}

static const neap_param toy2d_params[] = {
    NEAP_CHOICE(toy2d_config, shape, 0, toy_names, "Shape of the distribution."),
    NEAP_INT(toy2d_config, count, 10000, 1, 1e12, "Number of points."),
    NEAP_REAL(toy2d_config, noise, 0.05, 0, 10, "Standard deviation of the noise; a checkerboard has none."),
    NEAP_INT(toy2d_config, seed, 0, 0, 0x1p53, "Seed of the points."),
    NEAP_FLAG(toy2d_config, labels, 1, "Label each point with its class."),
    NEAP_PARAMS_END,
};

static const neap_dataset toy2d_functions = {
    .size = sizeof toy2d_functions, .open = toy2d_open, .close = neap_free, .spec = toy2d_spec,
    .count = toy2d_count, .read = toy2d_read, .part = toy2d_part,
};

NEAP_PLUGIN(toy2d) = NEAP_ONE_COMPONENT("toy2d", "1.0.0", "MIT",
                                        "Two-dimensional points: moons, spirals, checkerboard, eight Gaussians, rings.",
                                        "dataset/2", toy2d_config, toy2d_params, toy2d_functions);
