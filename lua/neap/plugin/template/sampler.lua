--- A sampler to start from: explicit Euler steps.
return {
  help = "Explicit Euler steps.",
  code = [==[
/* @NAME@: a sampler. It integrates dx/dt = v(x, t) from noise at t = 1 to data at t = 0. */
#include <neap/plugin.h>

/* x at step.t to x at step.next; x is [n, H, W, C]. Each step runs in a scope of its own. */
static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    const double h = step.next - step.t; /* below 0 on the way from noise to data */
    (void)self;
    return neap_add(x, neap_affine(neap_velocity_at(field, x, step.t), h, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 25), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);

NEAP_PLUGIN(@NAME@) = NEAP_ONE_COMPONENT("@NAME@", "0.1.0", "MIT", "@HELP@", "sampler/2", neap_grid_config, params,
                                         functions);
]==],
  recipe = [==[
-- Trains a small flow on points of the plane, and samples from it with @NAME@.
local neap = require "neap"

local run = neap.train {
  model = neap.architecture.mlp { hidden = 32, depth = 2 },
  data = neap.dataset.toy2d { shape = "moons", labels = false },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 3e-3 },
  sampler = neap.sampler.@NAME@ { steps = 10 }, steps = 30, batch = 32, precision = "fp32",
}
]==],
}
