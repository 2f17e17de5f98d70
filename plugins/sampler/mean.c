/* Steps with the mean velocity over the step, x_r = x_t - (t - r) u(x_t, t, r); one step is enough (Geng et al.
 * 2025). */
#include <neap/error.h>
#include <neap/sampling.h>

static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    (void)self;
    if (step.next > step.t)
        return neap_fail_null("mean: expected descending times, because the mean velocity is known at a step's "
                              "noisier end; got times from %g up to %g",
                              field->from, field->to);
    neap_tensor *u = field->average(field->self, x, step.t, step.next);
    return neap_sub(x, neap_affine(u, step.t - step.next, 0));
}

static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 1), NEAP_PARAMS_END};
NEAP_STEP_SAMPLER(functions, "average", neap_grid_config, advance);
NEAP_PLUGIN(mean) = NEAP_ONE_COMPONENT("mean", "1.0.0", "MIT",
                                       "Steps with the mean velocity; one is enough.", "sampler/2",
                                       neap_grid_config, params, functions);
