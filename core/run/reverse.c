/* The reverse SDE of a flow: its drift, and the noise that a path takes up. See sampling.h for the derivation. */
#include <math.h>

#include <neap/error.h>
#include <neap/sampling.h>

int neap_reverse_check(const neap_field *field, const char *sampler)
{
    if (field->from > field->to)
        return 0;
    return neap_fail("%s: an inversion needs a sampler without noise", sampler);
}

neap_tensor *neap_reverse_drift(const neap_field *field, neap_tensor *x, double t, double strength)
{
    neap_tensor *v = neap_velocity_at(field, x, t);
    return neap_add(neap_affine(v, 1 + strength * (1 - t), 0), neap_affine(x, strength, 0));
}

neap_tensor *neap_reverse_noise(const neap_field *field, neap_tensor *x, neap_random random, int64_t step,
                                double variance)
{
    neap_tensor *noise = x ? neap_randn(neap_random_at(random, (uint64_t)step), field->first, neap_shape_of(x)) : NULL;
    return neap_affine(noise, sqrt(variance), 0);
}
