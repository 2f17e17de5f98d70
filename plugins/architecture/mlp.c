/*
 * A velocity field as a multilayer perceptron on [x, features of t, label embedding], for points and small pictures.
 * With `interval` it predicts the mean velocity between two times (Geng et al. 2025) and gets features of t - r, too.
 */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/plugin.h>

typedef struct config {
    int64_t rows, columns, channels, classes, hidden, depth, time_features;
    bool interval;
} config;

typedef struct mlp {
    const config *config;
    int64_t inputs; /* elements of x per sample */
    neap_tensor *labels;
    neap_linear_layer out, hidden[];
} mlp;

static int64_t features(const config *c)
{
    return c->time_features * (1 + (c->interval != 0) + (c->classes != 0));
}

static int make_layers(mlp *m, neap_model *model)
{
    const config *c = m->config;
    const neap_init init = {NEAP_INIT_KAIMING_UNIFORM, 1}, small = {NEAP_INIT_NORMAL, 0.02};
    if (c->classes &&
        !(m->labels = neap_model_parameter(model, neap_dims(c->classes + 1, c->time_features), small, "labels.weight")))
        return -1;
    for (int64_t i = 0; i < c->depth; i++) {
        int64_t in = i ? c->hidden : m->inputs + features(c);
        if (neap_linear_make(&m->hidden[i], model, in, c->hidden, init, "layers.%lld", (long long)i) < 0)
            return -1;
    }
    return neap_linear_make(&m->out, model, c->hidden, m->inputs, (neap_init){NEAP_INIT_ZERO, 0}, "out");
}

static void *build(const void *settings, neap_model *model)
{
    const config *c = settings;
    if (c->time_features % 2)
        return neap_fail_null("time_features: expected an even number, got %lld", (long long)c->time_features);
    mlp *m = neap_calloc(1, sizeof *m + (size_t)c->depth * sizeof *m->hidden);
    if (!m)
        return NULL;
    m->config = c;
    m->inputs = c->rows * c->columns * c->channels;
    if (make_layers(m, model) < 0) {
        neap_free(m);
        return NULL;
    }
    return m;
}

static void destroy(void *self)
{
    neap_free(self);
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = ((const mlp *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->rows, .width = c->columns, .channels = c->channels,
                                           .classes = c->classes});
}

/* The layers applied to x and the features. */
static neap_tensor *apply(const mlp *m, neap_tensor *x, neap_tensor *const *features, int count)
{
    neap_tensor *part[4] = {neap_reshape(x, neap_dims(-1, m->inputs))};
    for (int i = 0; i < count; i++)
        part[i + 1] = features[i];
    neap_tensor *h = neap_concat(part, count + 1, 1);
    for (int64_t i = 0; i < m->config->depth; i++)
        h = neap_silu(neap_linear_apply(&m->hidden[i], h));
    return x ? neap_reshape(neap_linear_apply(&m->out, h), neap_shape_of(x)) : NULL;
}

static neap_tensor *between(const mlp *m, neap_tensor *x, neap_tensor *t, neap_tensor *gap, neap_tensor *labels)
{
    const int64_t width = m->config->time_features;
    neap_tensor *part[3] = {neap_slow_time_features(t, width), neap_slow_time_features(gap, width)};
    if (m->labels)
        part[2] = neap_label_embedding(m->labels, labels);
    return apply(m, x, part, m->labels ? 3 : 2);
}

static neap_tensor *average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r, const neap_condition *condition)
{
    const mlp *m = self;
    if (!m->config->interval)
        return neap_fail_null("average: expected a network with interval = true, got one with a single time");
    return between(m, x, t, neap_sub(t, r), neap_condition_get(condition, NEAP_LABELS));
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const mlp *m = self;
    neap_tensor *labels = neap_condition_get(condition, NEAP_LABELS);
    if (m->config->interval)
        return between(m, x, t, neap_affine(t, 0, 0), labels);
    neap_tensor *part[2] = {neap_time_features(t, m->config->time_features)};
    if (m->labels)
        part[1] = neap_label_embedding(m->labels, labels);
    return apply(m, x, part, m->labels ? 2 : 1);
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity, .average = average};

static const neap_param params[] = {
    NEAP_INT(config, rows, 1, 1, 4096, "Rows of a picture; 1 for points."),
    NEAP_INT(config, columns, 1, 1, 4096, "Columns of a picture; 1 for points."),
    NEAP_INT(config, channels, 2, 1, 4096, "Channels of a picture, or dimensions of a point."),
    NEAP_INT(config, classes, 0, 0, 1000000, "Number of classes; 0: unconditional."),
    NEAP_INT(config, hidden, 128, 1, 65536, "Width of the hidden layers."),
    NEAP_INT(config, depth, 3, 1, 64, "Number of hidden layers."),
    NEAP_INT(config, time_features, 64, 2, 4096, "Number of time features, and width of the label embedding; even."),
    NEAP_FLAG(config, interval, 0, "Predict the mean velocity between two times, for the objective mean_flow."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(mlp) = NEAP_ONE_COMPONENT("mlp", "1.0.0", "MIT", "A multilayer perceptron as a velocity field.",
                                      "architecture/2", config, params, functions);
