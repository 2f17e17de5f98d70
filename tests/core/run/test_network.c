/* Networks: messages about settings and calls, what an architecture offers, labels. */
#include "pair.h"

/* Offers nothing at all. */
static const neap_architecture idle_functions = {.size = sizeof idle_functions, .build = pair_build,
                                                 .destroy = neap_free, .spec = pair_spec};

/* Ignores a call that failed. */
static void *careless_build(const void *config, neap_model *model)
{
    (void)config;
    neap_model_parameter(model, neap_dims(-1), (neap_init){NEAP_INIT_ZERO, 0}, "torn");
    return neap_calloc(1, 1);
}

static const neap_architecture careless_functions = {.size = sizeof careless_functions, .build = careless_build,
                                                     .destroy = neap_free, .spec = pair_spec};

/* The critic is there with classes alone. */
static bool choosy_offers(const void *self, const char *name)
{
    return strcmp(name, "discriminate") != 0 || ((const pair_parts *)self)->config->classes;
}

static const neap_architecture choosy_functions = {.size = sizeof choosy_functions, .build = pair_build,
                                                   .destroy = neap_free, .spec = pair_spec, .generate = pair_generate,
                                                   .discriminate = pair_discriminate, .offers = choosy_offers};

/* Compiled before `offers` was added. */
static const neap_architecture older_functions = {.size = offsetof(neap_architecture, offers), .build = pair_build,
                                                  .destroy = neap_free, .spec = pair_spec, .generate = pair_generate,
                                                  .discriminate = pair_discriminate, .offers = choosy_offers};

/* A map of 2 x 3 logits a row; with classes, only for the first row. */
static neap_tensor *patches_discriminate(void *self, neap_tensor *x, const neap_condition *condition)
{
    (void)condition;
    const int64_t rows = ((const pair_parts *)self)->config->classes ? 1 : neap_dim(x, 0);
    return neap_zeros(NEAP_F32, neap_dims(rows, 2, 3, 1));
}

static const neap_architecture patches_functions = {.size = sizeof patches_functions, .build = pair_build,
                                                    .destroy = neap_free, .spec = pair_spec,
                                                    .discriminate = patches_discriminate};

static const neap_component components[] = {
    {"architecture/2", "careless", "Ignores a failure.", sizeof(pair_config), pair_params, &careless_functions},
    PAIR_COMPONENT,
    {"architecture/2", "idle", "Offers nothing.", sizeof(pair_config), pair_params, &idle_functions},
    {"architecture/2", "choosy", "Offers by its settings.", sizeof(pair_config), pair_params, &choosy_functions},
    {"architecture/2", "older", "Lacks a member.", sizeof(pair_config), pair_params, &older_functions},
    {"architecture/2", "patches", "A map of logits.", sizeof(pair_config), pair_params, &patches_functions},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_networks(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

#define SMALL_DIT "size", "4", "channels", "1", "patch", "2", "width", "8", "heads", "2", "depth", "1"

static neap_tensor *pictures(int64_t batch, int64_t side, int64_t channels)
{
    return neap_randn((neap_random){3, 0}, 0, neap_dims(batch, side, side, channels));
}

static neap_tensor *times(int64_t batch)
{
    return neap_rand((neap_random){4, 0}, 0, neap_dims(batch));
}

static neap_condition *labels_of(int32_t a, int32_t b)
{
    return labelled(neap_from(NEAP_I32, neap_dims(2), (const int32_t[]){a, b}));
}

/* --- Building ---------------------------------------------------------------------------------------------------- */

START_TEST(bad_settings)
{
    static const struct {
        const char *name, *settings[7], *message; /* settings end with NULL */
    } bad[] = {
        {"dit", {"size", "32", "patch", "3"}, "dit: patch: expected a divisor of 32 and 32, got 3"},
        {"dit", {"rows", "30", "patch", "4"}, "dit: patch: expected a divisor of 30 and 32, got 4"},
        {"dit", {"columns", "31"}, "dit: patch: expected a divisor of 32 and 31, got 2"},
        {"dit", {"heads", "5"}, "dit: heads: expected a divisor of the width 384, got 5"},
        {"dit", {"width", "6", "heads", "1"}, "dit: width: expected a multiple of 4, got 6"},
        {"dit", {"preset", "XL", "heads", "14"}, "dit: heads: expected a divisor of the width 1152, got 14"},
        {"dit", {"width", "64"}, "dit: heads: expected a divisor of the width 64, got 6"},
        {"dit", {"rope", "true", "width", "24", "heads", "4"},
         "dit: rope: expected a width per head that is a multiple of 4, got 24 / 4 = 6"},
        {"mlp", {"time_features", "7"}, "mlp: time_features: expected an even number, got 7"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_fails_with(try_network(bad[i].name, 1, bad[i].settings) == NULL, bad[i].message);
    ck_fails_with(!try_network("careless", 1, (const char *const[]){NULL}), "careless: tensor: expected at most 8 axes of sizes from 0, got [-1]");
    ck_assert_ptr_null(neap_network_new(NULL, 1));
    neap_network_release(NULL);
}
END_TEST

START_TEST(specs)
{
    neap_network *dit = TRY_NETWORK("dit", "rows", "6", "columns", "8", "channels", "3", "width", "8", "heads", "1",
                                    "depth", "1", "classes", "5");
    neap_network *mlp = TRY_NETWORK("mlp", "channels", "2", "hidden", "4");
    const neap_spec a = spec_of(dit), b = spec_of(mlp);
    ck_assert(a.height == 6 && a.width == 8 && a.channels == 3 && a.classes == 5);
    ck_assert(b.height == 1 && b.width == 1 && b.channels == 2 && b.classes == 0);
    ck_assert_str_eq(neap_instance_component(neap_network_instance(dit))->name, "dit");
    ck_assert_int_eq(neap_model_size(neap_network_model(mlp)), (66 + 1) * 4 + 2 * (4 + 1) * 4 + (4 + 1) * 2);
    neap_network_release(dit);
    neap_network_release(mlp);
}
END_TEST

static bool build_both(void)
{
    neap_instance *dit = neap_instance_new(neap_registry_find("architecture", "dit"));
    neap_instance *mlp = neap_instance_new(neap_registry_find("architecture", "mlp"));
    bool whole = dit && mlp;
    static const char *const settings[] = {SMALL_DIT, "classes", "3", NULL};
    for (int i = 0; whole && settings[i]; i += 2)
        whole = neap_instance_set_text(dit, settings[i], settings[i + 1]) == 0;
    neap_network *a = whole ? neap_network_new(dit, 1) : NULL, *b = a ? neap_network_new(mlp, 1) : NULL;
    neap_network_release(a);
    neap_network_release(b);
    neap_instance_release(dit);
    neap_instance_release(mlp);
    return b != NULL;
}

START_TEST(every_allocation_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    refuse_each(build_both);
}
END_TEST

/* --- What is offered --------------------------------------------------------------------------------------------- */

START_TEST(offers)
{
    neap_network *dit = TRY_NETWORK("dit", SMALL_DIT), *pair = TRY_NETWORK("pair", "classes", "0");
    neap_network *idle = TRY_NETWORK("idle", "classes", "0");
    neap_tensor *x = pictures(2, 4, 1);
    ck_assert(neap_network_offers(dit, "velocity") && !neap_network_offers(dit, "generate"));
    ck_assert(neap_network_offers(pair, "generate") && neap_network_offers(pair, "discriminate"));
    ck_assert(!neap_network_offers(pair, "velocity") && !neap_network_offers(dit, "speed"));
    ck_succeeds(neap_network_require(pair, "gan", (const char *const[]){"discriminate", "generate", NULL}));
    ck_fails_with(neap_network_require(pair, "flow_matching", (const char *const[]){"generate", "velocity", NULL}),
                  "flow_matching needs 'velocity'; pair offers 'generate', 'discriminate'");
    ck_fails_with(neap_network_require(idle, "gan", (const char *const[]){"generate", NULL}),
                  "gan needs 'generate'; idle offers nothing");
    ck_fails_with(!neap_network_velocity(pair, x, times(2), NULL),
                  "the call needs 'velocity'; pair offers 'generate', 'discriminate'");
    ck_fails_with(!neap_network_generate(dit, x, NULL),
                  "the call needs 'generate'; dit offers 'velocity', 'average'");
    ck_fails_with(!neap_network_discriminate(dit, x, NULL),
                  "the call needs 'discriminate'; dit offers 'velocity', 'average'");
    ck_fails_with(!neap_network_encode(dit, x),
                  "the call needs 'encode'; dit offers 'velocity', 'average'");
    ck_fails_with(!neap_network_decode(dit, x),
                  "the call needs 'decode'; dit offers 'velocity', 'average'");
    neap_network_release(dit);
    neap_network_release(pair);
    neap_network_release(idle);
}
END_TEST

/* A network may leave out what its settings exclude; an older one has all its functions. */
START_TEST(offers_by_settings)
{
    neap_network *with = TRY_NETWORK("choosy", "classes", "2"), *without = TRY_NETWORK("choosy", "classes", "0");
    neap_network *older = TRY_NETWORK("older", "classes", "0");
    neap_tensor *x = pictures(2, 1, 2);
    ck_assert(neap_network_offers(with, "discriminate") && neap_network_offers(older, "discriminate"));
    ck_assert(!neap_network_offers(without, "discriminate") && neap_network_offers(without, "generate"));
    ck_assert(!neap_network_offers(with, "velocity")); /* the member is NULL */
    ck_assert_ptr_nonnull(neap_network_discriminate(with, x, NULL));
    ck_fails_with(!neap_network_discriminate(without, x, NULL), "the call needs 'discriminate'; choosy offers 'generate'");
    neap_network_release(with);
    neap_network_release(without);
    neap_network_release(older);
}
END_TEST

/* --- Calls ------------------------------------------------------------------------------------------------------- */

START_TEST(wrong_shapes)
{
    neap_network *dit = NETWORK("dit", SMALL_DIT, "classes", "3"), *pair = NETWORK("pair", "classes", "3");
    neap_tensor *x = pictures(2, 4, 1), *t = times(2), *p = pictures(2, 1, 2);
    neap_condition *few = labelled(neap_zeros(NEAP_I32, neap_dims(1)));
    neap_condition *narrow = labelled(neap_zeros(NEAP_F32, neap_dims(2, 3)));
    ck_fails_with(!neap_network_velocity(dit, pictures(2, 4, 2), t, NULL),
                  "dit: x: expected [2, 4, 4, 1], got [2, 4, 4, 2]");
    ck_fails_with(!neap_network_velocity(dit, pictures(2, 5, 1), t, NULL),
                  "dit: x: expected [2, 4, 4, 1], got [2, 5, 5, 1]");
    ck_fails_with(!neap_network_velocity(dit, neap_reshape(x, neap_dims(2, 16)), t, NULL),
                  "dit: x: expected [2, 4, 4, 1], got [2, 16]");
    ck_fails_with(!neap_network_velocity(dit, x, times(3), NULL), "dit: t: expected [2], got [3]");
    ck_fails_with(!neap_network_velocity(dit, x, neap_scalar(1), NULL), "dit: t: expected [2], got []");
    ck_fails_with(!neap_network_velocity(dit, x, t, few), "dit: condition: expected 2 rows, got 1");
    ck_fails_with(!neap_network_velocity(dit, x, t, narrow), "dit: labels: expected i32 [2] or f32 [2, 4], got f32 [2, 3]");
    ck_fails_with(!neap_network_generate(pair, p, few), "pair: condition: expected 2 rows, got 1");
    ck_fails_with(!neap_network_discriminate(pair, p, few), "pair: condition: expected 2 rows, got 1");
    ck_fails_with(!labelled(t), "condition: labels: expected i32 [B] or f32 [B, classes + 1], got f32 [2]");
    ck_fails_with(!neap_condition_with(few, NEAP_LABELS, neap_zeros(NEAP_I32, neap_dims(2))),
                  "condition: labels: expected 1 rows, got 2");
    ck_fails_with(!neap_network_discriminate(pair, x, NULL), "pair: x: expected [2, 1, 1, 2], got [2, 4, 4, 1]");
    neap_network_release(dit);
    neap_network_release(pair);
}
END_TEST

/* Logits are one for each row, or several with axes of their own. */
START_TEST(logits)
{
    neap_network *map = TRY_NETWORK("patches", "classes", "0"), *one = TRY_NETWORK("patches", "classes", "2");
    neap_tensor *y = neap_network_discriminate(map, pictures(2, 1, 2), NULL);
    ck_assert(neap_shape_equal(neap_shape_of(y), neap_dims(2, 2, 3, 1)));
    ck_fails_with(!neap_network_discriminate(one, pictures(2, 1, 2), NULL),
                  "patches: discriminate: expected [2] and any further axes, got [1, 2, 3, 1]");
    neap_network_release(map);
    neap_network_release(one);
}
END_TEST

/* A velocity, or the output of a generator. */
static neap_tensor *call(neap_network *network, const neap_condition *condition)
{
    const neap_spec s = spec_of(network);
    neap_tensor *x = pictures(2, s.height, s.channels);
    return neap_network_offers(network, "velocity") ? neap_network_velocity(network, x, times(2), condition)
                                                    : neap_network_generate(network, x, condition);
}

/* The null class is one past the last, and the label -1; every architecture refuses any other label out of range. */
START_TEST(labels)
{
    static const int32_t bad[] = {-2, 4, INT32_MIN, INT32_MAX};
    static const char *const names[] = {"dit", "mlp", "pair"};
    neap_network *networks[] = {NETWORK("dit", SMALL_DIT, "classes", "3"), NETWORK("mlp", "classes", "3"),
                                NETWORK("pair", "classes", "3")};
    for (int n = 0; n < 3; n++) {
        neap_tensor *named = call(networks[n], labels_of(3, 3)), *unnamed = call(networks[n], NULL);
        ck_assert_msg(named && unnamed && same_bits(named, unnamed), "%s: NULL is no null class", names[n]);
        ck_assert_msg(same_bits(named, call(networks[n], labels_of(-1, -1))), "%s: -1 is no null class", names[n]);
        ck_assert_msg(same_bits(named, call(networks[n], neap_condition_new(2))), "%s: no labels are no null class", names[n]);
        for (int i = 0; i < 4; i++) {
            char message[128];
            snprintf(message, sizeof message, "%s: embedding: index: expected 0 to 3, got %d at element 1", names[n],
                     bad[i]);
            ck_fails_with(!call(networks[n], labels_of(0, bad[i])), message);
        }
        neap_network_release(networks[n]);
    }
}
END_TEST

/* Beside weights, labels become weights, -1 that of the null class; other labels out of range are refused. */
START_TEST(labels_among_weights)
{
    static const float both[] = {0, 1, 0, 0, 0, 0, 0, 1}, one_hot[] = {0, 1, 0, 0};
    neap_condition *weights = labelled(neap_from(NEAP_F32, neap_dims(1, 4), one_hot));
    const neap_condition *joined = neap_condition_join(weights, labelled(neap_full(NEAP_I32, neap_dims(1), -1)));
    ck_assert(same_bits(neap_condition_get(joined, NEAP_LABELS), neap_from(NEAP_F32, neap_dims(2, 4), both)));
    ck_fails_with(!neap_condition_join(weights, labelled(neap_full(NEAP_I32, neap_dims(1), -2))),
                  "condition: labels: expected -1 to 3, got -2");
    ck_fails_with(!neap_condition_join(weights, labelled(neap_full(NEAP_I32, neap_dims(1), 4))),
                  "condition: labels: expected -1 to 3, got 4");
}
END_TEST

/* A network without classes ignores labels. */
START_TEST(labels_of_the_unconditional)
{
    neap_network *mlp = NETWORK("mlp", "hidden", "8");
    neap_tensor *x = pictures(2, 1, 2), *t = times(2);
    neap_tensor *plain = neap_network_velocity(mlp, x, t, NULL);
    ck_assert(same_bits(plain, neap_network_velocity(mlp, x, t, labels_of(700, -3))));
    neap_network_release(mlp);
}
END_TEST

/* A failure before the call keeps its message; labels lost to it are not the null class. */
START_TEST(null_passes_through)
{
    neap_network *dit = NETWORK("dit", SMALL_DIT, "classes", "3"), *pair = NETWORK("pair", "classes", "3");
    neap_tensor *x = pictures(2, 4, 1), *p = pictures(2, 1, 2);
    neap_fail("the first");
    ck_assert_ptr_null(neap_network_velocity(dit, NULL, times(2), NULL));
    ck_assert_ptr_null(neap_network_velocity(dit, x, NULL, NULL));
    ck_assert_ptr_null(neap_network_generate(pair, NULL, NULL));
    ck_assert_ptr_null(neap_network_discriminate(pair, NULL, NULL));
    ck_assert_ptr_null(neap_network_encode(dit, NULL));
    ck_assert_ptr_null(neap_network_decode(dit, NULL));
    ck_assert_ptr_null(neap_network_velocity(dit, x, times(2), NULL));
    ck_assert_ptr_null(neap_network_generate(pair, p, NULL));
    ck_assert_ptr_null(neap_network_discriminate(pair, p, NULL));
    ck_assert_str_eq(neap_error_message(), "the first");
    neap_error_clear();
    neap_network_release(dit);
    neap_network_release(pair);
}
END_TEST

/* Strided pictures and labels give what contiguous ones give. */
START_TEST(views)
{
    neap_network *dit = NETWORK("dit", SMALL_DIT, "classes", "3");
    neap_tensor *x = neap_permute(pictures(2, 4, 1), (int[]){0, 2, 1, 3}), *t = times(2);
    neap_tensor *wide = neap_from(NEAP_I32, neap_dims(2, 2), (const int32_t[]){2, 7, 0, 7});
    neap_tensor *strided = neap_reshape(neap_slice(wide, 1, 0, 1), neap_dims(2));
    neap_tensor *plain = neap_network_velocity(dit, neap_contiguous(x), t, labels_of(2, 0));
    ck_assert(same_bits(neap_contiguous(neap_network_velocity(dit, x, t, labelled(strided))), plain));
    neap_network_release(dit);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("network", open_networks, run_close, bad_settings, specs, every_allocation_may_fail, offers,
                          offers_by_settings, wrong_shapes, logits, labels, labels_among_weights, labels_of_the_unconditional, null_passes_through, views);
}
