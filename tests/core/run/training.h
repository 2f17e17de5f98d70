/*
 * For tests of training: a network, a source and a trainer that live together, and everything a step may change, to be
 * compared to the bit.
 */
#ifndef NEAP_TRAINING_H
#define NEAP_TRAINING_H

#include "run_test.h"

typedef struct training {
    neap_network *network;
    neap_source *source;
    neap_trainer *trainer; /* NULL with a message where they do not fit */
} training;

static const neap_trainer_config usual_config = {
    .batch = 6, .seed = 3,
    .optimizer = {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.01, .clip = 1, .ema = 0.9},
};

/* Takes the network over. */
static inline training start_training(neap_network *network, neap_instance *data, const char *objective,
                                      const neap_trainer_config *config)
{
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    neap_instance *instance = neap_instance_new(neap_registry_find("objective", objective));
    training t = {.network = network, .source = neap_source_open(data)};
    t.trainer = neap_trainer_new(network, t.source, instance, config);
    neap_instance_release(data);
    neap_instance_release(instance);
    return t;
}

static inline void end_training(training t)
{
    neap_trainer_free(t.trainer);
    neap_source_close(t.source);
    neap_network_release(t.network);
}

#define SMALL_DIT "size", "8", "channels", "1", "patch", "2", "width", "16", "heads", "2", "depth", "2", "classes", "10"

static inline neap_instance *small_shapes(void)
{
    return COMPONENT("dataset", "shapes", "size", "8", "count", "50");
}

static inline training small_training(uint64_t seed)
{
    neap_network *network = try_network("dit", seed, SETTINGS(SMALL_DIT));
    return start_training(network, small_shapes(), "flow_matching", &usual_config);
}

static inline neap_train_report take_step(training t, int64_t number)
{
    neap_train_report report;
    ck_assert_msg(t.trainer != NULL, "%s", neap_error_message());
    ck_succeeds(neap_trainer_step(t.trainer, number, 1, &report));
    return report;
}

/* All parameters of the model, then the state of each phase's optimiser. NULL past the last one. */
static inline neap_tensor *changeable(training t, int index)
{
    const neap_model *model = neap_network_model(t.network);
    if (index < neap_model_count(model))
        return neap_model_tensor(model, index);
    index -= neap_model_count(model);
    for (int phase = 0; phase < neap_trainer_optimizers(t.trainer); phase++) {
        const char *const *names;
        neap_tensor *const *state;
        const int count = neap_optimizer_state(neap_trainer_optimizer(t.trainer, phase), &names, &state);
        if (index < count)
            return state[index];
        index -= count;
    }
    return NULL;
}

#define MOST_CHANGEABLE 256

/* Copies of them all, in the innermost scope. */
typedef struct snapshot {
    neap_tensor *copy[MOST_CHANGEABLE];
} snapshot;

static inline snapshot snapshot_of(training t)
{
    snapshot s = {{0}};
    for (int i = 0; changeable(t, i); i++) {
        ck_assert_int_lt(i, MOST_CHANGEABLE);
        neap_tensor *x = changeable(t, i);
        s.copy[i] = neap_from(NEAP_F32, neap_shape_of(x), neap_data(x));
    }
    return s;
}

/* The first that differs from its copy; -1 when all are as they were. */
static inline int first_change(const snapshot *s, training t)
{
    for (int i = 0; changeable(t, i); i++)
        if (!same_bits(s->copy[i], changeable(t, i)))
            return i;
    return -1;
}

static inline void restore(const snapshot *s, training t)
{
    for (int i = 0; changeable(t, i); i++)
        ck_succeeds(neap_write(changeable(t, i), NEAP_F32, neap_data(s->copy[i])));
}

/* The step must fail with exactly this message, and change nothing. */
static inline void refuses_step(training t, int64_t number, const char *message)
{
    neap_train_report report;
    const neap_scope scope = neap_scope_open();
    const snapshot before = snapshot_of(t);
    ck_fails_with(neap_trainer_step(t.trainer, number, 1, &report), message);
    ck_assert_int_eq(first_change(&before, t), -1);
    neap_scope_close(scope);
}

/* Did the tensors whose names begin with `part` change? All or none of them must have. */
static inline bool moved(const snapshot *before, training t, const char *part)
{
    const neap_model *model = neap_network_model(t.network);
    int moves = 0, count = 0;
    for (int i = 0; i < neap_model_count(model); i++)
        if (strncmp(neap_model_name(model, i), part, strlen(part)) == 0) {
            moves += !same_bits(before->copy[i], neap_model_tensor(model, i));
            count++;
        }
    ck_assert_msg(count > 0 && (moves == 0 || moves == count), "%s: %d of %d moved", part, moves, count);
    return moves > 0;
}

#endif
