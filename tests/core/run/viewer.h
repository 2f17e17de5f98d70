/*
 * For tests of conditions: `viewer`, an architecture that takes labels, a text and a picture, and encodes the text into tokens; and
 * `dots`, a data set that gives all of them.
 */
#ifndef NEAP_VIEWER_H
#define NEAP_VIEWER_H

#include "run_test.h"

enum { CLASSES = 3, MOST_BYTES = 4 };

typedef struct viewer_config {
    double scale; /* of a byte in its token */
    double start; /* what each text is encoded to besides, the empty one, too */
} viewer_config;

typedef struct viewer {
    const viewer_config *config;
    neap_tensor *weight;
} viewer;

static const neap_condition *seen; /* by the last call */
static int prepared;               /* calls of prepare */

static inline void *viewer_build(const void *config, neap_model *model)
{
    viewer *v = neap_calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->config = config;
    v->weight = neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "weight");
    return v;
}

static inline int viewer_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 1, .classes = CLASSES, .text = MOST_BYTES,
                                           .picture = {1, 2, 1}});
}

static inline neap_condition *viewer_prepare(void *self, const neap_condition *condition)
{
    neap_tensor *text = neap_cast(neap_condition_get(condition, NEAP_TEXT), NEAP_F32);
    if (!text)
        return NULL;
    neap_tensor *tokens = neap_reshape(text, neap_dims(neap_dim(text, 0), neap_dim(text, 1), 1));
    prepared++;
    tokens = neap_affine(tokens, ((const viewer *)self)->config->scale, 0);
    const double start = ((const viewer *)self)->config->start;
    if (start != 0)
        condition = neap_condition_with(condition, NEAP_POOLED, neap_full(NEAP_F32, neap_dims(neap_dim(text, 0), 1), start));
    return neap_condition_with(neap_condition_with(condition, NEAP_TEXT, NULL), NEAP_TOKENS, tokens);
}

/* Label + the sum of the tokens that count + the start + the sum of the picture, in each row. */
static inline neap_tensor *viewer_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const int64_t rows = neap_dim(x, 0);
    neap_tensor *tokens = neap_condition_get(condition, NEAP_TOKENS), *picture = neap_condition_get(condition, NEAP_PICTURE);
    const int32_t *label = neap_data(neap_condition_get(condition, NEAP_LABELS));
    const int32_t *length = neap_data(neap_condition_get(condition, NEAP_LENGTHS));
    neap_tensor *start = neap_condition_get(condition, NEAP_POOLED);
    neap_tensor *v = neap_empty(NEAP_F32, neap_dims(rows, 1, 1, 1));
    (void)t;
    seen = condition;
    for (int64_t i = 0; v && i < rows; i++) {
        float sum = (float)label[i] + (start ? floats(start)[i] : 0) + floats(picture)[2 * i] + floats(picture)[2 * i + 1];
        for (int32_t k = 0; k < length[i]; k++)
            sum += floats(tokens)[i * neap_dim(tokens, 1) + k];
        ((float *)neap_data(v))[i] = sum;
    }
    return neap_add(v, neap_mul(neap_affine(x, 0, 0), ((const viewer *)self)->weight));
}

static const neap_architecture viewer_functions = {.size = sizeof viewer_functions, .build = viewer_build,
                                                   .destroy = neap_free, .spec = viewer_spec,
                                                   .velocity = viewer_velocity, .prepare = viewer_prepare};
static const neap_param viewer_params[] = {
    NEAP_REAL(viewer_config, scale, 1, -10, 10, "Of a byte in its token."),
    NEAP_REAL(viewer_config, start, 0, -10, 10, "Of each text."),
    NEAP_PARAMS_END,
};
/* Ten examples: the picture i of one pixel, the label i % 3, a text of i % 5 bytes, and the picture i, -i. */
typedef struct dots_config {
    bool text, picture;
    int64_t fault; /* 1: a label, 2: a length out of range; 3: a byte that no text has */
} dots_config;

static inline void *dots_open(const void *config)
{
    dots_config *self = neap_calloc(1, sizeof *self);
    if (self)
        *self = *(const dots_config *)config;
    return self;
}

static inline int dots_spec(const void *self, neap_spec *out)
{
    const dots_config *c = self;
    neap_spec spec = {.height = 1, .width = 1, .channels = 1, .classes = CLASSES, .text = c->text ? MOST_BYTES : 0};
    if (c->picture)
        spec.picture = (neap_extent){1, 2, 1};
    return neap_spec_fill(out, spec);
}

static inline int64_t dots_count(const void *self)
{
    (void)self;
    return 10;
}

static inline int dots_read(const void *self, int64_t index, const neap_example *out)
{
    const dots_config *c = self;
    *out->x = (float)index;
    *out->label = c->fault == 1 ? CLASSES : (int32_t)(index % CLASSES);
    if (out->text) {
        *out->length = c->fault == 2 ? MOST_BYTES + 1 : (int32_t)(index % (MOST_BYTES + 1));
        memset(out->text, c->fault == 3 ? 0xff : (int)index, (size_t)(index % (MOST_BYTES + 1)));
    }
    if (out->picture) {
        out->picture[0] = (float)index;
        out->picture[1] = -(float)index;
    }
    return 0;
}

static const neap_dataset dots_functions = {.size = sizeof dots_functions, .open = dots_open, .close = neap_free,
                                            .spec = dots_spec, .count = dots_count, .read = dots_read};
static const neap_param dots_params[] = {
    NEAP_FLAG(dots_config, text, 1, "Tell a text."),
    NEAP_FLAG(dots_config, picture, 1, "Tell a picture."),
    NEAP_INT(dots_config, fault, 0, 0, 3, "Which."),
    NEAP_PARAMS_END,
};

static const neap_component components[] = {
    {"dataset/2", "dots", "Dots that tell everything.", sizeof(dots_config), dots_params, &dots_functions},
    {"architecture/2", "viewer", "Sums up what it is told.", sizeof(viewer_config), viewer_params, &viewer_functions},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static neap_network *network;

static inline void open_viewer(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
    network = TRY_NETWORK("viewer", NULL);
    prepared = 0;
}

static inline void close_viewer(void)
{
    neap_network_release(network);
    run_close();
}

static inline neap_tensor *call(const neap_condition *condition, int64_t rows)
{
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(rows, 1, 1, 1));
    return neap_network_velocity(network, x, neap_zeros(NEAP_F32, neap_dims(rows)), condition);
}

static inline void gives(const neap_condition *condition, int rows, const float *expected)
{
    neap_tensor *v = call(condition, rows);
    ck_assert_msg(v != NULL, "%s", neap_error_message());
    for (int i = 0; i < rows; i++)
        ck_assert_float_eq(floats(v)[i], expected[i]);
}

static inline void refused(const neap_condition *condition, int rows, const char *message)
{
    ck_assert_ptr_null(call(condition, rows));
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

/* Row 0: label 1, "\1\2" of which both count, picture 10, 20. Row 1: label 2, one byte, picture 30, 40. */
static inline neap_condition *two_rows(void)
{
    neap_condition *c = neap_condition_new(2);
    c = neap_condition_with(c, NEAP_LABELS, neap_from(NEAP_I32, neap_dims(2), (int32_t[]){1, 2}));
    c = neap_condition_with(c, NEAP_TEXT, neap_from(NEAP_U8, neap_dims(2, 2), "\1\2\3\4"));
    c = neap_condition_with(c, NEAP_LENGTHS, neap_from(NEAP_I32, neap_dims(2), (int32_t[]){2, 1}));
    return neap_condition_with(c, NEAP_PICTURE, neap_from(NEAP_F32, neap_dims(2, 1, 2, 1), (float[]){10, 20, 30, 40}));
}

#endif
