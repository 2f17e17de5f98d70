--- A metric to start from: the distance between the means of features.
return {
  help = "Distance between the means of features.",
  code = [==[
/* @NAME@: a metric. It compares samples with a reference. */
#include <math.h>

#include <neap/plugin.h>

typedef struct config {
    bool squared;
} config;

/* Features are f32 [N, D]: of pictures by a classifier, or points. Writes one finite value for each name of `scores`. */
static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    const config *c = settings;
    const int rows = 0;
    if (!samples->features || !reference->features)
        return neap_fail("expected features of samples and of a reference");
    neap_tensor *apart = neap_sub(neap_mean(samples->features, &rows, 1, false), neap_mean(reference->features, &rows, 1, false));
    const double squared = neap_item(neap_sum(neap_square(apart), NULL, 0, false));
    scores[0] = c->squared ? squared : sqrt(squared);
    return neap_failed() ? -1 : 0;
}

static const neap_metric functions = {
    .size = sizeof functions, .scores = (const char *const[]){"@NAME@", NULL}, .score = score,
};
static const neap_param params[] = {
    NEAP_FLAG(config, squared, 0, "The square of the distance."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "metric/2", config, params, functions);
]==],
  recipe = [==[
-- Trains a small flow on points of the plane, and scores its samples with @NAME@:
--   neap eval runs/recipe --metric @NAME@ -n 200
local neap = require "neap"

neap.train {
  model = neap.architecture.mlp { hidden = 32, depth = 2 },
  data = neap.dataset.toy2d { shape = "moons", labels = false },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  steps = 30, batch = 32, precision = "fp32",
}
]==],
  test = [==[
$NEAP eval runs/recipe --metric @NAME@ -n 200
]==],
}
