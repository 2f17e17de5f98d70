/*
 * Data set: a coloured shape at a place of a black picture, with a caption, "a small red circle at the top left". It is drawn and
 * needs no files. Example i is a function of (seed, i); the same scene has captions of several forms and words, so that a model has
 * to read. Some combinations of colour, shape and place are held out of the training part and make up the test part: see
 * scene_is_held_out. The metric shape_attributes reads the scene back from pixels.
 */
#include <inttypes.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "content.h"
#include "drawn.h"
#include "scene.h"

typedef struct config {
    int64_t size, count, seed;
    int split;
} config;

typedef struct captioned_shapes {
    const config *config;
    neap_random scenes, poses, captions;
    int count; /* of the part's scenes */
    scene scene[SCENE_COMBINATIONS * SCENE_SIZES];
} captioned_shapes;

static void *open_data(const void *settings)
{
    captioned_shapes *d = neap_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->config = settings;
    const neap_random random = neap_random_fork((neap_random){.seed = (uint64_t)d->config->seed}, "captioned_shapes");
    d->scenes = neap_random_fork(random, "scene");
    d->poses = neap_random_fork(random, "pose");
    d->captions = neap_random_fork(random, "caption");
    for (int i = 0; i < SCENE_COMBINATIONS * SCENE_SIZES; i++) {
        const scene s = scene_at(i);
        if (scene_is_held_out(&s) == (d->config->split == CONTENT_TEST))
            d->scene[d->count++] = s;
    }
    return d;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = ((const captioned_shapes *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->size, .width = c->size, .channels = 3, .text = scene_longest_caption()});
}

static int64_t count(const void *self)
{
    return ((const captioned_shapes *)self)->config->count;
}

static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const captioned_shapes *d = self;
    char text[SCENE_CAPTION];
    if (index < 0 || index >= d->config->count)
        return neap_fail("expected a picture of 0 to %" PRId64 ", got %" PRId64, d->config->count - 1, index);
    const scene *s = &d->scene[neap_random_below(d->scenes, (uint64_t)index, (uint64_t)d->count)];
    scene_draw(s, d->poses, (uint64_t)index, d->config->size, out->x);
    if (out->text && out->length) {
        *out->length = scene_caption(s, d->captions, (uint64_t)index, text);
        memcpy(out->text, text, (size_t)*out->length);
    }
    return 0;
}

static int part_of(neap_instance *instance, neap_part part, int64_t draw, int64_t examples)
{
    const config *c = neap_instance_config(instance);
    return content_part(instance, part, draw, examples) < 0 ? -1 : drawn_part(instance, part, c->seed, draw, examples);
}

static const neap_param params[] = {
    NEAP_INT(config, size, 28, 24, 1024, "Height and width in pixels."),
    NEAP_INT(config, count, 60000, 1, 1e12, "Number of pictures."),
    NEAP_INT(config, seed, 0, 0, 0x1p53, "Seed of the pictures and their captions."),
    NEAP_CHOICE(config, split, CONTENT_TRAIN, content_splits,
                "Part of the combinations of colour, shape and place: test has an eighth of them, train the others."),
    NEAP_PARAMS_END,
};

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = neap_free, .spec = spec,
                                       .count = count, .read = read_example, .part = part_of};

NEAP_PLUGIN(captioned_shapes) = NEAP_ONE_COMPONENT("captioned_shapes", "1.0.0", "MIT",
                                                   "Coloured shapes at places, with captions; needs no files.", "dataset/2",
                                                   config, params, functions);
