/* Sampling that is refused, that fails half-way, and that runs out of memory. */
#include "field.h"

static void is_refused(neap_network *network, const neap_sampling *s, const char *message)
{
    ck_fails_with(!neap_sample(network, s), message);
}

/* --- What is refused --------------------------------------------------------------------------------------------- */

START_TEST(counts)
{
    static const struct {
        int64_t count, batch;
        const char *message;
    } bad[] = {
        {0, 0, "sample: expected a count from 1 and a batch from 0, got 0 and 0"},
        {-3, 0, "sample: expected a count from 1 and a batch from 0, got -3 and 0"},
        {4, -1, "sample: expected a count from 1 and a batch from 0, got 4 and -1"},
    };
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", NULL, 4);
    for (int i = 0; i < 3; i++) {
        s.count = bad[i].count;
        s.batch = bad[i].batch;
        is_refused(network, &s, bad[i].message);
    }
    s.count = INT64_MAX;
    s.batch = 0;
    is_refused(network, &s,
               "sample: tensor: expected at most 8 axes of sizes from 0, got [9223372036854775807, 1, 2, 1]");
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* In any place; the null label is one past the last class, or -1. */
START_TEST(labels_out_of_range)
{
    static const int32_t bad[] = {-2, 4, INT32_MIN, INT32_MAX};
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", "1", 3);
    int32_t labels[] = {0, 3, 2};
    s.condition = classes_of(labels, 3);
    neap_tensor *x = sample(network, &s);
    labels[1] = -1;
    s.condition = classes_of(labels, 3);
    ck_assert(same_bits(x, sample(network, &s)));
    for (int i = 0; i < 4; i++) {
        char message[128];
        snprintf(message, sizeof message, "sample: label: expected 0 to 2, got %d", bad[i]);
        labels[2] = bad[i];
        s.condition = classes_of(labels, 3);
        is_refused(network, &s, message);
    }
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

START_TEST(unconditional)
{
    const int32_t labels[] = {0, 0};
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling guided = start_sampling("2", "1.5", 2), by_class = start_sampling("2", NULL, 2);
    by_class.condition = classes_of(labels, 2);
    is_refused(network, &guided, "sample: cfg: needs a conditional network; this one takes no condition");
    is_refused(network, &by_class, "sample: labels need a conditional network; this one has no classes");
    end_sampling(guided);
    end_sampling(by_class);
    neap_network_release(network);
}
END_TEST

START_TEST(what_is_not_offered)
{
    neap_network *field_network = drifting(), *pair = NETWORK("pair", "classes", "0");
    neap_instance *once = neap_instance_new(neap_registry_find("sampler", "once"));
    neap_sampling euler = start_sampling("2", NULL, 2), asked = {.sampler = once, .count = 2};
    is_refused(pair, &euler, "euler needs 'velocity'; pair offers 'generate', 'discriminate'");
    is_refused(field_network, &asked, "once needs 'generate'; field offers 'velocity'");
    neap_instance_release(once);
    end_sampling(euler);
    neap_network_release(field_network);
    neap_network_release(pair);
}
END_TEST

/* A way for one picture of the network of two numbers. */
static void way_is_refused(neap_sampling way, const char *message)
{
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", NULL, 1);
    way.sampler = s.sampler;
    way.count = 1;
    is_refused(network, &way, message);
    end_sampling(s);
    neap_network_release(network);
}

START_TEST(ways_that_do_not_fit)
{
    neap_tensor *one = neap_zeros(NEAP_F32, neap_dims(1, 1, 2, 1));
    static const double levels[] = {1, -0.5, 7};
    for (int i = 0; i < 3; i++) {
        char message[128];
        snprintf(message, sizeof message, "sample: level: expected a time above 0 and below 1, got %g", levels[i]);
        way_is_refused((neap_sampling){.picture = one, .level = levels[i]}, message);
    }
    way_is_refused((neap_sampling){.level = 0.5}, "sample: a level needs a picture");
    way_is_refused((neap_sampling){.keep = one}, "sample: keep needs a picture");
    way_is_refused((neap_sampling){.invert = true}, "sample: an inversion needs a picture");
    way_is_refused((neap_sampling){.picture = one}, "sample: a picture needs a level, keep or an inversion");
    way_is_refused((neap_sampling){.picture = one, .level = 0.5, .invert = true},
                   "sample: an inversion takes neither level nor keep");
    way_is_refused((neap_sampling){.picture = one, .keep = one, .invert = true},
                   "sample: an inversion takes neither level nor keep");
}
END_TEST

START_TEST(tensors_that_do_not_fit)
{
    neap_tensor *one = neap_zeros(NEAP_F32, neap_dims(1, 1, 2, 1)), *many = neap_zeros(NEAP_F32, neap_dims(2, 1, 2, 1));
    neap_tensor *flat = neap_zeros(NEAP_F32, neap_dims(2)), *whole = neap_zeros(NEAP_I32, neap_dims(1, 1, 2, 1));
    way_is_refused((neap_sampling){.noise = many}, "sample: noise: expected f32 [1, 1, 2, 1], got f32 [2, 1, 2, 1]");
    way_is_refused((neap_sampling){.noise = whole}, "sample: noise: expected f32 [1, 1, 2, 1], got i32 [1, 1, 2, 1]");
    way_is_refused((neap_sampling){.picture = flat, .level = 0.5},
                   "sample: picture: expected f32 [1, 1, 2, 1], got f32 [2]");
    way_is_refused((neap_sampling){.picture = one, .keep = flat},
                   "sample: keep: expected f32 [1, 1, 2, 1], got f32 [2]");
}
END_TEST

START_TEST(conditions_that_do_not_fit)
{
    neap_tensor *narrow = neap_zeros(NEAP_F32, neap_dims(1, 3)), *text = neap_zeros(NEAP_U8, neap_dims(1, 3));
    const neap_condition *of_text = neap_condition_with(neap_condition_new(1), NEAP_TEXT, text);
    way_is_refused((neap_sampling){.condition = labelled(narrow)}, "sample: mixture: expected f32 [1, 4], got f32 [1, 3]");
    way_is_refused((neap_sampling){.condition = classes_of((const int32_t[]){0, 1}, 2)},
                   "sample: condition: expected 1 rows, got 2");
    way_is_refused((neap_sampling){.condition = neap_condition_new(0)}, "sample: condition: expected 1 rows, got 0");
    way_is_refused((neap_sampling){.condition = of_text}, "sample: field takes no 'text'");
    ck_fails_with(!labelled(neap_zeros(NEAP_F32, neap_dims(2))),
                  "condition: labels: expected i32 [B] or f32 [B, classes + 1], got f32 [2]");
    ck_fails_with(!labelled(neap_zeros(NEAP_I32, neap_dims(1, 4))),
                  "condition: labels: expected i32 [B] or f32 [B, classes + 1], got i32 [1, 4]");
}
END_TEST

/* One mask for all channels of a picture; an unconditional network has no classes to mix. */
START_TEST(masks_have_one_channel)
{
    neap_network *network = NETWORK("dit", "size", "4", "channels", "3", "patch", "2", "width", "8", "heads", "2",
                                    "depth", "1", "classes", "0");
    neap_sampling s = start_sampling("2", NULL, 1);
    s.picture = neap_zeros(NEAP_F32, neap_dims(1, 4, 4, 3));
    s.keep = s.picture;
    is_refused(network, &s, "sample: keep: expected f32 [1, 4, 4, 1], got f32 [1, 4, 4, 3]");
    s.keep = neap_full(NEAP_F32, neap_dims(1, 4, 4, 1), 1);
    ck_assert(same_bits(sample(network, &s), s.picture));
    s.condition = labelled(neap_zeros(NEAP_F32, neap_dims(1, 1)));
    is_refused(network, &s, "sample: labels need a conditional network; this one has no classes");
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

START_TEST(worse_networks_that_do_not_fit)
{
    neap_network *network = drifting(), *pair = NETWORK("pair", "classes", "3");
    neap_network *other = TRY_NETWORK("field", "classes", "2");
    neap_instance *autoguidance = DEFAULTS("guidance", "autoguidance"), *rescale = DEFAULTS("guidance", "rescale");
    neap_sampling s = start_sampling("2", NULL, 1);
    ck_succeeds(neap_instance_set(autoguidance, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = other}));
    ck_succeeds(neap_instance_set(rescale, "of", &(neap_value){.type = NEAP_PARAM_COMPONENT, .component = autoguidance}));
    s.guidance = autoguidance;
    is_refused(network, &s, "sample: autoguidance: worse: expected [1, 2, 1] and 3 classes, got [1, 2, 1] and 2");
    s.guidance = rescale;
    is_refused(network, &s, "sample: autoguidance: worse: expected [1, 2, 1] and 3 classes, got [1, 2, 1] and 2");
    ck_fails_with(neap_instance_set(autoguidance, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = pair}),
                  "autoguidance: worse: expected a network that offers 'velocity', got pair");
    neap_instance_release(autoguidance);
    end_sampling(s);
    neap_network_release(network);
    neap_network_release(other);
    neap_network_release(pair);
}
END_TEST

/* Malformed grids are refused where they are used. */
START_TEST(malformed_grids)
{
    static const char *const names[] = {"euler", "heun", "midpoint", "ab2", "euler_maruyama", "heun_sde"};
    neap_network *network = drifting();
    for (int i = 0; i < 6; i++) {
        const neap_sampling s = {.sampler = COMPONENT("sampler", names[i], "times", "0 0.5 1"), .count = 1};
        char message[128];
        snprintf(message, sizeof message, "sample: %s: times: expected a descending list, got 0.5 after 0", names[i]);
        is_refused(network, &s, message);
        neap_instance_release(s.sampler);
    }
    neap_network_release(network);
}
END_TEST

/* --- What goes wrong on its way ---------------------------------------------------------------------------------- */

/* A network that breaks its word writes past nothing, be it by fewer numbers or more. */
START_TEST(velocity_of_another_shape)
{
    neap_network *narrow = TRY_NETWORK("field", "width", "1"), *broad = TRY_NETWORK("field", "width", "50");
    neap_sampling s = start_sampling("1", NULL, 3);
    is_refused(narrow, &s, "sample: field: velocity: expected [3, 1, 2, 1], got [3, 1, 1, 1]");
    is_refused(broad, &s, "sample: field: velocity: expected [3, 1, 2, 1], got [3, 1, 50, 1]");
    end_sampling(s);
    neap_network_release(narrow);
    neap_network_release(broad);
}
END_TEST

/* As many numbers as it was asked for times two. */
static neap_tensor *twice_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                 const neap_watch *watch)
{
    (void)config, (void)asked, (void)random, (void)watch;
    return neap_concat((neap_tensor *[]){noise, noise}, 2, 0);
}

/* Returns nothing and records no message. */
static neap_tensor *mute_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                const neap_watch *watch)
{
    (void)config, (void)asked, (void)noise, (void)random, (void)watch;
    return NULL;
}

/* The noise as it is, beside a message. */
static neap_tensor *torn_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                const neap_watch *watch)
{
    (void)config, (void)asked, (void)random, (void)watch;
    neap_fail("torn");
    return noise;
}

/* Another dtype than the noise. */
static neap_tensor *double_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                  const neap_watch *watch)
{
    (void)config, (void)asked, (void)random, (void)watch;
    return neap_cast(noise, NEAP_F64);
}

/* An op that fails in the sampler itself. */
static neap_tensor *misfit_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                  const neap_watch *watch)
{
    (void)config, (void)asked, (void)random, (void)watch;
    return neap_add(noise, neap_zeros(NEAP_F32, neap_dims(5, 5)));
}

/* The velocity of each sample, twice. */
static neap_tensor *twice_velocity(const void *config, const neap_conditional *asked, neap_tensor *x, neap_tensor *t,
                                   neap_tensor **conditional)
{
    (void)config, (void)conditional;
    neap_tensor *v = asked->velocity(asked, NULL, x, t, asked->condition);
    return neap_concat((neap_tensor *[]){v, v}, 2, 0);
}

static const char *const no_needs[] = {NULL};
static const neap_sampler double_functions = {sizeof double_functions, no_needs, double_sample};
static const neap_sampler misfit_functions = {sizeof misfit_functions, no_needs, misfit_sample};
static const neap_guidance twice_guidance = {.size = sizeof twice_guidance, .velocity = twice_velocity};
static const neap_sampler mute_functions = {sizeof mute_functions, no_needs, mute_sample};
static const neap_sampler twice_functions = {sizeof twice_functions, no_needs, twice_sample};
static const neap_sampler torn_functions = {sizeof torn_functions, no_needs, torn_sample};
static const neap_component rogue[] = {
    {"sampler/2", "twice", "Gives too much.", 0, once_params, &twice_functions},
    {"sampler/2", "mute", "Gives nothing.", 0, once_params, &mute_functions},
    {"sampler/2", "double", "Gives f64.", 0, once_params, &double_functions},
    {"sampler/2", "misfit", "Adds what does not fit.", 0, once_params, &misfit_functions},
    {"guidance/2", "twice", "Gives too much.", 0, once_params, &twice_guidance},
    {"sampler/2", "torn", "Fails and gives noise.", 0, once_params, &torn_functions},
    {0},
};
static const neap_plugin rogue_plugin = {NEAP_ABI, sizeof rogue_plugin, "rogue", "1", "MIT", "For tests.", rogue};

static void is_refused_of(const char *sampler, const char *message)
{
    neap_network *network = drifting();
    neap_instance *rogue_one = neap_instance_new(neap_registry_find("sampler", sampler));
    const neap_sampling s = {.sampler = rogue_one, .count = 3};
    is_refused(network, &s, message);
    neap_instance_release(rogue_one);
    neap_network_release(network);
}

START_TEST(samples_of_another_shape)
{
    ck_succeeds(neap_registry_add(&rogue_plugin, NULL));
    is_refused_of("double", "sample: double: expected f32, got f64");
    is_refused_of("misfit", "sample: misfit: add: expected shapes that broadcast, got [3, 1, 2, 1] and [5, 5]");
    is_refused_of("twice", "sample: twice: expected [3, 1, 2, 1], got [6, 1, 2, 1]");
    is_refused_of("mute", "sample: mute: sample: returned NULL without a message");
    is_refused_of("torn", "sample: torn: torn");
}
END_TEST

/* The sampler is not named for what the guidance did. */
START_TEST(velocities_of_another_shape)
{
    ck_succeeds(neap_registry_add(&rogue_plugin, NULL));
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", NULL, 3);
    s.guidance = DEFAULTS("guidance", "twice");
    is_refused(network, &s, "sample: twice: expected a velocity of f32 [3, 1, 2, 1], got f32 [6, 1, 2, 1]");
    end_sampling(s);
    neap_network_release(network);
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

static neap_network *sampled;
static neap_sampling settings;

static bool draw(void)
{
    const neap_scope scope = neap_scope_open();
    const bool whole = neap_sample(sampled, &settings) != NULL;
    const bool named = whole || strncmp(neap_error_message(), "sample: ", 8) == 0;
    neap_scope_close(scope);
    ck_assert_msg(named, "no name in: %s", neap_error_message());
    return whole;
}

/* Two batches of guided pictures, around a mask; what was asked for before the last refusal is given back, and no
 * parameter moves. */
START_TEST(every_allocation_may_fail)
{
    sampled = NETWORK("dit", "size", "4", "channels", "1", "patch", "2", "width", "8", "heads", "2", "depth", "1",
                      "classes", "3");
    settings = start_sampling("2", "1.5", 3);
    settings.condition = classes_of((const int32_t[]){2, 3, 0}, 3);
    settings.batch = 2;
    settings.picture = neap_zeros(NEAP_F32, neap_dims(3, 4, 4, 1));
    settings.keep = neap_zeros(NEAP_F32, neap_dims(3, 4, 4, 1));
    settings.level = 0.5;
    neap_threads_set(1); /* refusals are counted on this thread */
    neap_tensor *before = sample(sampled, &settings);
    const size_t live = neap_memory().live;
    refuse_each(draw);
    ck_assert_uint_eq(neap_memory().live, live);
    ck_assert(same_bits(before, sample(sampled, &settings)));
    end_sampling(settings);
    neap_network_release(sampled);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("sampling, errors", field_open, run_close, counts, labels_out_of_range, unconditional,
                          what_is_not_offered, ways_that_do_not_fit, tensors_that_do_not_fit, conditions_that_do_not_fit,
                          masks_have_one_channel,
                          worse_networks_that_do_not_fit, malformed_grids, velocity_of_another_shape,
                          samples_of_another_shape, velocities_of_another_shape, every_allocation_may_fail);
}
