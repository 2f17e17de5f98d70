--- An architecture to start from: a small convolutional network with an embedding of labels.
return {
  help = "A small convolutional network.",
  code = [==[
/* @NAME@: an architecture. It predicts the velocity of pictures [B, size, size, channels]. */
#include <neap/plugin.h>

#define TIME_FEATURES 32

typedef struct config {
    int64_t size, channels, classes, width;
} config;

typedef struct network {
    config c;
    neap_conv_layer in, middle, out;
    neap_linear_layer time;
    neap_tensor *labels; /* [classes + 1, width]: the last row is that of the null class */
} network;

static int make_conv(neap_conv_layer *layer, neap_model *model, int64_t in, int64_t out, neap_init init, const char *name)
{
    const neap_window same = {.stride = 1, .padding = 1, .dilation = 1, .groups = 1};
    const neap_conv_spec spec = {.in = in, .out = out, .kernel = 3, .window = same, .bias = true, .init = init};
    return neap_conv_make(layer, model, &spec, "%s", name);
}

static int make_layers(network *n, neap_model *model)
{
    const neap_init init = {NEAP_INIT_KAIMING_UNIFORM, 1}, zero = {NEAP_INIT_ZERO, 0}, normal = {NEAP_INIT_NORMAL, 0.02};
    const config *c = &n->c;
    if (make_conv(&n->in, model, c->channels, c->width, init, "in") < 0 ||
        make_conv(&n->middle, model, c->width, c->width, init, "middle") < 0 ||
        make_conv(&n->out, model, c->width, c->channels, zero, "out") < 0 ||
        neap_linear_make(&n->time, model, TIME_FEATURES, c->width, init, "time") < 0)
        return -1;
    if (c->classes)
        n->labels = neap_model_parameter(model, neap_dims(c->classes + 1, c->width), normal, "labels");
    return c->classes && !n->labels ? -1 : 0;
}

static void *build(const void *settings, neap_model *model)
{
    network *n = neap_calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->c = *(const config *)settings;
    if (make_layers(n, model) == 0)
        return n;
    neap_free(n);
    return NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = &((const network *)self)->c;
    return neap_spec_fill(out, (neap_spec){.height = c->size, .width = c->size, .channels = c->channels, .classes = c->classes});
}

/* x [B, size, size, channels], t f32 [B]; an op that is given NULL returns NULL, so the end is the only check. */
static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const network *n = self;
    neap_tensor *e = neap_linear_apply(&n->time, neap_time_features(t, TIME_FEATURES));
    if (n->labels)
        e = neap_add(e, neap_label_embedding(n->labels, neap_condition_get(condition, NEAP_LABELS)));
    neap_tensor *h = neap_add(neap_conv_apply(&n->in, x), neap_reshape(e, neap_dims(-1, 1, 1, n->c.width)));
    h = neap_add(h, neap_conv_apply(&n->middle, neap_silu(h)));
    return neap_conv_apply(&n->out, neap_silu(h));
}

static const neap_architecture functions = {
    .size = sizeof functions, .build = build, .destroy = neap_free, .spec = spec, .velocity = velocity,
};
static const neap_param params[] = {
    NEAP_INT(config, size, 8, 1, 1024, "Side of a square picture."),
    NEAP_INT(config, channels, 1, 1, 1024, "Channels of a picture."),
    NEAP_INT(config, classes, 0, 0, 1000000, "Number of classes; 0: unconditional."),
    NEAP_INT(config, width, 16, 1, 4096, "Channels between the convolutions."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "architecture/2", config, params, functions);
]==],
  recipe = [==[
-- Trains @NAME@ on drawn shapes, for a moment.
local neap = require "neap"

neap.train {
  model = neap.architecture.@NAME@ { size = 8, classes = 10 },
  data = neap.dataset.shapes { size = 8 },
  objective = neap.objective.flow_matching { label_dropout = 0.1 }, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  sampler = neap.sampler.euler { steps = 10 }, steps = 20, batch = 16, precision = "fp32",
}
]==],
}
