/*
 * Data set: the pictures of another one, each under a smaller or a grey version of itself as the condition: for a network that
 * enlarges or colours pictures. Labels and texts are those of the other set; noise that it pairs with examples is not passed on.
 */
#include <inttypes.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "inside.h"

typedef struct config {
    const neap_instance *of;
    int64_t factor;
    bool grey;
} config;

typedef struct degraded {
    inside inside;
    int64_t factor;
    bool grey;
} degraded;

/* --- Opening ---------------------------------------------------------------------------------------------------------- */

static int check_inside(const degraded *d)
{
    const neap_spec *s = &d->inside.spec;
    if (s->latent.channels)
        return neap_fail("of: expected pictures, got moments of latents");
    if (s->picture.channels)
        return neap_fail("of: expected pictures without pictures as their conditions");
    if (d->grey && s->channels != 3)
        return neap_fail("grey: expected pictures of 3 channels, got %" PRId64, s->channels);
    if (s->height % d->factor || s->width % d->factor)
        return neap_fail("factor: expected a divisor of the size [%" PRId64 ", %" PRId64 "], got %" PRId64, s->height, s->width,
                         d->factor);
    return d->factor > 1 || d->grey ? 0 : neap_fail("factor: expected at least 2 for pictures that are not made grey, got 1");
}

static void close_data(void *self)
{
    degraded *d = self;
    inside_close(&d->inside);
    neap_free(d);
}

static void *open_data(const void *settings)
{
    const config *c = settings;
    degraded *d = neap_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->factor = c->factor;
    d->grey = c->grey;
    if (inside_open(&d->inside, c->of) == 0 && check_inside(d) == 0)
        return d;
    close_data(d);
    return NULL;
}

/* --- Examples --------------------------------------------------------------------------------------------------------- */

static neap_extent extent_of(const degraded *d)
{
    const neap_spec *s = &d->inside.spec;
    return (neap_extent){s->height / d->factor, s->width / d->factor, d->grey ? 1 : s->channels};
}

static int spec(const void *self, neap_spec *out)
{
    const degraded *d = self;
    const neap_spec *s = &d->inside.spec;
    return neap_spec_fill(out, (neap_spec){.height = s->height, .width = s->width, .channels = s->channels, .classes = s->classes,
                                           .text = s->text, .picture = extent_of(d)});
}

static int64_t count(const void *self)
{
    const degraded *d = self;
    return d->inside.functions->count(d->inside.self);
}

static const char *label_name(const void *self, int64_t label)
{
    const degraded *d = self;
    const char *(*name)(const void *, int64_t) = NEAP_MEMBER(d->inside.functions, label_name);
    return name ? name(d->inside.self, label) : NULL;
}

/* The mean of a channel over a square of factor by factor pixels whose upper left value is at `from`: an area filter. */
static double mean_of(const degraded *d, const float *from)
{
    const int64_t channels = d->inside.spec.channels, row = d->inside.spec.width * channels;
    double sum = 0;
    for (int64_t y = 0; y < d->factor; y++)
        for (int64_t x = 0; x < d->factor; x++)
            sum += (double)from[y * row + x * channels];
    return sum / (double)(d->factor * d->factor);
}

/* The luma of red, green and blue (Recommendation ITU-R BT.601). */
static double grey_of(const degraded *d, const float *from)
{
    return 0.299 * mean_of(d, from) + 0.587 * mean_of(d, from + 1) + 0.114 * mean_of(d, from + 2);
}

static void degrade(const degraded *d, const float *x, float *picture)
{
    const neap_extent small = extent_of(d);
    const int64_t channels = d->inside.spec.channels, row = d->inside.spec.width * channels;
    for (int64_t i = 0; i < small.height * small.width; i++) {
        const float *from = x + d->factor * (i / small.width * row + i % small.width * channels);
        for (int64_t c = 0; c < small.channels; c++)
            picture[i * small.channels + c] = (float)(d->grey ? grey_of(d, from) : mean_of(d, from + c));
    }
}

static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const degraded *d = self;
    const neap_example one = {.size = sizeof one, .x = out->x, .label = out->label, .text = out->text, .length = out->length};
    if (d->inside.functions->read(d->inside.self, index, &one) < 0)
        return -1;
    if (out->picture)
        degrade(d, out->x, out->picture);
    return 0;
}

static int part_of(neap_instance *instance, neap_part part, int64_t draw, int64_t examples)
{
    bool drawn;
    const config *c = neap_instance_config(instance);
    return inside_set_part(instance, c->of, part, draw, examples, &drawn) < 0 ? -1 : drawn;
}

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .label_name = label_name, .read = read_example, .part = part_of};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "dataset", "Data set of the pictures."),
    NEAP_INT(config, factor, 2, 1, 1024, "Height and width of a picture over those of its smaller version; a divisor of both."),
    NEAP_FLAG(config, grey, 0, "Make the condition grey."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(degraded) = NEAP_ONE_COMPONENT("degraded", "1.0.0", "MIT",
                                           "Pictures of another data set, under smaller or grey versions of themselves.",
                                           "dataset/2", config, params, functions);
