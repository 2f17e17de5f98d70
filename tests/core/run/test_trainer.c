/*
 * The training step: a function of seed, number and state alone, for any number of threads; what it reports, what its
 * phases train, and the memory it takes. test_trainer_phases.c has phases that begin late or never.
 */
#include "pair.h"
#include "training.h"

/* --- Objectives -------------------------------------------------------------------------------------------------- */

/* The critic first, then the generator, by a loss that both parts have a share in. */
static neap_tensor *duel_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config;
    neap_tensor *loss = pair_score(network, step);
    if (phase == 0)
        neap_step_share(step, 2, loss);
    else
        neap_step_report(step, "critic", neap_item(neap_step_shared(step, 2)));
    neap_step_report(step, phase ? "second" : "first", neap_item(loss));
    return loss;
}

static float seen; /* of the data, by the latest step */

static neap_tensor *critic_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    seen = floats(step->x)[0];
    for (int i = 0; i < NEAP_TRAIN_REPORTS; i++)
        neap_step_report(step, "many", i);
    neap_step_share(step, 0, step->x);
    neap_step_share(step, 0, pair_score(network, step));
    return neap_step_shared(step, 0);
}

static const char *const needs[] = {"generate", "discriminate", NULL};
static const neap_phase duel_phases[] = {{"critic", "critic."}, {"generator", "generator."}, {0}};
static const neap_phase critic_phases[] = {{"critic", "critic."}, {0}};
static const neap_objective duel = {.size = sizeof duel, .needs = needs, .phases = duel_phases, .loss = duel_loss};
static const neap_objective critic = {
    .size = sizeof critic, .needs = needs, .phases = critic_phases, .loss = critic_loss,
};
static const neap_param no_params[] = {NEAP_PARAMS_END};
static const neap_component components[] = {
    PAIR_COMPONENT,
    {"objective/2", "duel", "Two phases.", 0, no_params, &duel},
    {"objective/2", "critic", "One phase that trains one part.", 0, no_params, &critic},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_trainers(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

static training pair_training(const char *objective, uint64_t seed)
{
    neap_trainer_config config = usual_config;
    config.seed = seed;
    config.optimizer.clip = 0.01; /* far below any norm here; the norm before clipping is reported */
    return start_training(NETWORK("pair", "classes", "0"), COMPONENT("dataset", "toy2d", "labels", "false"), objective,
                          &config);
}

/* --- Determinism ------------------------------------------------------------------------------------------------- */

/* Six steps, against three, a copy of what they changed into another network, and three. */
START_TEST(resumes_to_the_bit)
{
    training whole = small_training(1), first = small_training(1), second = small_training(2);
    neap_train_report report, expected;
    for (int number = 1; number <= 6; number++)
        expected = take_step(whole, number);
    for (int number = 1; number <= 3; number++)
        take_step(first, number);
    const snapshot half = snapshot_of(first), end = snapshot_of(whole);
    ck_assert_int_ge(first_change(&half, second), 0);
    restore(&half, second);
    end_training(first);
    for (int number = 4; number <= 6; number++)
        report = take_step(second, number);
    ck_assert_int_eq(first_change(&end, second), -1);
    ck_assert(report.loss == expected.loss && report.gradient_norm == expected.gradient_norm);
    end_training(whole);
    end_training(second);
}
END_TEST

/* Large enough that every kind of work is divided. */
START_TEST(any_threads_take_the_same_steps)
{
    snapshot one = {{0}};
    for (int threads = 1; threads <= 3; threads++) {
        neap_network *network = NETWORK("dit", "size", "16", "channels", "1", "patch", "2", "width", "64", "heads", "2",
                                        "depth", "1", "classes", "10");
        neap_instance *data = COMPONENT("dataset", "shapes", "size", "16", "count", "100");
        neap_trainer_config config = usual_config;
        config.batch = 16;
        training t = start_training(network, data, "flow_matching", &config);
        ck_succeeds(neap_threads_set(threads));
        for (int number = 1; number <= 3; number++)
            take_step(t, number);
        if (threads == 1)
            one = snapshot_of(t);
        ck_assert_msg(first_change(&one, t) == -1, "%d threads differ in tensor %d", threads, first_change(&one, t));
        end_training(t);
    }
}
END_TEST

/* Of one picture over and over, so that only what is drawn at random can make a difference. */
static double first_loss(uint64_t seed, int64_t number)
{
    neap_trainer_config config = usual_config;
    config.seed = seed;
    neap_instance *data = COMPONENT("dataset", "shapes", "size", "8", "count", "1");
    training t = start_training(try_network("dit", 1, SETTINGS(SMALL_DIT)), data, "flow_matching", &config);
    const double loss = take_step(t, number).loss;
    end_training(t);
    return loss;
}

static float first_seen(uint64_t seed, int64_t number)
{
    training t = pair_training("critic", seed);
    take_step(t, number);
    end_training(t);
    return seen;
}

START_TEST(random_by_seed_and_number)
{
    const double loss = first_loss(3, 1);
    const float data = first_seen(3, 1);
    ck_assert(first_loss(3, 1) == loss && first_loss(4, 1) != loss && first_loss(3, 2) != loss);
    ck_assert(first_seen(3, 1) == data && first_seen(4, 1) != data && first_seen(3, 2) != data);
}
END_TEST

/* --- Updates ----------------------------------------------------------------------------------------------------- */

/* A learning rate of 0 moves the moments alone; weight decay goes with it. */
START_TEST(rate_of_zero)
{
    training t = small_training(1);
    neap_train_report report;
    const int parameters = neap_model_count(neap_network_model(t.network));
    const snapshot before = snapshot_of(t);
    ck_succeeds(neap_trainer_step(t.trainer, 1, 0, &report));
    ck_assert_int_ge(first_change(&before, t), parameters);
    ck_succeeds(neap_trainer_step(t.trainer, 2, 0.5, &report));
    ck_assert_int_lt(first_change(&before, t), parameters);
    end_training(t);
}
END_TEST

/* Much of what can be known of points near one of eight places; a velocity of 0, as at the start, knows nothing. */
START_TEST(learns)
{
    neap_trainer_config config = usual_config;
    config.batch = 64;
    neap_network *network = TRY_NETWORK("mlp", "hidden", "32", "depth", "2", "time_features", "16");
    neap_instance *data = COMPONENT("dataset", "toy2d", "shape", "gaussians8", "labels", "false");
    training t = start_training(network, data, "flow_matching", &config);
    double begin = 0, end = 0;
    for (int number = 1; number <= 300; number++) {
        const double loss = take_step(t, number).loss;
        begin += number <= 20 ? loss / 20 : 0;
        end += number > 280 ? loss / 20 : 0;
    }
    ck_assert_msg(end < 0.8 * begin, "the loss went from %g to %g", begin, end);
    end_training(t);
}
END_TEST

/* --- Phases ------------------------------------------------------------------------------------------------------ */

START_TEST(a_phase_trains_its_part)
{
    training t = pair_training("critic", 3);
    ck_assert_msg(t.trainer != NULL, "%s", neap_error_message());
    const snapshot before = snapshot_of(t);
    const neap_train_report report = take_step(t, 1);
    ck_assert(moved(&before, t, "critic.") && !moved(&before, t, "generator."));
    ck_assert_int_eq(neap_trainer_optimizers(t.trainer), 1);
    ck_assert_int_eq(neap_optimizer_count(neap_trainer_optimizer(t.trainer, 0)), 2);
    ck_assert_int_eq(report.reports, NEAP_TRAIN_REPORTS);
    for (int i = 0; i < report.reports; i++)
        ck_assert(strcmp(report.report[i].name, "many") == 0 && report.report[i].value == i);
    end_training(t);
}
END_TEST

/* The second phase sees what the first has made of its part and what it has shared, and leaves its part as it is. */
START_TEST(phases_follow_each_other)
{
    training t = pair_training("duel", 3), alone = pair_training("critic", 3);
    const snapshot before = snapshot_of(t);
    const neap_train_report report = take_step(t, 1);
    ck_assert(moved(&before, t, "critic.") && moved(&before, t, "generator."));
    ck_assert_int_eq(neap_trainer_optimizers(t.trainer), 2);
    ck_assert_ptr_nonnull(neap_trainer_optimizer(t.trainer, 1));
    ck_assert_ptr_null(neap_trainer_optimizer(t.trainer, 2));
    ck_assert_ptr_null(neap_trainer_optimizer(t.trainer, -1));
    ck_assert_int_eq(report.reports, 5);
    ck_assert_str_eq(report.report[0].name, "first");
    ck_assert_str_eq(report.report[1].name, "critic");
    ck_assert_str_eq(report.report[2].name, "second");
    ck_assert(report.loss == report.report[0].value && report.loss == report.report[1].value);
    ck_assert(report.report[2].value < report.loss);
    ck_assert_str_eq(report.report[3].name, "loss_generator");
    ck_assert(report.report[3].value == report.report[2].value);
    ck_assert_str_eq(report.report[4].name, "gradient_norm_generator");
    ck_assert_double_gt(report.report[4].value, 0);
    ck_assert_double_gt(report.gradient_norm, 0.01);
    take_step(alone, 1);
    ck_assert(same_bits(neap_model_find(neap_network_model(t.network), "critic.out.weight"),
                        neap_model_find(neap_network_model(alone.network), "critic.out.weight")));
    end_training(alone);
    end_training(t);
}
END_TEST

/* --- Memory ------------------------------------------------------------------------------------------------------ */

START_TEST(rehearsal)
{
    training t = small_training(1), plain = small_training(1);
    size_t peak = 0, held = 0;
    double seconds = -1;
    const snapshot before = snapshot_of(t);
    for (int i = 0; changeable(t, i); i++)
        held += (size_t)neap_size(changeable(t, i)) * sizeof(float);
    ck_succeeds(neap_trainer_rehearse(t.trainer, 1, &peak, &seconds));
    ck_assert_int_eq(first_change(&before, t), -1);
    ck_assert(seconds > 0 && seconds < 60);
    neap_memory_reset_peak();
    take_step(t, 1);
    const double real = (double)neap_memory().peak;
    ck_assert_uint_gt(peak, 2 * held); /* the snapshot is as large */
    ck_assert_msg(fabs((double)peak - real) < 0.1 * real, "a step takes %g bytes, %zu were rehearsed", real, peak);
    take_step(plain, 1);
    const snapshot unrehearsed = snapshot_of(plain);
    ck_assert_int_eq(first_change(&unrehearsed, t), -1);
    end_training(t);
    end_training(plain);
}
END_TEST

/* From the third step on nothing is asked of the system, and every step takes the same. */
START_TEST(memory_is_steady)
{
    training t = small_training(1);
    neap_memory_stats third = {0};
    const size_t before = neap_memory().live;
    for (int number = 1; number <= 50; number++) {
        neap_memory_reset_peak();
        take_step(t, number);
        ck_assert_uint_eq(neap_memory().live, before);
        if (number == 3)
            third = neap_memory();
        ck_assert(number < 3 || (neap_memory().peak == third.peak && neap_memory().reserved == third.reserved));
    }
    end_training(t);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("trainer", open_trainers, run_close, resumes_to_the_bit, any_threads_take_the_same_steps,
                          random_by_seed_and_number, rate_of_zero, learns, a_phase_trains_its_part,
                          phases_follow_each_other, rehearsal, memory_is_steady);
}
