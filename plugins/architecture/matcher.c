/*
 * A network that matches pictures and texts (Radford et al. 2021, Learning Transferable Visual Models From Natural Language
 * Supervision): a vision transformer and a text encoder, whose outputs are projected to unit vectors of one space.
 *
 * `features` gives the vectors of pictures, [B, embedding]. `prepare` gives those of texts as POOLED, [B, embedding], each times
 * the inverse of a learned temperature: the products of features and POOLED are logits, and texts are the classes of a classifier.
 * The objective contrastive trains it.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "picture_encoder.h"
#include "text_encoder.h"

/* The inverse temperature begins at 1 / 0.07 and grows no further than 100, as in the paper. */
#define FIRST_SCALE (1 / 0.07)
#define LARGEST_SCALE 100.0
#define LEAST_SCALE 1.0

typedef struct config {
    picture_encoder_config picture; /* first, as its parameters' offsets say */
    int64_t embedding, text, text_width, text_depth, text_heads, text_words;
} config;

typedef struct matcher {
    const config *config;
    picture_encoder picture;
    text_encoder text;
    neap_linear_layer picture_projection, text_projection;
    neap_tensor *scale; /* [1]: the logarithm of the inverse temperature over its first value */
} matcher;

/* --- Building ---------------------------------------------------------------------------------------------------- */

static text_encoder_config text_config(const config *c)
{
    return (text_encoder_config){c->text, c->text_width, c->text_depth, c->text_heads, c->text_words};
}

static int check(const config *c)
{
    const text_encoder_config text = text_config(c);
    if (c->text < 1)
        return neap_fail("text: expected a number of bytes from 1, got 0");
    return picture_encoder_check(&c->picture) < 0 ? -1 : text_encoder_check(&text);
}

static int make(matcher *m, neap_model *model)
{
    const config *c = m->config;
    const text_encoder_config text = text_config(c);
    if (picture_encoder_make(&m->picture, model, &c->picture) < 0 || text_encoder_make(&m->text, model, &text) < 0)
        return -1;
    if (neap_linear_make(&m->picture_projection, model, c->picture.width, c->embedding, transformer_xavier, "picture_projection") < 0 ||
        neap_linear_make(&m->text_projection, model, c->text_width, c->embedding, transformer_xavier, "text_projection") < 0)
        return -1;
    m->scale = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ZERO, 0}, "logit_scale");
    return m->scale ? 0 : -1;
}

static void destroy(void *self)
{
    matcher *m = self;
    picture_encoder_free(&m->picture);
    text_encoder_free(&m->text);
    neap_free(m);
}

static void *build(const void *settings, neap_model *model)
{
    matcher *m = check(settings) < 0 ? NULL : neap_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->config = settings;
    if (make(m, model) == 0)
        return m;
    destroy(m);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = ((const matcher *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->picture.rows, .width = c->picture.columns,
                                           .channels = c->picture.channels, .text = c->text});
}

/* --- Embedding --------------------------------------------------------------------------------------------------- */

/* Rows of length 1. */
static neap_tensor *unit(const matcher *m, neap_tensor *x)
{
    return neap_affine(neap_rms_norm(x, TRANSFORMER_EPS), 1 / sqrt((double)m->config->embedding), 0);
}

static neap_tensor *features(void *self, neap_tensor *x)
{
    const matcher *m = self;
    return unit(m, neap_linear_apply(&m->picture_projection, picture_encoder_apply(&m->picture, x)));
}

static neap_tensor *inverse_temperature(const matcher *m)
{
    const double first = log(FIRST_SCALE);
    return neap_exp(neap_clamp(neap_affine(m->scale, 1, first), log(LEAST_SCALE), log(LARGEST_SCALE)));
}

static neap_condition *prepare(void *self, const neap_condition *condition)
{
    const matcher *m = self;
    const neap_condition *encoded = text_encoder_prepare(&m->text, condition);
    neap_tensor *pooled = unit(m, neap_linear_apply(&m->text_projection, neap_condition_get(encoded, NEAP_POOLED)));
    pooled = neap_mul(pooled, inverse_temperature(m));
    return pooled ? neap_condition_with(neap_condition_new(neap_condition_rows(condition)), NEAP_POOLED, pooled) : NULL;
}

/* --- The component ----------------------------------------------------------------------------------------------- */

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .features = features, .prepare = prepare};

static const neap_param params[] = {
    PICTURE_ENCODER_SIZE_PARAMS,
    PICTURE_ENCODER_PARAMS,
    TEXT_ENCODER_PARAMS(config),
    NEAP_INT(config, embedding, 64, 1, 16384, "Width of the vectors of pictures and texts."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(matcher) = NEAP_ONE_COMPONENT("matcher", "1.0.0", "MIT", "Matches pictures and texts.", "architecture/2", config,
                                          params, functions);
