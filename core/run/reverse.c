/* The reverse SDE of a flow: its drift, and the noise of its steps. See sampling.h for the derivation. */
#include <math.h>

#include <neap/error.h>
#include <neap/sampling.h>

int neap_reverse_check(neap_time_step step, const char *sampler)
{
    if (step.t > step.next)
        return 0;
    return neap_fail("%s: an inversion needs a sampler without noise", sampler);
}

neap_tensor *neap_reverse_drift(const neap_field *field, neap_tensor *x, double t, double strength)
{
    neap_tensor *v = neap_velocity_at(field, x, t);
    return neap_add(neap_affine(v, 1 + strength * (1 - t), 0), neap_affine(x, strength, 0));
}

neap_tensor *neap_reverse_noise(const neap_field *field, neap_tensor *x, neap_time_step step, double variance)
{
    const neap_random random = neap_random_at(step.random, (uint64_t)step.index);
    return neap_affine(x ? neap_randn(random, field->first, neap_shape_of(x)) : NULL, sqrt(variance), 0);
}
