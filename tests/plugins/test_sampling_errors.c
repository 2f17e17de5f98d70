/* Sampling that is refused, that goes wrong on its way, and that runs out of memory. */
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
    neap_network_free(network);
}
END_TEST

/* In any place; the null label, one past the last class, is one that may be asked for. */
START_TEST(labels_out_of_range)
{
    static const int32_t bad[] = {-1, 4, INT32_MIN, INT32_MAX};
    neap_network *network = drifting();
    neap_sampling s = start_sampling("2", "1", 3);
    int32_t labels[] = {0, 3, 2};
    s.labels = labels;
    sample(network, &s);
    for (int i = 0; i < 4; i++) {
        char message[128];
        snprintf(message, sizeof message, "sample: label: expected 0 to 2, got %d", bad[i]);
        labels[2] = bad[i];
        is_refused(network, &s, message);
    }
    end_sampling(s);
    neap_network_free(network);
}
END_TEST

START_TEST(unconditional)
{
    const int32_t labels[] = {0, 0};
    neap_network *network = TRY_NETWORK("field", "rate", "1");
    neap_sampling guided = start_sampling("2", "1.5", 2), labelled = start_sampling("2", NULL, 2);
    labelled.labels = labels;
    is_refused(network, &guided, "sample: cfg needs a conditional network; this one has no classes");
    is_refused(network, &labelled, "sample: labels need a conditional network; this one has no classes");
    end_sampling(guided);
    end_sampling(labelled);
    neap_network_free(network);
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
    neap_network_free(field_network);
    neap_network_free(pair);
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
    neap_network_free(narrow);
    neap_network_free(broad);
}
END_TEST

/* As many numbers as it was asked for times two. */
static neap_tensor *twice_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                 const neap_watch *watch)
{
    (void)config, (void)asked, (void)random, (void)watch;
    return neap_concat((neap_tensor *[]){noise, noise}, 2, 0);
}

/* Nothing, and no word about it. */
static neap_tensor *mute_sample(const void *config, const neap_field *asked, neap_tensor *noise, neap_random random,
                                const neap_watch *watch)
{
    (void)config, (void)asked, (void)noise, (void)random, (void)watch;
    return NULL;
}

static const char *const no_needs[] = {NULL};
static const neap_sampler mute_functions = {sizeof mute_functions, no_needs, mute_sample};
static const neap_sampler twice_functions = {sizeof twice_functions, no_needs, twice_sample};
static const neap_component rogue[] = {
    {"sampler/1", "twice", "Gives too much.", 0, once_params, &twice_functions},
    {"sampler/1", "mute", "Gives nothing.", 0, once_params, &mute_functions},
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
    neap_network_free(network);
}

START_TEST(samples_of_another_shape)
{
    ck_succeeds(neap_registry_add(&rogue_plugin, NULL));
    is_refused_of("twice", "sample: twice: expected [3, 1, 2, 1], got [6, 1, 2, 1]");
    is_refused_of("mute", "sample: mute: gave nothing and no message");
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

/* Two batches of guided pictures; what was asked for before the last refusal is given back, and no parameter moves. */
START_TEST(every_allocation_may_fail)
{
    const int32_t labels[] = {2, 3, 0};
    sampled = NETWORK("dit", "size", "4", "channels", "1", "patch", "2", "width", "8", "heads", "2", "depth", "1",
                      "classes", "3");
    settings = start_sampling("2", "1.5", 3);
    settings.labels = labels;
    settings.batch = 2;
    neap_threads_set(1); /* refusals are counted on this thread */
    neap_tensor *before = sample(sampled, &settings);
    const size_t live = neap_memory().live;
    refuse_each(draw);
    ck_assert_uint_eq(neap_memory().live, live);
    ck_assert(same_bits(before, sample(sampled, &settings)));
    end_sampling(settings);
    neap_network_free(sampled);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("sampling, errors", field_open, run_close, counts, labels_out_of_range, unconditional,
                          what_is_not_offered, velocity_of_another_shape, samples_of_another_shape,
                          every_allocation_may_fail);
}
