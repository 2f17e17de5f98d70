/*
 * Picture i depends on (seed, i) alone: every sampler in the registry, with every guidance, from every start, gives the same
 * bits and the same number of evaluations in batches of any size.
 */
#include <neap/sampling.h>

#include "run_test.h"

enum { COUNT = 7, SIDE = 8, CLASSES = 3 };

static neap_condition *classes(void)
{
    static const int32_t labels[COUNT] = {0, 2, 1, 1, 2, 0, 2};
    return labelled(neap_from(NEAP_I32, neap_dims(COUNT), labels));
}

/* --- Networks and samplers --------------------------------------------------------------------------------------- */

static bool needs(const neap_component *sampler, const char *what)
{
    const neap_sampler *functions = sampler->functions;
    for (int i = 0; functions->needs[i]; i++)
        if (strcmp(functions->needs[i], what) == 0)
            return true;
    return false;
}

static neap_network *network_for(const neap_component *sampler)
{
    if (needs(sampler, "generate"))
        return NETWORK("gan", "rows", "8", "columns", "8", "channels", "1", "classes", "3", "style", "dcgan", "width", "8",
                       "latent", "8");
    return NETWORK("dit", "size", "8", "channels", "1", "patch", "2", "width", "16", "heads", "2", "depth", "1", "classes", "3",
                   "interval", needs(sampler, "average") ? "true" : "false");
}

/* With four steps, where it has such a parameter. */
static neap_instance *sampler_of(const neap_component *component)
{
    neap_instance *sampler = neap_instance_new(component);
    for (int i = 0; component->params[i].type != NEAP_PARAM_END; i++)
        if (strcmp(component->params[i].name, "steps") == 0)
            ck_succeeds(neap_instance_set_text(sampler, "steps", "4"));
    return sampler;
}

/* --- Guidances --------------------------------------------------------------------------------------------------- */

/* Names from the outermost inward. */
static const char *const guidances[][4] = {
    {NULL}, {"cfg"}, {"autoguidance"}, {"interval", "cfg"}, {"rescale", "cfg"}, {"rescale", "interval", "cfg"},
    {"interval", "rescale", "cfg"}, {"rescale", "interval", "autoguidance"}, {"interval", "interval", "cfg"},
};
enum { GUIDANCES = sizeof guidances / sizeof *guidances };

static neap_instance *guidance_of(const char *const *names, neap_network *worse)
{
    if (!*names)
        return NULL;
    neap_instance *outer = DEFAULTS("guidance", *names), *inner = guidance_of(names + 1, worse);
    if (strcmp(*names, "autoguidance") == 0)
        ck_succeeds(neap_instance_set(outer, "worse", &(neap_value){.type = NEAP_PARAM_NETWORK, .network = worse}));
    if (strcmp(*names, "interval") == 0) {
        ck_succeeds(neap_instance_set_text(outer, "low", inner ? "0.2" : "0.4"));
        ck_succeeds(neap_instance_set_text(outer, "high", "0.63"));
    }
    if (inner)
        ck_succeeds(neap_instance_set(outer, "of", &(neap_value){.type = NEAP_PARAM_COMPONENT, .component = inner}));
    neap_instance_release(inner);
    return outer;
}

/* A guidance that is added without a row above would not be tested. */
START_TEST(all_guidances_are_here)
{
    for (int i = 0; i < neap_registry_count("guidance"); i++) {
        bool found = false;
        for (int j = 0; j < GUIDANCES; j++)
            for (int k = 0; k < 4 && guidances[j][k]; k++)
                found = found || strcmp(guidances[j][k], neap_registry_at("guidance", i)->name) == 0;
        ck_assert_msg(found, "%s", neap_registry_at("guidance", i)->name);
    }
}
END_TEST

/* --- Comparisons ------------------------------------------------------------------------------------------------- */

static void check_batches(neap_network *network, neap_sampling s, const char *what)
{
    static const int64_t batches[] = {1, 3, COUNT};
    const neap_scope scope = neap_scope_open();
    neap_tensor *first = NULL;
    int64_t evaluations = 0, expected = 0;
    s.count = COUNT;
    s.seed = 5;
    s.evaluations = &evaluations;
    for (int i = 0; i < 3; i++) {
        s.batch = batches[i];
        neap_tensor *x = neap_sample(network, &s);
        ck_assert_msg(x != NULL, "%s, %s: %s", neap_instance_component(s.sampler)->name, what, neap_error_message());
        expected = first ? expected : evaluations;
        first = first ? first : x;
        ck_assert_msg(same_bits(first, x), "%s, %s: batches of %d", neap_instance_component(s.sampler)->name, what,
                      (int)s.batch);
        ck_assert_int_eq(evaluations, expected);
    }
    neap_scope_close(scope);
}

static void for_each_sampler(void (*check)(neap_network *network, neap_instance *sampler))
{
    for (int i = 0; i < neap_registry_count("sampler"); i++) {
        const neap_component *component = neap_registry_at("sampler", i);
        neap_network *network = network_for(component);
        neap_instance *sampler = sampler_of(component);
        check(network, sampler);
        neap_instance_release(sampler);
        neap_network_release(network);
    }
}

static void with_guidances(neap_network *network, neap_instance *sampler)
{
    const bool guided = needs(neap_instance_component(sampler), "velocity");
    neap_network *worse = NETWORK("mlp", "rows", "8", "columns", "8", "channels", "1", "classes", "3", "hidden", "16");
    for (int i = 0; i < (guided ? GUIDANCES : 1); i++) {
        neap_instance *guidance = guidance_of(guidances[i], worse);
        const neap_sampling s = {.sampler = sampler, .guidance = guidance, .condition = classes()};
        check_batches(network, s, guidances[i][0] ? guidances[i][0] : "unguided");
        neap_instance_release(guidance);
    }
    neap_network_release(worse);
}

START_TEST(guided)
{
    for_each_sampler(with_guidances);
}
END_TEST

static neap_tensor *pictures(uint64_t seed, int64_t channels)
{
    return neap_randn((neap_random){seed, 0}, 0, neap_dims(COUNT, SIDE, SIDE, channels));
}

static void from_starts(neap_network *network, neap_instance *sampler)
{
    if (needs(neap_instance_component(sampler), "generate"))
        return;
    neap_instance *guidance = NULL;
    if (needs(neap_instance_component(sampler), "velocity"))
        guidance = guidance_of((const char *const[]){"rescale", "interval", "cfg", NULL}, NULL);
    const neap_sampling plain = {.sampler = sampler, .guidance = guidance, .condition = classes()};
    neap_sampling s = plain;
    s.picture = pictures(8, 1);
    s.level = 0.6;
    check_batches(network, s, "a level");
    s.level = 0;
    s.keep = neap_cast(neap_gt(pictures(9, 1), neap_scalar(0)), NEAP_F32);
    check_batches(network, s, "a mask");
    s.keep = NULL;
    s.invert = true;
    if (strstr("ab2 dopri5 euler heun midpoint", neap_instance_component(sampler)->name))
        check_batches(network, s, "an inversion");
    s = plain;
    s.condition = labelled(neap_softmax(neap_randn((neap_random){10, 0}, 0, neap_dims(COUNT, CLASSES + 1)), 1));
    check_batches(network, s, "a mixture");
    neap_instance_release(guidance);
}

START_TEST(from_every_start)
{
    for_each_sampler(from_starts);
}
END_TEST

/* Batch norm would take the batch's statistics, and move the running ones. */
static void in_training(neap_network *network, neap_instance *sampler)
{
    const neap_sampling s = {.sampler = sampler, .condition = classes(), .count = COUNT, .seed = 5};
    neap_tensor *expected = neap_sample(network, &s);
    const bool was = neap_training_set(true);
    check_batches(network, s, "in training");
    ck_assert(same_bits(neap_sample(network, &s), expected));
    ck_assert(neap_training_set(was));
}

START_TEST(drawn_in_training)
{
    for_each_sampler(in_training);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("batches", run_open, run_close, all_guidances_are_here, guided, from_every_start, drawn_in_training);
}
