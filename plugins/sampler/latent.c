/*
 * Pictures straight from latents: what generators take is the noise itself. Truncation draws anew what lies far from the
 * middle (Brock et al. 2019, Large Scale GAN Training, section 3.1): fewer odd pictures, and less variety.
 */
#include <neap/sampling.h>

typedef struct config {
    double truncation;
} config;

/* A value stays outside this often with probability below 1e-5 even where the bound is 0.5; then it is clamped. */
#define ROUNDS 24

static neap_tensor *truncated(const config *c, const neap_field *field, neap_tensor *z, neap_random random)
{
    neap_tensor *bound = neap_scalar(c->truncation);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        neap_tensor *fresh = z ? neap_randn(neap_random_at(random, round), field->first, neap_shape_of(z)) : NULL;
        z = neap_where(neap_gt(neap_abs(z), bound), fresh, z);
    }
    return neap_clamp(z, -c->truncation, c->truncation);
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *z, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    if (c->truncation > 0)
        z = truncated(c, field, z, neap_random_fork(random, "truncation"));
    neap_tensor *x = field->generate(field->self, z);
    if (x && watch && watch->step(watch->user, 1, 1, 0, x))
        return NULL;
    return x;
}

static const char *const needs[] = {"generate", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_REAL(config, truncation, 0, 0, 100, "The farthest that a latent's value may be from 0; 0: any."),
    NEAP_PARAMS_END,
};

static const neap_component latent_components[] = {
    {"sampler/1", "latent", "Pictures straight from latents, for generators.", sizeof(config), params, &functions},
    {0},
};

NEAP_PLUGIN(latent) = {NEAP_ABI, sizeof(neap_plugin), "latent", "1.0.0", "MIT", "Pictures straight from latents.",
                       latent_components};
