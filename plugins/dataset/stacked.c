/*
 * Pictures of one channel stacked three high, as the three channels of one picture (Metz et al. 2017, Unrolled Generative
 * Adversarial Networks, section 3.3.1): with ten classes each, a thousand modes to find. The label is that of the first
 * channel times classes squared, plus that of the second times classes, plus that of the third.
 */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/run.h>

#define LAYERS 3
#define MOST_PIXELS 65536

typedef struct config {
    const neap_instance *of;
    int64_t count, seed;
} config;

typedef struct stacked {
    const config *config;
    const neap_dataset *functions; /* of the data set inside */
    void *inside;
    neap_spec spec;
} stacked;

static void close_data(void *self)
{
    stacked *s = self;
    if (s->inside)
        s->functions->close(s->inside);
    neap_free(s);
}

static int open_inside(stacked *s)
{
    const config *c = s->config;
    if (!c->of)
        return neap_fail("of: expected a data set");
    if (neap_instance_check(c->of) < 0)
        return -1;
    s->functions = neap_instance_component(c->of)->functions;
    s->inside = s->functions->open(neap_instance_config(c->of));
    if (!s->inside)
        return -1;
    s->spec.size = sizeof s->spec;
    if (s->functions->spec(s->inside, &s->spec) < 0)
        return -1;
    const int64_t classes = s->spec.classes, pixels = s->spec.height * s->spec.width;
    if (s->spec.channels != 1 || classes > 1000 || pixels > MOST_PIXELS || s->functions->count(s->inside) < 1)
        return neap_fail("of: expected pictures of one channel and at most %d pixels and 1000 classes, got "
                         "[%lld, %lld, %lld] and %lld", MOST_PIXELS, (long long)s->spec.height, (long long)s->spec.width,
                         (long long)s->spec.channels, (long long)classes);
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
    const neap_spec *one = &((const stacked *)self)->spec;
    return neap_spec_fill(out, (neap_spec){.height = one->height, .width = one->width, .channels = LAYERS,
                                           .classes = one->classes * one->classes * one->classes});
}

static int64_t count(const void *self)
{
    return ((const stacked *)self)->config->count;
}

/* Example `index` always has the same three pictures, each drawn evenly. */
static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const stacked *s = self;
    const neap_random random = neap_random_fork((neap_random){(uint64_t)s->config->seed, 0}, "stacked");
    const int64_t pixels = s->spec.height * s->spec.width;
    const uint64_t examples = (uint64_t)s->functions->count(s->inside);
    float *layer = neap_calloc((size_t)pixels, sizeof *layer);
    int status = layer ? 0 : -1;
    int32_t label = 0;
    for (int k = 0; status == 0 && k < LAYERS; k++) {
        int32_t own = 0;
        const uint64_t draw = (uint64_t)index * LAYERS + (uint64_t)k;
        const neap_example one = {.size = sizeof one, .x = layer, .label = s->spec.classes ? &own : NULL};
        status = s->functions->read(s->inside, neap_random_below(random, draw, examples), &one);
        for (int64_t i = 0; i < pixels; i++)
            out->x[i * LAYERS + k] = layer[i];
        label = label * (int32_t)s->spec.classes + own;
    }
    if (out->label)
        *out->label = label;
    neap_free(layer);
    return status;
}

/* The part of the data set inside, in a draw of its own. */
static int set_inside(neap_instance *instance, neap_part part, int64_t draw, int64_t examples)
{
    bool drawn;
    const config *c = neap_instance_config(instance);
    if (!c->of)
        return neap_fail("of: expected a data set");
    neap_value value = {.type = NEAP_PARAM_COMPONENT,
                        .component = neap_source_part((neap_instance *)(uintptr_t)c->of, part, draw, examples, &drawn)};
    const int status = value.component ? neap_instance_set(instance, "of", &value) : -1;
    neap_instance_release(value.component);
    return status;
}

static int part_of(neap_instance *instance, neap_part part, int64_t draw, int64_t examples)
{
    const config *c = neap_instance_config(instance);
    const neap_value seed = {.type = NEAP_PARAM_INT, .integer = c->seed + draw};
    const neap_value number = {.type = NEAP_PARAM_INT, .integer = examples};
    if (set_inside(instance, part, draw, examples) < 0)
        return -1;
    if (part == NEAP_PART_TRAIN)
        return 1;
    return neap_instance_set(instance, "seed", &seed) < 0 || neap_instance_set(instance, "count", &number) < 0 ? -1 : 1;
}

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .read = read_example, .part = part_of};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "dataset", "What the pictures are taken from."),
    NEAP_INT(config, count, 1000000, 1, 1000000000, "Examples."),
    NEAP_INT(config, seed, 0, 0, 1000000000, "Which are drawn."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(stacked) = NEAP_ONE_COMPONENT("stacked", "1.0.0", "MIT", "Three pictures as the channels of one.",
                                          "dataset/2", config, params, functions);
