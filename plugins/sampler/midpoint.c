/* The explicit midpoint method: half an Euler step, then a full step with the velocity there. Order 2. */
#include <neap/sampling.h>

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    const double h = step.next - step.t;
    neap_tensor *v = neap_velocity_at(field, x, step.t);
    neap_tensor *middle = neap_velocity_at(field, neap_add(x, neap_affine(v, h / 2, 0)), step.t + h / 2);
    return neap_add(x, neap_affine(middle, h, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 25), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);
NEAP_PLUGIN(midpoint) = NEAP_ONE_COMPONENT("midpoint", "1.0.0", "MIT",
                                           "The midpoint method: order 2, two evaluations a step.", "sampler/2",
                                           neap_grid_config, params, functions);
