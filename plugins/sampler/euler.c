/* Explicit Euler steps along the velocity field, from noise at t = 1 to data at t = 0 (Liu et al. 2022). */
#include <neap/sampling.h>

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    neap_tensor *v = neap_velocity_at(field, x, step.t);
    return neap_add(x, neap_affine(v, step.next - step.t, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 50), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);
NEAP_PLUGIN(euler) = NEAP_ONE_COMPONENT("euler", "1.0.0", "MIT", "Explicit Euler steps along the velocity field.",
                                        "sampler/2", neap_grid_config, params, functions);
