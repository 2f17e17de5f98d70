/*
 * Data set: drawn shapes of ten classes, which needs no files. Picture i is a function of (seed, i); its class is i
 * modulo 10. A shape is a signed distance to its outline, which makes the edges smooth. Position, size, brightness
 * and a rotation of up to 15 degrees vary; with more, a plus would look like a cross.
 */
#include <inttypes.h>
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "drawn.h"
#include "outline.h"

typedef struct shapes_config {
    int64_t size, count, seed;
    bool labels;
} shapes_config;

typedef struct shapes_data {
    shapes_config config;
    neap_random random;
} shapes_data;

static const struct {
    const char *name;
    outline *distance;
} shapes[] = {
    {"disc", outline_disc}, {"ring", outline_ring}, {"square", outline_square}, {"frame", outline_frame},
    {"triangle", outline_triangle}, {"plus", outline_plus}, {"cross", outline_cross}, {"diamond", outline_diamond},
    {"stripes", outline_stripes}, {"half_moon", outline_half_moon},
};
#define CLASSES ((int64_t)(sizeof shapes / sizeof *shapes))

static double between(float u, double low, double high)
{
    return low + (high - low) * (double)u;
}

/* The pose of picture `index`, and its brightness. */
static outline_pose draw_pose(const shapes_data *data, int64_t index, double *brightness)
{
    float u[5];
    double size = (double)data->config.size, angle;
    neap_random_uniform(data->random, (uint64_t)index, 5, u);
    angle = between(u[3], -0.26, 0.26);
    *brightness = between(u[4], 0.7, 1);
    return (outline_pose){.x = size * between(u[0], 0.42, 0.58),
                          .y = size * between(u[1], 0.42, 0.58),
                          .radius = size * between(u[2], 0.28, 0.4),
                          .cosine = cos(angle),
                          .sine = sin(angle)};
}

static int shapes_read(const void *self, int64_t index, const neap_example *out)
{
    const shapes_data *data = self;
    int64_t size = data->config.size, k = index % CLASSES;
    if (index < 0 || index >= data->config.count)
        return neap_fail("shapes: expected a picture of 0 to %" PRId64 ", got %" PRId64, data->config.count - 1, index);
    double brightness;
    const outline_pose pose = draw_pose(data, index, &brightness);
    for (int64_t i = 0; i < size * size; i++) {
        double covered = outline_coverage(shapes[k].distance, &pose, (double)(i % size) + 0.5, (double)(i / size) + 0.5);
        out->x[i] = (float)(2 * brightness * covered - 1);
    }
    if (out->label)
        *out->label = (int32_t)k;
    return 0;
}

static void *shapes_open(const void *config)
{
    shapes_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    data->config = *(const shapes_config *)config;
    data->random = neap_random_fork((neap_random){.seed = (uint64_t)data->config.seed}, "shapes");
    return data;
}

static int shapes_spec(const void *self, neap_spec *out)
{
    const shapes_config *config = &((const shapes_data *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = config->size, .width = config->size, .channels = 1,
                                           .classes = config->labels ? CLASSES : 0});
}

static int64_t shapes_count(const void *self)
{
    return ((const shapes_data *)self)->config.count;
}

static const char *shapes_label_name(const void *self, int64_t label)
{
    return ((const shapes_data *)self)->config.labels && label >= 0 && label < CLASSES ? shapes[label].name : NULL;
}

static int shapes_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    const shapes_config *config = neap_instance_config(instance);
    return drawn_part(instance, part, config->seed, draw, count);
}

static const neap_param shapes_params[] = {
    NEAP_INT(shapes_config, size, 28, 8, 1024, "Height and width in pixels."),
    NEAP_INT(shapes_config, count, 60000, 1, 1e12, "Number of pictures."),
    NEAP_INT(shapes_config, seed, 0, 0, 0x1p53, "Seed of the pictures."),
    NEAP_FLAG(shapes_config, labels, 1, "Label each picture with its class."),
    NEAP_PARAMS_END,
};

static const neap_dataset shapes_functions = {
    .size = sizeof shapes_functions, .open = shapes_open, .close = neap_free, .spec = shapes_spec,
    .count = shapes_count, .label_name = shapes_label_name, .read = shapes_read, .part = shapes_part,
};

NEAP_PLUGIN(shapes) = NEAP_ONE_COMPONENT("shapes", "1.0.0", "MIT",
                                         "Drawn shapes of ten classes; needs no files.",
                                         "dataset/2", shapes_config, shapes_params, shapes_functions);
