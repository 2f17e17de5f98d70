/*
 * Pictures of one channel stacked three high, as the three channels of one picture (Metz et al. 2017, Unrolled Generative
 * Adversarial Networks, section 3.3.1): with ten classes each, a thousand modes to find. The label is that of the first
 * channel times classes squared, plus that of the second times classes, plus that of the third.
 */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>
#include <neap/registry.h>

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
    s->spec = s->functions->spec(s->inside);
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

static neap_spec spec(const void *self)
{
    const neap_spec one = ((const stacked *)self)->spec;
    return (neap_spec){one.height, one.width, LAYERS, one.classes * one.classes * one.classes};
}

static int64_t count(const void *self)
{
    return ((const stacked *)self)->config->count;
}

/* Example `index` always has the same three pictures, each drawn evenly. */
static int read_example(const void *self, int64_t index, float *x, int32_t *label)
{
    const stacked *s = self;
    const neap_random random = neap_random_fork((neap_random){(uint64_t)s->config->seed, 0}, "stacked");
    const int64_t pixels = s->spec.height * s->spec.width;
    const uint64_t examples = (uint64_t)s->functions->count(s->inside);
    float *layer = neap_calloc((size_t)pixels, sizeof *layer);
    int status = layer ? 0 : -1;
    *label = 0;
    for (int k = 0; status == 0 && k < LAYERS; k++) {
        int32_t own = 0;
        const uint64_t draw = (uint64_t)index * LAYERS + (uint64_t)k;
        status = s->functions->read(s->inside, neap_random_below(random, draw, examples), layer, &own);
        for (int64_t i = 0; i < pixels; i++)
            x[i * LAYERS + k] = layer[i];
        *label = *label * (int32_t)s->spec.classes + own;
    }
    neap_free(layer);
    return status;
}

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .read = read_example};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "dataset", "What the pictures are taken from."),
    NEAP_INT(config, count, 1000000, 1, 1000000000, "Examples."),
    NEAP_INT(config, seed, 0, 0, 1000000000, "Which are drawn."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(stacked) = NEAP_ONE_COMPONENT("stacked", "1.0.0", "MIT", "Three pictures as the channels of one.",
                                          "dataset/1", config, params, functions);
