/*
 * Pictures straight from latents: what generators take is the noise itself. Truncation keeps latents from what lies far from
 * the middle (Brock et al. 2019, Large Scale GAN Training, section 3.1): fewer odd pictures, and less variety.
 */
#include <math.h>

#include <neap/parallel.h>
#include <neap/sampling.h>

typedef struct config {
    double truncation;
} config;

#define ROOT_HALF 0.70710678118654752
#define ROOT_HALF_PI 1.2533141373155003
#define NEWTON_STEPS 16
#define GRAIN 1024 /* values */

/* The value of the normal distribution cut off beyond +-bound that has z's quantile: Brock et al. draw anew until a value is
 * inside, which has the same distribution; but so equal latents stay equal, and a way between latents stays one. The
 * equation is of tails, P(|y| > y) = r, which Newton's steps approach from below after the first. */
static double truncated(double z, double bound)
{
    if (isnan(z))
        return z;
    const double outside = erfc(bound * ROOT_HALF), beyond = erfc(fabs(z) * ROOT_HALF);
    const double r = outside + beyond - outside * beyond;
    double y = fmin(fabs(z), bound), step = 1;
    for (int i = 0; i < NEWTON_STEPS && fabs(step) > 1e-9; i++) {
        step = (erfc(y * ROOT_HALF) - r) * ROOT_HALF_PI * exp(y * y / 2);
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
    neap_tensor *from = neap_contiguous(z), *y = from ? neap_empty(NEAP_F32, neap_shape_of(from)) : NULL;
    if (y)
        neap_parallel(neap_size(y), GRAIN, truncate_range, &(job){bound, neap_data(from), neap_data(y)});
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
              "The farthest that a latent's value may be from 0, before a uniform prior bends it; 0: any."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(latent) = NEAP_ONE_COMPONENT("latent", "1.0.0", "MIT",
                                         "Pictures straight from latents, for generators.", "sampler/2",
                                         config, params, functions);
