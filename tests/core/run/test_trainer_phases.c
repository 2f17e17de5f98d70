/* Phases that begin late or never, what the rehearsal of a step knows of them, and objectives that refuse a network. */
#include "pair.h"
#include "training.h"

static const char *const needs[] = {"generate", "discriminate", NULL};
static const neap_phase phases[] = {{"critic", "critic."}, {"generator", "generator."}, {0}};

/* Two phases; the generator begins at a step, or never. */
typedef struct late_config {
    int64_t begins, only_for;
} late_config;

static int64_t late_begins(const void *config, int phase)
{
    return phase == 0 ? 1 : ((const late_config *)config)->begins;
}

/* Refuses the network when `only_for` is not its number of rows. */
static int late_check(const void *config, neap_network *network)
{
    const int64_t rows = spec_of(network).height, wanted = ((const late_config *)config)->only_for;
    return !wanted || rows == wanted ? 0 : neap_fail("only_for: expected %lld rows, got %lld", (long long)wanted,
                                                     (long long)rows);
}

static int generator_runs;

static neap_tensor *late_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    neap_step_report(step, phase ? "second" : "first", (double)step->number);
    generator_runs += phase;
    return (void)config, pair_score(network, step);
}

static const neap_objective late = {.size = sizeof late, .needs = needs, .phases = phases, .loss = late_loss,
                                    .begins = late_begins, .check = late_check};
static const neap_param late_params[] = {
    NEAP_INT(late_config, begins, 3, 0, 100, "Of the generator."),
    NEAP_INT(late_config, only_for, 0, 0, 100, "Rows."),
    NEAP_PARAMS_END,
};
static const neap_component components[] = {
    PAIR_COMPONENT,
    {"objective/2", "late", "A phase that begins late.", sizeof(late_config), late_params, &late},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_trainers(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

/* Starts a training of `late` with these settings. */
static training late_training(const neap_trainer_config *config, const char *const *settings)
{
    const neap_scope scope = neap_scope_open();
    training t = {.network = TRY_NETWORK("pair", NULL)};
    neap_instance *data = COMPONENT("dataset", "toy2d", "labels", "false");
    neap_instance *objective = component_of("objective", "late", settings);
    t.source = neap_source_open(data);
    t.trainer = neap_trainer_new(t.network, t.source, objective, config);
    neap_instance_release(data);
    neap_instance_release(objective);
    neap_scope_close(scope);
    return t;
}

/* The generator rests before its step, and its optimiser counts from there: with Adam, the first update of each element is by
 * the rate. */
START_TEST(a_phase_begins_later)
{
    const neap_trainer_config config = {.batch = 6, .seed = 3, .optimizer = {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-12}};
    training t = late_training(&config, SETTINGS("begins", "3"));
    const snapshot before = snapshot_of(t);
    ck_assert_int_eq(take_step(t, 1).reports, 1);
    ck_assert_int_eq(take_step(t, 2).reports, 1);
    ck_assert(moved(&before, t, "critic.") && !moved(&before, t, "generator."));
    const float bias = floats(neap_model_find(neap_network_model(t.network), "generator.out.bias"))[0];
    ck_assert_int_eq(take_step(t, 3).reports, 4);
    const float now = floats(neap_model_find(neap_network_model(t.network), "generator.out.bias"))[0];
    ck_assert_float_eq_tol(fabsf(now - bias), 1e-2f, 1e-6f);
    end_training(t);
}
END_TEST

/* What a phase needs later is rehearsed before step 1. */
START_TEST(later_phases_are_rehearsed)
{
    training t = late_training(&usual_config, SETTINGS("begins", "100"));
    size_t peak;
    double seconds;
    generator_runs = 0;
    ck_succeeds(neap_trainer_rehearse(t.trainer, 50, &peak, &seconds));
    ck_assert_int_eq(generator_runs, 0);
    ck_succeeds(neap_trainer_rehearse(t.trainer, 100, &peak, &seconds));
    ck_assert_int_gt(generator_runs, 0);
    end_training(t);
}
END_TEST

/* A phase that never begins has no optimiser; one that is given for it is not used. */
START_TEST(a_phase_may_be_left_out)
{
    neap_phase_optimizer own[] = {{"critic", usual_config.optimizer}, {"generator", usual_config.optimizer}};
    neap_trainer_config config = usual_config;
    for (int count = 0; count <= 2; count++) {
        config.own = own;
        config.own_count = count;
        training t = late_training(&config, SETTINGS("begins", "0"));
        const snapshot before = snapshot_of(t);
        ck_assert_int_eq(take_step(t, 100).reports, 1);
        ck_assert(moved(&before, t, "critic.") && !moved(&before, t, "generator."));
        ck_assert_int_eq(neap_trainer_optimizers(t.trainer), 1);
        ck_assert_ptr_null(neap_trainer_optimizer(t.trainer, 1));
        end_training(t);
    }
}
END_TEST

START_TEST(an_objective_checks_its_network)
{
    training t = late_training(&usual_config, SETTINGS("only_for", "1"));
    ck_assert_ptr_nonnull(t.trainer);
    end_training(t);
    t = late_training(&usual_config, SETTINGS("only_for", "2"));
    ck_assert_ptr_null(t.trainer);
    ck_assert_str_eq(neap_error_message(), "late: only_for: expected 2 rows, got 1");
    neap_error_clear();
    end_training(t);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("trainer, phases", open_trainers, run_close, a_phase_begins_later, later_phases_are_rehearsed,
                          a_phase_may_be_left_out, an_objective_checks_its_network);
}
