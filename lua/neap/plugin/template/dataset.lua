--- A data set to start from: points on rings.
return {
  help = "Points on rings.",
  code = [==[
/* @NAME@: a data set. Points of the plane on rings, one ring for each class. */
#include <math.h>

#include <neap/plugin.h>

typedef struct config {
    int64_t rings, count, seed;
} config;

static void *open_rings(const void *settings)
{
    config *self = neap_calloc(1, sizeof *self);
    if (self)
        *self = *(const config *)settings;
    return self;
}

static int spec(const void *self, neap_spec *out)
{
    const config *c = self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = 2, .classes = c->rings});
}

static int64_t count(const void *self)
{
    return ((const config *)self)->count;
}

/* Called from many threads: example `index` is a function of (seed, index) alone. A part of *out may be NULL. */
static int read_point(const void *self, int64_t index, const neap_example *out)
{
    const config *c = self;
    const int64_t ring = index % c->rings;
    float angle;
    neap_random_uniform((neap_random){(uint64_t)c->seed, 0}, (uint64_t)index, 1, &angle);
    const double radius = (double)(ring + 1) / (double)c->rings, turn = 2 * 3.14159265358979 * (double)angle;
    out->x[0] = (float)(radius * cos(turn));
    out->x[1] = (float)(radius * sin(turn));
    if (out->label)
        *out->label = (int32_t)ring;
    return 0;
}

static const neap_dataset functions = {
    .size = sizeof functions, .open = open_rings, .close = neap_free, .spec = spec, .count = count, .read = read_point,
};
static const neap_param params[] = {
    NEAP_INT(config, rings, 3, 1, 100, "Number of rings, which are the classes."),
    NEAP_INT(config, count, 10000, 1, 1000000000, "Number of examples."),
    NEAP_INT(config, seed, 0, 0, 1000000, "Another seed, other points."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "dataset/2", config, params, functions);
]==],
  recipe = [==[
-- Trains a small flow on @NAME@.
local neap = require "neap"

neap.train {
  model = neap.architecture.mlp { hidden = 32, depth = 2, classes = 3 },
  data = neap.dataset.@NAME@ {},
  objective = neap.objective.flow_matching { label_dropout = 0.1 }, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  steps = 30, batch = 32, precision = "fp32",
}
]==],
}
