--- An objective to start from: flow matching.
return {
  help = "Flow matching along straight paths.",
  code = [==[
/* @NAME@: an objective. It gives the loss of each step. */
#include <neap/plugin.h>

typedef struct config {
    double label_dropout;
} config;

/* Draws by row: a row gets the same numbers on any number of ranks, and a resumed run the same as one that never stopped. */
static neap_tensor *draw(neap_step *step, const char *purpose, bool normal, neap_shape shape)
{
    const neap_random random = neap_random_fork(step->random, purpose);
    return normal ? neap_randn(random, step->first, shape) : neap_rand(random, step->first, shape);
}

/* The mean of |network(x_t, t) - (z - x)|^2 at x_t = (1 - t) x + t z, with noise z and uniform t. */
static neap_tensor *loss(const void *settings, int phase, neap_network *network, neap_step *step)
{
    const config *c = settings;
    (void)phase;
    neap_tensor *x = step->x, *z = draw(step, "noise", true, neap_shape_of(x));
    neap_tensor *t = draw(step, "time", false, neap_dims(neap_dim(x, 0)));
    neap_tensor *share = neap_reshape(t, neap_dims(-1, 1, 1, 1)), *target = neap_sub(z, x);
    neap_condition *condition = NULL;
    if (step->condition)
        condition = neap_condition_drop(step->condition, c->label_dropout, neap_random_fork(step->random, "drop"), step->first);
    return neap_mse(neap_network_velocity(network, neap_add(x, neap_mul(share, target)), t, condition), target);
}

static double dropout(const void *settings)
{
    return ((const config *)settings)->label_dropout;
}

static const neap_objective functions = {
    .size = sizeof functions, .needs = (const char *const[]){"velocity", NULL},
    .phases = (const neap_phase[]){{"flow", ""}, {0}}, .loss = loss, .dropout = dropout,
};
static const neap_param params[] = {
    NEAP_REAL(config, label_dropout, 0.1, 0, 1, "Probability with which a condition is left out."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "objective/2", config, params, functions);
]==],
  recipe = [==[
-- Trains a small network on points of two classes with the objective @NAME@.
local neap = require "neap"

neap.train {
  model = neap.architecture.mlp { hidden = 32, depth = 2, classes = 2 },
  data = neap.dataset.toy2d { shape = "moons" },
  objective = neap.objective.@NAME@ {}, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  steps = 30, batch = 32, precision = "fp32",
}
]==],
}
