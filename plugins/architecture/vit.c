/* A vision transformer as a classifier; picture_encoder.h describes it. The output of its encoder is the result of `features`. */
#include <neap/memory.h>

#include "picture_encoder.h"

typedef struct config {
    picture_encoder_config picture;
    int64_t classes;
} config;

typedef struct vit {
    const config *config;
    picture_encoder picture;
    neap_linear_layer head;
} vit;

static void destroy(void *self)
{
    picture_encoder_free(&((vit *)self)->picture);
    neap_free(self);
}

static int make(vit *m, neap_model *model)
{
    const config *c = m->config;
    if (picture_encoder_make(&m->picture, model, &c->picture) < 0)
        return -1;
    return neap_linear_make(&m->head, model, c->picture.width, c->classes, (neap_init){NEAP_INIT_ZERO, 0}, "head");
}

static void *build(const void *settings, neap_model *model)
{
    const config *c = settings;
    vit *m = picture_encoder_check(&c->picture) < 0 ? NULL : neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = c;
    if (make(m, model) == 0)
        return m;
    destroy(m);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = ((const vit *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->picture.rows, .width = c->picture.columns,
                                           .channels = c->picture.channels, .classes = c->classes});
}

static neap_tensor *features(void *self, neap_tensor *x)
{
    return picture_encoder_apply(&((const vit *)self)->picture, x);
}

static neap_tensor *classify(void *self, neap_tensor *x)
{
    return neap_linear_apply(&((const vit *)self)->head, features(self, x));
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .features = features, .classify = classify};

static const neap_param params[] = {
    PICTURE_ENCODER_SIZE_PARAMS,
    NEAP_REQUIRED_INT(config, classes, 2, 1000000, "Number of classes."),
    PICTURE_ENCODER_PARAMS,
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(vit) = NEAP_ONE_COMPONENT("vit", "1.0.0", "MIT", "Vision transformer as a classifier.", "architecture/2",
                                      config, params, functions);
