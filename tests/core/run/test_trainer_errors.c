/* Trainers that do not fit, steps that fail, and memory that runs out in the middle of one: nothing changes, and the
 * message says where. */
#include "pair.h"
#include "training.h"

/* --- Objectives that fail ---------------------------------------------------------------------------------------- */

static neap_tensor *generated(neap_network *network, const neap_step *step)
{
    return neap_network_generate(network, step->x, NULL);
}

/* 0, with a gradient of infinity times 0. */
static neap_tensor *steep_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    return neap_sqrt(neap_sum(neap_affine(generated(network, step), 0, 0), NULL, 0, false));
}

static neap_tensor *failing_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    return neap_reshape(generated(network, step), neap_dims(5));
}

/* Returns no loss and records no message. */
static neap_tensor *mute_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase, (void)network, (void)step;
    return NULL;
}

static neap_tensor *wide_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    return neap_sum(generated(network, step), (int[]){0, 1, 2}, 3, false);
}

static neap_tensor *flat_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase, (void)network, (void)step;
    return neap_scalar(1);
}

/* Reports NaN. */
static neap_tensor *vague_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    neap_step_report(step, "share", (double)NAN);
    return neap_sum(generated(network, step), NULL, 0, false);
}

/* One report too many; then a slot that does not exist; then an op that fails. */
static int overdone;

static neap_tensor *overdone_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config, (void)phase;
    for (int i = 0; i <= NEAP_TRAIN_REPORTS && overdone == 0; i++)
        neap_step_report(step, "many", i);
    if (overdone == 1)
        neap_step_share(step, 4, step->x);
    if (overdone == 2)
        neap_reshape(step->x, neap_dims(5));
    return neap_sum(generated(network, step), NULL, 0, false);
}

/* The first phase fills all reports of the step, which leaves none for the second. */
static neap_tensor *full_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config;
    for (int i = 0; i < NEAP_TRAIN_REPORTS && phase == 0; i++)
        neap_step_report(step, "many", i);
    return neap_sum(neap_network_discriminate(network, generated(network, step), NULL), NULL, 0, false);
}

/* The first phase goes well, the second divides by zero. */
static neap_tensor *late_loss(const void *config, int phase, neap_network *network, neap_step *step)
{
    (void)config;
    neap_tensor *scores = neap_network_discriminate(network, generated(network, step), NULL);
    neap_tensor *loss = neap_mean(neap_square(scores), NULL, 0, false);
    return phase ? neap_div(loss, neap_scalar(0)) : loss;
}

static const char *const needs[] = {"generate", "discriminate", NULL};
static const neap_phase all_phases[] = {{"all", ""}, {0}};
static const neap_phase nobody_phases[] = {{"nobody", "nobody."}, {0}};
static const neap_phase two_phases[] = {{"first", "critic."}, {"second", "generator."}, {0}};
static const neap_objective steep = {.size = sizeof steep, .needs = needs, .phases = all_phases, .loss = steep_loss};
static const neap_objective failing = {
    .size = sizeof failing, .needs = needs, .phases = all_phases, .loss = failing_loss,
};
static const neap_objective mute = {.size = sizeof mute, .needs = needs, .phases = all_phases, .loss = mute_loss};
static const neap_objective wide = {.size = sizeof wide, .needs = needs, .phases = all_phases, .loss = wide_loss};
static const neap_objective flat = {.size = sizeof flat, .needs = needs, .phases = all_phases, .loss = flat_loss};
static const neap_objective vague = {.size = sizeof vague, .needs = needs, .phases = all_phases, .loss = vague_loss};
static const neap_objective overdo = {.size = sizeof overdo, .needs = needs, .phases = all_phases, .loss = overdone_loss};
static const neap_objective full = {.size = sizeof full, .needs = needs, .phases = two_phases, .loss = full_loss};
static const neap_objective nobody = {
    .size = sizeof nobody, .needs = needs, .phases = nobody_phases, .loss = wide_loss,
};
static const neap_objective late = {.size = sizeof late, .needs = needs, .phases = two_phases, .loss = late_loss};
static const neap_param no_params[] = {NEAP_PARAMS_END};

#define OBJECTIVE(name) {"objective/2", #name, "Fails.", 0, no_params, &name}
static const neap_component components[] = {
    PAIR_COMPONENT, OBJECTIVE(steep), OBJECTIVE(failing), OBJECTIVE(mute), OBJECTIVE(wide), OBJECTIVE(nobody), OBJECTIVE(late),
    OBJECTIVE(flat), OBJECTIVE(vague), OBJECTIVE(overdo), OBJECTIVE(full), {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_trainers(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

static neap_instance *points(void)
{
    return COMPONENT("dataset", "toy2d", "labels", "false");
}

static training pair_training(const char *objective)
{
    return start_training(NETWORK("pair", "classes", "0"), points(), objective, &usual_config);
}

/* --- What does not fit ------------------------------------------------------------------------------------------- */

static void does_not_fit(neap_network *network, neap_instance *data, const char *objective,
                         const neap_trainer_config *config, const char *message)
{
    training t = start_training(network, data, objective, config);
    ck_fails_with(t.trainer == NULL, message);
    end_training(t);
}

START_TEST(misfits)
{
    neap_trainer_config none = usual_config, bad = usual_config;
    none.batch = 0;
    bad.optimizer.lr = 0;
    does_not_fit(NETWORK("pair", "classes", "0"), points(), "flow_matching", &usual_config,
                 "flow_matching needs 'velocity'; pair offers 'generate', 'discriminate'");
    does_not_fit(NETWORK("mlp", "hidden", "8"), points(), "steep", &usual_config,
                 "steep needs 'generate'; mlp offers 'velocity', 'average'");
    does_not_fit(NETWORK("mlp", "hidden", "8"), small_shapes(), "flow_matching", &usual_config,
                 "mlp: expects pictures [1, 1, 2]; the data set has [8, 8, 1]");
    does_not_fit(NETWORK("mlp", "classes", "5"), points(), "flow_matching", &usual_config,
                 "mlp: takes 'labels'; the data set 'toy2d' provides nothing");
    does_not_fit(NETWORK("mlp", "classes", "5"), COMPONENT("dataset", "toy2d", "shape", "rings"), "flow_matching",
                 &usual_config, "mlp: expects 5 classes; the data set has 2");
    does_not_fit(NETWORK("mlp", "hidden", "8"), points(), "flow_matching", &none,
                 "train: batch: expected at least 1, got 0");
    does_not_fit(NETWORK("pair", "classes", "0"), points(), "nobody", &usual_config,
                 "adamw: the model has no parameter whose name begins with 'nobody.'");
    does_not_fit(NETWORK("mlp", "hidden", "8"), points(), "flow_matching", &bad,
                 "adamw: lr: expected a number above 0, got 0");
}
END_TEST

/* A network without classes does not mind labels. */
START_TEST(labels_to_spare)
{
    neap_instance *data = COMPONENT("dataset", "toy2d", "labels", "true");
    training t = start_training(NETWORK("mlp", "hidden", "8"), data, "flow_matching", &usual_config);
    take_step(t, 1);
    end_training(t);
}
END_TEST

START_TEST(no_arguments)
{
    training t = small_training(1);
    neap_instance *objective = COMPONENT("objective", "flow_matching", "label_dropout", "0");
    ck_assert_ptr_null(neap_trainer_new(NULL, t.source, objective, &usual_config));
    ck_assert_ptr_null(neap_trainer_new(t.network, NULL, objective, &usual_config));
    ck_assert_ptr_null(neap_trainer_new(t.network, t.source, NULL, &usual_config));
    neap_trainer_free(NULL);
    neap_instance_release(objective);
    end_training(t);
}
END_TEST

/* --- Steps that fail --------------------------------------------------------------------------------------------- */

static void poison(training t, const char *name, double value)
{
    neap_tensor *p = neap_model_find(neap_network_model(t.network), name);
    neap_scope scope = neap_scope_open();
    ck_succeeds(neap_write(p, NEAP_F32, neap_data(neap_full(NEAP_F32, neap_shape_of(p), value))));
    neap_scope_close(scope);
}

#define IN_SQUARE "; the first tensor that is not finite is input 0 of 'square', [6, 8, 8, 1]"

START_TEST(loss_is_not_finite)
{
    training t = small_training(1);
    size_t peak;
    double seconds;
    take_step(t, 1);
    poison(t, "final_layer.linear.bias", NAN);
    refuses_step(t, 2, "train: step 2: the loss 'flow' is nan" IN_SQUARE);
    poison(t, "final_layer.linear.bias", -NAN);
    refuses_step(t, 3, "train: step 3: the loss 'flow' is nan" IN_SQUARE);
    poison(t, "final_layer.linear.bias", 1e30);
    refuses_step(t, 4, "train: step 4: the loss 'flow' is inf");
    ck_fails_with(neap_trainer_rehearse(t.trainer, 1, &peak, &seconds), "train: rehearsal: the loss 'flow' is inf");
    poison(t, "final_layer.linear.bias", 0);
    poison(t, "blocks.0.mlp.fc1.weight", INFINITY);
    refuses_step(t, 5, "train: step 5: the loss 'flow' is nan; "
                       "the first tensor that is not finite is input 1 of 'linear_gelu', [64, 16]");
    poison(t, "blocks.0.mlp.fc1.weight", 0);
    poison(t, "final_layer.linear.bias", 0);
    take_step(t, 2);
    end_training(t);
}
END_TEST

/* The first parameter to blame, in the model's order. */
START_TEST(gradient_is_not_finite)
{
    training t = pair_training("steep");
    refuses_step(t, 7, "train: step 7: the gradient of 'generator.out.weight' is not finite");
    end_training(t);
}
END_TEST

START_TEST(objective_fails)
{
    training t = pair_training("failing");
    refuses_step(t, 1, "train: step 1: failing: reshape: expected a shape of 12 elements like [6, 1, 1, 2], got [5]");
    end_training(t);
    t = pair_training("mute");
    refuses_step(t, 1, "train: step 1: mute: loss: returned NULL without a message");
    end_training(t);
    t = pair_training("wide");
    refuses_step(t, 1, "train: step 1: wide: the loss 'all': expected one element, got [2]");
    end_training(t);
    t = pair_training("flat");
    refuses_step(t, 1, "train: step 1: flat: the loss 'all' depends on no parameter");
    end_training(t);
}
END_TEST

START_TEST(reports_are_finite)
{
    training t = pair_training("vague");
    neap_train_report report;
    ck_fails_with(neap_trainer_step(t.trainer, 1, 1, &report), "train: step 1: the reported value 'share' is nan");
    end_training(t);
}
END_TEST

/* What would be lost in silence fails the step before anything is updated. */
START_TEST(nothing_is_lost)
{
    static const char *const messages[] = {
        "train: step 1: overdo: the value 'many' has no room: expected at most 32 reports in a step",
        "train: step 1: overdo: sharing a tensor: expected a slot of 0 to 3, got 4",
        "train: step 1: overdo: reshape: expected a shape of 12 elements like [6, 1, 1, 2], got [5]",
    };
    training t = pair_training("overdo");
    for (overdone = 0; overdone < 3; overdone++)
        refuses_step(t, 1, messages[overdone]);
    end_training(t);
    t = pair_training("full");
    neap_train_report report;
    ck_fails_with(neap_trainer_step(t.trainer, 1, 1, &report),
                  "train: step 1: the value 'loss_second' has no room: expected at most 32 reports in a step");
    end_training(t);
}
END_TEST

/* It takes nothing back: what the first has learned stays. */
START_TEST(second_phase_fails)
{
    training t = pair_training("late");
    neap_train_report report;
    const snapshot before = snapshot_of(t);
    ck_fails_with(neap_trainer_step(t.trainer, 1, 1, &report), "train: step 1: the loss 'second' is inf; the first tensor that is not finite is the output of 'div', []");
    const neap_model *model = neap_network_model(t.network);
    for (int i = 0; i < neap_model_count(model); i++) {
        const char *name = neap_model_name(model, i);
        const bool moves = strncmp(name, "critic.", 7) == 0;
        ck_assert_msg(same_bits(before.copy[i], neap_model_tensor(model, i)) == !moves, "%s", name);
    }
    end_training(t);
}
END_TEST

START_TEST(steps_that_are_none)
{
    training t = small_training(1);
    refuses_step(t, 0, "train: step 0: shapes: expected a step and a batch from 1, got 0 and 6");
    refuses_step(t, -1, "train: step -1: shapes: expected a step and a batch from 1, got -1 and 6");
    neap_arena *arena = neap_arena_new();
    ck_succeeds(neap_arena_begin(arena));
    refuses_step(t, 1, "train: step 1: arena: a step is active on this thread already");
    neap_arena_end(arena);
    neap_arena_free(arena);
    take_step(t, 1);
    end_training(t);
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

static bool start_and_end(void)
{
    training t = {.network = NULL};
    neap_instance *dit = neap_instance_new(neap_registry_find("architecture", "dit"));
    neap_instance *shapes = dit ? neap_instance_new(neap_registry_find("dataset", "shapes")) : NULL;
    neap_instance *objective = shapes ? neap_instance_new(neap_registry_find("objective", "flow_matching")) : NULL;
    static const char *const settings[] = {SMALL_DIT, NULL};
    bool whole = objective && neap_instance_set_text(shapes, "size", "8") == 0;
    for (int i = 0; whole && settings[i]; i += 2)
        whole = neap_instance_set_text(dit, settings[i], settings[i + 1]) == 0;
    t.network = whole ? neap_network_new(dit, 1) : NULL;
    t.source = t.network ? neap_source_open(shapes) : NULL;
    t.trainer = t.source ? neap_trainer_new(t.network, t.source, objective, &usual_config) : NULL;
    whole = t.trainer != NULL;
    end_training(t);
    neap_instance_release(objective);
    neap_instance_release(shapes);
    neap_instance_release(dit);
    return whole;
}

START_TEST(every_allocation_of_a_trainer_may_fail)
{
    neap_threads_set(1); /* refusals are counted on this thread */
    refuse_each(start_and_end);
}
END_TEST

/*
 * Step `number` with its n-th request refused, for every n. It fails with a message and changes nothing; or it is the
 * step as it should be, where only the arena could not learn.
 */
static void refuse_each_of_step(training t, int64_t number)
{
    const snapshot before = snapshot_of(t);
    take_step(t, number);
    const snapshot after = snapshot_of(t);
    const size_t live = neap_memory().live;
    int failures = 0;
    for (int n = 0, left = -1; left < 0; n++) {
        neap_train_report report;
        restore(&before, t);
        left = n;
        neap_on_allocate(refuse_when_zero, &left);
        const bool done = neap_trainer_step(t.trainer, number, 1, &report) == 0;
        neap_on_allocate(NULL, NULL);
        const char *message = neap_error_message();
        const bool told = strncmp(message, "train: step ", 12) == 0 && strstr(message, "memory: no room for");
        ck_assert_msg(done != neap_failed() && done != told, "allocation %d: %s", n, message);
        neap_error_clear();
        ck_assert_msg(first_change(done ? &after : &before, t) == -1, "allocation %d: something changed", n);
        ck_assert_msg(neap_memory().live == live, "allocation %d: a buffer is left", n);
        failures += !done;
    }
    ck_assert_int_gt(failures, 300);
}

/* While the arena learns, and while it replays. */
START_TEST(every_allocation_of_a_step_may_fail)
{
    training t = small_training(1);
    neap_threads_set(1);
    refuse_each_of_step(t, 1);
    for (int number = 2; number <= 4; number++)
        take_step(t, number);
    refuse_each_of_step(t, 5);
    end_training(t);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("trainer, errors", open_trainers, run_close, misfits, labels_to_spare, no_arguments,
                          loss_is_not_finite, gradient_is_not_finite, objective_fails, reports_are_finite, nothing_is_lost, second_phase_fails,
                          steps_that_are_none, every_allocation_of_a_trainer_may_fail,
                          every_allocation_of_a_step_may_fail);
}
