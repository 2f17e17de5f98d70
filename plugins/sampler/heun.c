/*
 * Heun's method, the explicit trapezoidal rule: an Euler step, then the mean of the velocities at both ends. Order 2,
 * two evaluations a step. The last step is an Euler step (Karras et al. 2022, algorithm 1): at t = 0, x holds no
 * noise from which a network could infer the z of its velocity z - x, and half of the noise that the last step must
 * remove would stay. One error of h^2 keeps the order, and n steps take 2 n - 1 evaluations.
 */
#include <neap/sampling.h>

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    const double h = step.next - step.t;
    neap_tensor *v = neap_velocity_at(field, x, step.t), *end = neap_add(x, neap_affine(v, h, 0));
    if (step.next == 0)
        return end;
    neap_tensor *w = neap_velocity_at(field, end, step.next);
    return neap_add(x, neap_affine(neap_add(v, w), h / 2, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 13), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);
NEAP_PLUGIN(heun) = NEAP_ONE_COMPONENT("heun", "1.0.0", "MIT", "Heun's method: order 2, two evaluations a step.",
                                       "sampler/2", neap_grid_config, params, functions);
