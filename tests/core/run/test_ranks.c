/*
 * Ranks: trainers that hold parts of a global batch and meet in the mean of their gradients take the same step as one
 * trainer that holds all of it. Objectives draw by the row of the global batch, whichever rank holds it.
 */
#include "training.h"

enum { RANKS = 3, ROWS = 4, MOST_PARAMETERS = 64, MOST_PHASES = 4 };

/* Gradients of each rank and phase, as copies outside any scope. */
static struct meeting {
    neap_tensor *gradient[RANKS][MOST_PHASES][MOST_PARAMETERS];
    int rank, phase;
    int phases_seen; /* how many phases are known: the next one stops the step */
} meeting;

static int note(neap_tensor *const *gradients, int count)
{
    for (int i = 0; i < count; i++) {
        neap_tensor **slot = &meeting.gradient[meeting.rank][meeting.phase][i];
        neap_release(*slot);
        *slot = neap_keep(neap_affine(gradients[i], 1, 0));
    }
    return neap_fail("the gradients are noted");
}

static int put_mean(neap_tensor *const *gradients, int count)
{
    for (int i = 0; i < count; i++) {
        neap_tensor *sum = meeting.gradient[0][meeting.phase][i];
        for (int rank = 1; rank < RANKS; rank++)
            sum = neap_add(sum, meeting.gradient[rank][meeting.phase][i]);
        ck_succeeds(neap_write(gradients[i], NEAP_F32, neap_data(neap_affine(sum, 1.0 / RANKS, 0))));
    }
    return 0;
}

/* Phases whose gradients are known get their mean; the first that is not is noted and ends the step. */
static int exchange(void *user, neap_tensor *const *gradients, int count)
{
    (void)user;
    ck_assert_int_le(count, MOST_PARAMETERS);
    const int status = meeting.phase < meeting.phases_seen ? put_mean(gradients, count) : note(gradients, count);
    meeting.phase++;
    return status;
}

/* --- Runs of one or of several ranks ---------------------------------------------------------------------------------- */

typedef struct work {
    const char *architecture, *objective, *dataset;
    const char *const *settings[3]; /* of the three */
    int phases;
} work;

static training start(const work *w, const neap_trainer_config *config)
{
    training t = {.network = try_network(w->architecture, 1, w->settings[0])};
    ck_assert_msg(t.network != NULL, "%s", neap_error_message());
    shake(t.network);
    neap_instance *data = component_of("dataset", w->dataset, w->settings[2]);
    neap_instance *objective = component_of("objective", w->objective, w->settings[1]);
    t.source = neap_source_open(data);
    t.trainer = neap_trainer_new(t.network, t.source, objective, config);
    ck_assert_msg(t.trainer != NULL, "%s", neap_error_message());
    neap_instance_release(data);
    neap_instance_release(objective);
    return t;
}

static neap_trainer_config config_of(int rank)
{
    neap_trainer_config config = {.batch = RANKS * ROWS, .seed = 3, .optimizer = {.kind = NEAP_SGD, .lr = 0.1}};
    if (rank < 0)
        return config;
    config.batch = ROWS;
    config.first = rank * ROWS;
    config.global = RANKS * ROWS;
    config.exchange = exchange;
    return config;
}

/* Lets every rank note the gradients of the next phase, which no parameter moves for: the step fails there. */
static void note_phase(const training *t, const snapshot *before, int phase)
{
    neap_train_report report;
    for (int rank = 0; rank < RANKS; rank++) {
        meeting.rank = rank;
        meeting.phase = 0;
        ck_assert_int_eq(neap_trainer_step(t[rank].trainer, 1, 1, &report), -1);
        ck_assert_msg(strstr(neap_error_message(), "noted") != NULL, "%s", neap_error_message());
        neap_error_clear();
        restore(before, t[rank]);
    }
    meeting.phases_seen = phase + 1;
}

static void check_work(const work *w)
{
    const neap_trainer_config whole = config_of(-1);
    training one = start(w, &whole), ranks[RANKS];
    memset(&meeting, 0, sizeof meeting);
    for (int rank = 0; rank < RANKS; rank++) {
        const neap_trainer_config part = config_of(rank);
        ranks[rank] = start(w, &part);
    }
    const snapshot before = snapshot_of(one);
    for (int phase = 0; phase < w->phases; phase++)
        note_phase(ranks, &before, phase);
    take_step(one, 1);
    ck_assert_int_ge(first_change(&before, one), 0);
    for (int rank = 0; rank < RANKS; rank++) {
        meeting.phase = 0;
        take_step(ranks[rank], 1);
        for (int i = 0; changeable(one, i); i++) /* sums in another order: rounding alone */
            check_near(w->objective, changeable(ranks[rank], i), changeable(one, i), 2e-6);
        end_training(ranks[rank]);
    }
    end_training(one);
    for (int rank = 0; rank < RANKS; rank++)
        for (int phase = 0; phase < MOST_PHASES; phase++)
            for (int i = 0; i < MOST_PARAMETERS; i++)
                neap_release(meeting.gradient[rank][phase][i]);
}

START_TEST(flow_matching)
{
    check_work(&(work){"mlp", "flow_matching", "toy2d",
                       {SETTINGS("classes", "2", "hidden", "8"),
                        SETTINGS("stratified", "true", "label_dropout", "0.5", "times", "logit_normal"), SETTINGS(NULL)}, 1});
}
END_TEST

START_TEST(mean_flow)
{
    check_work(&(work){"mlp", "mean_flow", "toy2d", {SETTINGS("classes", "2", "hidden", "8", "interval", "true"),
                                                     SETTINGS("label_dropout", "0.5"), SETTINGS(NULL)}, 1});
}
END_TEST

START_TEST(classification)
{
    check_work(&(work){"vit", "classification", "shapes",
                       {SETTINGS("rows", "8", "columns", "8", "classes", "10", "width", "8", "depth", "1", "heads", "2"),
                        SETTINGS("flip", "true", "shift", "2"), SETTINGS("size", "8")}, 1});
}
END_TEST

START_TEST(adversarial)
{
    check_work(&(work){"gan", "adversarial", "shapes",
                       {SETTINGS("style", "mlp", "rows", "8", "columns", "8", "classes", "10", "width", "8", "latent", "4"),
                        SETTINGS("loss", "relativistic", "gradient_penalty", "1", "flip", "true", "shift", "1"),
                        SETTINGS("size", "8")}, 2});
}
END_TEST

START_TEST(rows_outside_the_global_batch_are_refused)
{
    neap_trainer_config config = config_of(0);
    config.first = RANKS * ROWS - 1;
    training t = start_training(TRY_NETWORK("mlp", "classes", "2"), COMPONENT("dataset", "toy2d", NULL), "flow_matching", &config);
    ck_assert_ptr_null(t.trainer);
    ck_assert_str_eq(neap_error_message(),
                     "train: rows: expected 4 rows from row 11 to lie in a global batch, got one of 12");
    neap_error_clear();
    end_training(t);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("ranks", run_open, run_close, flow_matching, mean_flow, classification, adversarial,
                          rows_outside_the_global_batch_are_refused);
}
