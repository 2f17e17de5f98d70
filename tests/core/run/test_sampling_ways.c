/*
 * Where sampling begins and what it keeps: given noise, parts of the way, inversions, masks, mixtures of classes, a
 * worse network, what an objective makes of an output; and the messages of all that does not fit.
 */
#include <neap/sampling.h>

#include "field.h"

enum { COUNT = 5 };

/* --- Parts for tests --------------------------------------------------------------------------------------------- */

/* A network whose velocity and average velocity are the mean of what it is shown, everywhere. */
static neap_tensor *mean_velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const int pixels[] = {1, 2, 3};
    (void)self, (void)t, (void)condition;
    return neap_contiguous(neap_expand(neap_mean(x, pixels, 3, true), neap_shape_of(x)));
}

static neap_tensor *mean_average(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                                 const neap_condition *condition)
{
    return neap_mul(mean_velocity(self, x, t, condition), neap_reshape(neap_add(t, r), neap_dims(-1, 1, 1, 1)));
}

static const neap_architecture mean_functions = {.size = sizeof mean_functions, .build = field_build,
                                                 .destroy = neap_free, .spec = field_spec,
                                                 .velocity = mean_velocity, .average = mean_average};

/* Samplers that give what the field says of a picture of zeros at t = 0.5, be the noise what it is. */
static neap_tensor *probe_sample(const void *config, const neap_field *asked, neap_tensor *x, neap_random random,
                                 const neap_watch *watch)
{
    (void)config, (void)random, (void)watch;
    return neap_velocity_at(asked, neap_affine(x, 0, 0), 0.5);
}

static neap_tensor *leap_sample(const void *config, const neap_field *asked, neap_tensor *x, neap_random random,
                                const neap_watch *watch)
{
    (void)config, (void)random, (void)watch;
    return asked->average(asked->self, neap_affine(x, 0, 0), 0.5, 0.25);
}

static const char *const velocity_needs[] = {"velocity", NULL}, *const average_needs[] = {"average", NULL};
static const neap_sampler probe_functions = {sizeof probe_functions, velocity_needs, probe_sample};
static const neap_sampler leap_functions = {sizeof leap_functions, average_needs, leap_sample};

/* An objective whose networks give half a velocity. */
static neap_tensor *half_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase, (void)network, (void)step;
    return neap_scalar(0);
}

static neap_tensor *half_velocity(const void *config, neap_tensor *output, neap_tensor *x, neap_tensor *t)
{
    (void)config, (void)x;
    return neap_add(neap_affine(output, 2, 0), neap_reshape(t, neap_dims(-1, 1, 1, 1)));
}

static const neap_phase half_phases[] = {{"main", ""}, {NULL, NULL}};
static const neap_objective half_functions = {.size = sizeof half_functions, .needs = velocity_needs, .phases = half_phases,
                                              .loss = half_loss, .velocity = half_velocity};
static const neap_component ways_components[] = {
    {"architecture/2", "mean", "The mean.", sizeof(field_config), field_params, &mean_functions},
    {"sampler/2", "probe", "The velocity at 0.5.", 0, once_params, &probe_functions},
    {"sampler/2", "leap", "The average from 0.25 to 0.5.", 0, once_params, &leap_functions},
    {"objective/2", "half", "Half a velocity.", 0, once_params, &half_functions},
    {0},
};
static const neap_plugin ways_plugin = {NEAP_ABI, sizeof ways_plugin, "ways", "1", "MIT", "For tests.",
                                        ways_components};

static void ways_open(void)
{
    field_open();
    ck_succeeds(neap_registry_add(&ways_plugin, NULL));
}

static neap_tensor *random_pictures(uint64_t seed)
{
    return neap_randn((neap_random){seed, 0}, 0, neap_dims(COUNT, 1, 2, 1));
}

/* Keeps the first number of each picture. */
static neap_tensor *first_kept(void)
{
    static const float mask[] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    return neap_from(NEAP_F32, neap_dims(COUNT, 1, 2, 1), mask);
}

/* In batches of 2 as in one. */
static neap_tensor *sample_twice(neap_network *network, neap_sampling s)
{
    s.batch = COUNT;
    neap_tensor *whole = sample(network, &s);
    s.batch = 2;
    ck_assert(same_bits(whole, sample(network, &s)));
    return whole;
}

/* (1 - t) a + t b */
static neap_tensor *between(neap_tensor *a, neap_tensor *b, double t)
{
    return neap_add(neap_affine(a, 1 - t, 0), neap_affine(b, t, 0));
}

/* --- Where it begins --------------------------------------------------------------------------------------------- */

START_TEST(given_noise)
{
    neap_network *still = TRY_NETWORK("field", "rate", "0");
    neap_sampling s = start_sampling("2", NULL, COUNT);
    ck_assert(same_bits(sample_twice(still, s), neap_sample_noise(5, 0, neap_dims(COUNT, 1, 2, 1))));
    s.noise = random_pictures(7);
    ck_assert(same_bits(sample_twice(still, s), s.noise));
    end_sampling(s);
    neap_network_release(still);
}
END_TEST

/* From (1 - level) picture + level noise, along a drift of 10: 10 level further down. */
START_TEST(levels)
{
    neap_network *network = drifting();
    neap_sampling s = start_sampling("3", NULL, COUNT);
    s.picture = random_pictures(7);
    for (int given = 0; given < 2; given++)
        for (int i = 1; i < 10; i++) {
            neap_tensor *noise = neap_sample_noise(5, 0, neap_shape_of(s.picture));
            s.level = i / 10.0;
            s.noise = given ? noise = random_pictures(8) : NULL;
            field_seen.calls = 0;
            neap_tensor *expected = neap_affine(between(s.picture, noise, s.level), 1, -10 * s.level);
            check_near("level", sample_twice(network, s), expected, 1e-5);
            ck_assert_double_eq_tol(field_seen.t[0], s.level, 1e-7);
            ck_assert_double_eq_tol(field_seen.t[1], s.level * 2 / 3, 1e-7);
        }
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* Up from t = 0: twice half a step of v = x is 1.5 squared. */
START_TEST(inversions)
{
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling s = start_sampling("2", NULL, COUNT);
    s.picture = random_pictures(7);
    s.invert = true;
    field_seen.calls = 0;
    check_near("up", sample_twice(network, s), neap_affine(s.picture, 2.25, 0), 1e-5);
    ck_assert(field_seen.t[0] == 0 && field_seen.t[1] == 0.5);
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Masks ------------------------------------------------------------------------------------------------------- */

/* What is kept is on its straight way at every step, and the picture's to the bit at the end; the rest drifts. */
static int on_its_way(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    const neap_sampling *s = user;
    neap_tensor *way = between(s->picture, s->noise, t);
    (void)step, (void)steps;
    for (int i = 0; i < 2 * COUNT; i += 2)
        ck_assert_double_eq_tol((double)floats(x)[i], (double)floats(way)[i], 1e-6);
    return 0;
}

START_TEST(masks)
{
    neap_network *network = drifting();
    neap_sampling s = start_sampling("4", NULL, COUNT);
    const neap_watch watch = {sizeof watch, &s, on_its_way};
    s.picture = random_pictures(7);
    s.noise = random_pictures(8);
    s.keep = first_kept();
    for (int i = 0; i < 2; i++) {
        s.level = i ? 0.6 : 0;
        neap_tensor *x = sample_twice(network, s);
        s.watch = &watch;
        s.batch = 0;
        ck_assert(same_bits(sample(network, &s), x));
        s.watch = NULL;
        const double level = i ? s.level : 1;
        neap_tensor *rest = neap_affine(between(s.picture, s.noise, level), 1, -10 * level);
        check_near("with a mask", x, neap_where(neap_gt(s.keep, neap_scalar(0)), s.picture, rest), 1e-5);
        for (int j = 0; j < 2 * COUNT; j += 2)
            ck_assert(floats(x)[j] == floats(s.picture)[j]);
    }
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* Whatever a sampler asks about, the network sees what is kept at the noise level of the time, and the field moves it
 * by noise - picture. `probe` and `leap` ask about zeros: the mean is half of what is kept, and leap's times add to
 * 0.75. */
START_TEST(masks_are_seen)
{
    static const char *const names[] = {"probe", "leap"};
    static const double factors[] = {0.5, 0.375};
    neap_network *network = TRY_NETWORK("mean", "rate", "0");
    for (int i = 0; i < 2; i++) {
        neap_sampling s = {.sampler = DEFAULTS("sampler", names[i]), .count = COUNT};
        s.picture = random_pictures(7);
        s.noise = random_pictures(8);
        s.keep = first_kept();
        neap_tensor *x = sample(network, &s), *way = between(s.picture, s.noise, 0.5);
        for (int j = 0; j < 2 * COUNT; j += 2) {
            ck_assert_double_eq_tol((double)floats(x)[j + 1], factors[i] * (double)floats(way)[j], 1e-6);
            ck_assert(floats(x)[j] == floats(s.picture)[j]);
        }
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

/* Above 0.5 is kept. */
START_TEST(mask_values)
{
    static const float mask[] = {0.5F, 0.51F, 0, 1, -1, 7, NAN, 0.4F, 0, 0};
    neap_network *network = drifting();
    neap_sampling s = start_sampling("1", NULL, COUNT);
    s.picture = random_pictures(7);
    s.keep = neap_from(NEAP_F32, neap_dims(COUNT, 1, 2, 1), mask);
    neap_tensor *x = sample(network, &s);
    for (int i = 0; i < 2 * COUNT; i++)
        ck_assert((floats(x)[i] == floats(s.picture)[i]) == (mask[i] > 0.5F));
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Mixtures, worse networks, objectives ------------------------------------------------------------------------ */

/* Drifts 1, 2, 3 and 10 by weight; guided, 3 times that minus 2 times the null class's. */
START_TEST(mixtures)
{
    static const float weights[COUNT][4] = {{1}, {0, 0, 1}, {0.5F, 0.5F}, {0.25F, 0.25F, 0.25F, 0.25F}, {0, 0, 0, 1}};
    static const double drifts[COUNT] = {1, 3, 1.5, 4, 10};
    neap_network *network = drifting();
    neap_tensor *z = neap_sample_noise(5, 0, neap_dims(COUNT, 1, 2, 1));
    for (int guided = 0; guided < 2; guided++) {
        neap_sampling s = start_sampling("1", guided ? "2" : NULL, COUNT);
        s.condition = labelled(neap_from(NEAP_F32, neap_dims(COUNT, 4), weights));
        neap_tensor *x = sample_twice(network, s);
        for (int i = 0; i < 2 * COUNT; i++) {
            const double drift = guided ? 3 * drifts[i / 2] - 20 : drifts[i / 2];
            ck_assert_double_eq_tol((double)floats(x)[i], (double)floats(z)[i] - drift, 1e-5);
        }
        end_sampling(s);
    }
    neap_network_release(network);
}
END_TEST

START_TEST(worse_networks)
{
    neap_network *network = drifting(), *worse = drifting();
    ck_succeeds(neap_write(neap_model_find(neap_network_model(worse), "drift"), NEAP_F64, (double[]){5, 5, 5, 6}));
    neap_sampling s = start_sampling("1", NULL, COUNT);
    s.guidance = COMPONENT("guidance", "autoguidance", "w", "2");
    ck_succeeds(neap_instance_set(s.guidance, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = worse}));
    ck_assert(neap_network_frozen(worse) && !neap_network_frozen(network));
    neap_tensor *z = neap_sample_noise(5, 0, neap_dims(COUNT, 1, 2, 1));
    check_near("away", sample_twice(network, s), neap_affine(z, 1, -(3.0 * 10 - 2 * 6)), 1e-5);
    neap_network_release(worse); /* the guidance has an owner of its own */
    check_near("still away", sample(network, &s), neap_affine(z, 1, -(3.0 * 10 - 2 * 6)), 1e-5);
    ck_succeeds(neap_instance_set_text(s.guidance, "worse", "none"));
    ck_fails_with(!neap_sample(network, &s),
                  "sample: autoguidance: expected a worse network: set worse to a run, a checkpoint or a model");
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* One step from t = 1: the velocity is 2 output + 1. */
START_TEST(objectives)
{
    neap_network *network = drifting();
    neap_instance *half = DEFAULTS("objective", "half");
    neap_sampling s = start_sampling("1", NULL, COUNT);
    neap_tensor *plain = sample(network, &s);
    neap_network_set_objective(network, half);
    check_near("by the objective", sample_twice(network, s), neap_affine(plain, 1, 10 - 21), 1e-5);
    neap_instance_release(half);
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* Where a sampler takes other steps for each sample, the most of any; what was in its place before does not count. */
START_TEST(most_evaluations)
{
    int64_t evaluations, most = 0;
    neap_network *network = TRY_NETWORK("field", "rate", "4");
    neap_sampling s = {.sampler = COMPONENT("sampler", "dopri5", "atol", "1"), .count = 1, .evaluations = &evaluations};
    static const float scales[] = {1, 1e6F, 1e3F}; /* against atol, a sample is strict or lax by its size */
    float noise[6];
    for (int i = 0; i < 3; i++) {
        s.noise = neap_full(NEAP_F32, neap_dims(1, 1, 2, 1), (double)scales[i]);
        noise[2 * i] = noise[2 * i + 1] = scales[i];
        evaluations = 1000000;
        sample(network, &s);
        ck_assert_int_lt(evaluations, 1000);
        most = most > evaluations ? most : evaluations;
    }
    const int64_t last = evaluations;
    s.noise = neap_from(NEAP_F32, neap_dims(3, 1, 2, 1), noise);
    s.count = 3;
    for (s.batch = 1; s.batch <= 3; s.batch++) {
        sample(network, &s);
        ck_assert_int_eq(evaluations, most);
        ck_assert_int_gt(evaluations, last);
    }
    neap_instance_release(s.sampler);
    neap_network_release(network);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("ways of sampling", ways_open, run_close, given_noise, levels, inversions, masks,
                          masks_are_seen, mask_values, mixtures, worse_networks, objectives, most_evaluations);
}
