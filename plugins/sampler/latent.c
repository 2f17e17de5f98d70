/*
 * Pictures from one call of a generator; its latents are the noise. Truncation avoids latents far from 0, which makes
 * fewer bad pictures and less variety (Brock et al. 2019, Large Scale GAN Training, section 3.1).
 */
#include <math.h>

#include <neap/parallel.h>
#include <neap/sampling.h>

typedef struct config {
    double truncation;
} config;

#define SQRT_HALF 0.70710678118654752
#define SQRT_HALF_PI 1.2533141373155003
#define NEWTON_STEPS 16
#define GRAIN 1024 /* values */

/* Maps z to the same quantile of the normal distribution truncated at +-bound. Brock et al. redraw values until they
 * are inside, which has the same distribution; but this map is continuous, so that interpolation between latents
 * still works. It solves P(|Y| > y) = r by Newton's method, which approaches the root from below after the first
 * step. */
static double truncated(double z, double bound)
{
    if (isnan(z))
        return z;
    const double outside = erfc(bound * SQRT_HALF), beyond = erfc(fabs(z) * SQRT_HALF);
    const double r = outside + beyond - outside * beyond;
    double y = fmin(fabs(z), bound), step = 1;
    for (int i = 0; i < NEWTON_STEPS && fabs(step) > 1e-9; i++) {
        step = (erfc(y * SQRT_HALF) - r) * SQRT_HALF_PI * exp(y * y / 2);
        y += step;
    }
    return copysign(fmin(y, bound), z);
}

typedef struct job {
    double bound;
    const float *z;
    float *y;
} job;

static void truncate_range(void *user, int64_t begin, int64_t end)
{
    const job *j = user;
    for (int64_t i = begin; i < end; i++)
        j->y[i] = (float)truncated((double)j->z[i], j->bound);
}

static neap_tensor *truncated_latents(double bound, neap_tensor *z)
{
    neap_tensor *source = neap_contiguous(z), *y = source ? neap_empty(NEAP_F32, neap_shape_of(source)) : NULL;
    if (y)
        neap_parallel(neap_size(y), GRAIN, truncate_range, &(job){bound, neap_data(source), neap_data(y)});
    return y;
}

static neap_tensor *sample(const void *settings, const neap_field *field, neap_tensor *z, neap_random random,
                           const neap_watch *watch)
{
    const config *c = settings;
    (void)random;
    if (c->truncation > 0)
        z = truncated_latents(c->truncation, z);
    neap_tensor *x = field->generate(field->self, z);
    if (x && watch && watch->step(watch->user, 1, 1, 0, x))
        return NULL;
    return x;
}

static const char *const needs[] = {"generate", NULL};
static const neap_sampler functions = {sizeof functions, needs, sample};

static const neap_param params[] = {
    NEAP_REAL(config, truncation, 0, 0, 100,
              "Largest absolute value of a latent, before the map to a uniform prior; 0: no limit."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(latent) = NEAP_ONE_COMPONENT("latent", "1.0.0", "MIT",
                                         "One call of a generator on its latents.", "sampler/2",
                                         config, params, functions);
