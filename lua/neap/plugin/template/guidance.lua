--- A guidance to start from: classifier-free guidance.
return {
  help = "Classifier-free guidance.",
  code = [==[
/* @NAME@: a guidance. It combines velocities under several conditions into one. */
#include <neap/plugin.h>

typedef struct config {
    double w;
} config;

/* v = (1 + w) v_y - w v_0. x is [n, H, W, C], t is f64 [n]; one call of the network evaluates both, with 2 n rows. */
static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    neap_tensor *v[2];
    if (!field->condition)
        return neap_fail_null("needs a conditional network; this one takes no condition");
    neap_condition *both = neap_condition_join(field->condition, neap_condition_null(field->condition));
    if (!both)
        return NULL;
    neap_tensor *xs = neap_concat((neap_tensor *[]){x, x}, 2, 0), *ts = neap_concat((neap_tensor *[]){t, t}, 2, 0);
    neap_chunk(field->velocity(field, NULL, xs, ts, both), 2, v, 0);
    if (conditional)
        *conditional = v[0];
    return neap_sub(neap_affine(v[0], 1 + c->w, 0), neap_affine(v[1], c->w, 0));
}

static bool uses_null(const void *settings)
{
    return ((const config *)settings)->w != 0;
}

static const neap_guidance functions = {.size = sizeof functions, .velocity = velocity, .uses_null = uses_null};
static const neap_param params[] = {
    NEAP_REAL(config, w, 1, 0, 100, "Weight of the guidance; 0 is off."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "guidance/2", config, params, functions);
]==],
  recipe = [==[
-- Trains a small flow on points of two classes, and samples from it with the guidance @NAME@.
local neap = require "neap"

neap.train {
  model = neap.architecture.mlp { hidden = 32, depth = 2, classes = 2 },
  data = neap.dataset.toy2d { shape = "moons" },
  objective = neap.objective.flow_matching { label_dropout = 0.1 }, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  sampler = neap.sampler.euler { steps = 10, guidance = neap.guidance.@NAME@ { w = 1 } },
  steps = 30, batch = 32, precision = "fp32",
}
]==],
}
