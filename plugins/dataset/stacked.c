/*
 * Data set: three pictures of one channel stacked as the channels of one picture (Metz et al. 2017, Unrolled Generative
 * Adversarial Networks, section 3.3.1). With ten classes each there are a thousand modes. The label is a classes^2 +
 * b classes + c, for labels a, b and c of the three channels.
 */
#include <neap/error.h>
#include <neap/memory.h>

#include "drawn.h"
#include "inside.h"

#define LAYERS 3
#define MAX_PIXELS 65536

typedef struct config {
    const neap_instance *of;
    int64_t count, seed;
} config;

typedef struct stacked {
    const config *config;
    inside inside;
} stacked;

static void close_data(void *self)
{
    stacked *s = self;
    inside_close(&s->inside);
    neap_free(s);
}

static int open_inside(stacked *s)
{
    const neap_spec *one = &s->inside.spec;
    if (inside_open(&s->inside, s->config->of) < 0)
        return -1;
    const int64_t classes = one->classes, pixels = one->height * one->width;
    if (one->channels != 1 || classes > 1000 || pixels > MAX_PIXELS || s->inside.functions->count(s->inside.self) < 1)
        return neap_fail("of: expected pictures of one channel and at most %d pixels and 1000 classes, got "
                         "[%lld, %lld, %lld] and %lld", MAX_PIXELS, (long long)one->height, (long long)one->width,
                         (long long)one->channels, (long long)classes);
    return 0;
}

static void *open_data(const void *settings)
{
    stacked *s = neap_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = settings;
    if (open_inside(s) == 0)
        return s;
    close_data(s);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const neap_spec *one = &((const stacked *)self)->inside.spec;
    return neap_spec_fill(out, (neap_spec){.height = one->height, .width = one->width, .channels = LAYERS,
                                           .classes = one->classes * one->classes * one->classes});
}

static int64_t count(const void *self)
{
    return ((const stacked *)self)->config->count;
}

/* The three pictures of example `index` are drawn uniformly, as a function of (seed, index). */
static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const stacked *s = self;
    const neap_random random = neap_random_fork((neap_random){(uint64_t)s->config->seed, 0}, "stacked");
    const neap_spec *spec_inside = &s->inside.spec;
    const int64_t pixels = spec_inside->height * spec_inside->width;
    const uint64_t examples = (uint64_t)s->inside.functions->count(s->inside.self);
    float *layer = neap_calloc((size_t)pixels, sizeof *layer);
    int status = layer ? 0 : -1;
    int32_t label = 0;
    for (int k = 0; status == 0 && k < LAYERS; k++) {
        int32_t label_inside = 0;
        const uint64_t draw = (uint64_t)index * LAYERS + (uint64_t)k;
        const neap_example one = {.size = sizeof one, .x = layer, .label = spec_inside->classes ? &label_inside : NULL};
        status = s->inside.functions->read(s->inside.self, neap_random_below(random, draw, examples), &one);
        for (int64_t i = 0; i < pixels; i++)
            out->x[i * LAYERS + k] = layer[i];
        label = label * (int32_t)spec_inside->classes + label_inside;
    }
    if (out->label)
        *out->label = label;
    neap_free(layer);
    return status;
}

static int part_of(neap_instance *instance, neap_part part, int64_t draw, int64_t examples)
{
    bool drawn;
    const config *c = neap_instance_config(instance);
    if (inside_set_part(instance, c->of, part, draw, examples, &drawn) < 0)
        return -1;
    return drawn_part(instance, part, c->seed, draw, examples);
}

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .read = read_example, .part = part_of};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "dataset", "Data set of the pictures."),
    NEAP_INT(config, count, 1000000, 1, 1000000000, "Number of examples."),
    NEAP_INT(config, seed, 0, 0, 1000000000, "Seed of the choice of pictures."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(stacked) = NEAP_ONE_COMPONENT("stacked", "1.0.0", "MIT", "Three pictures as the channels of one.",
                                          "dataset/2", config, params, functions);
