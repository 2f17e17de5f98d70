/* The objective classification: losses computed by hand, accuracies, and augmentation. */
#include "probe.h"

#define LABELS(...) neap_from(NEAP_I32, neap_dims(2), (const int32_t[]){__VA_ARGS__})

/* Two pictures whose first four pixels are the logits; the last two have no effect. */
static neap_step *two_pictures(neap_tensor *labels)
{
    const float l2 = (float)log(2), l3 = (float)log(3);
    const float pixels[2 * SIZE] = {0, l3, l2, l2, 9, -9, l2, 0, 0, l2, 7, 7};
    const neap_batch batch = {.x = neap_from(NEAP_F32, neap_dims(2, 2, 3, 1), pixels), .condition = labelled(labels)};
    return step_on(batch, (neap_random){1, 2}, 1);
}

static double loss_of(const char *smoothing, neap_step *step)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "4");
    const double loss = objective_loss("classification", SETTINGS("label_smoothing", smoothing), network, step);
    neap_network_release(network);
    return loss;
}

static double accuracy_of(const neap_step *step)
{
    const neap_reported *report;
    ck_assert_int_eq(neap_step_reports(step, &report), 1);
    ck_assert_str_eq(report->name, "accuracy");
    return report->value;
}

/* Probabilities of the classes: 1, 3, 2, 2 eighths, and 2, 1, 1, 2 sixths. With smoothing s, a target has 1 - s at
 * its label and s / 4 at each class. */
START_TEST(by_hand)
{
    const double eighths = log(8.0 / 1) + log(8.0 / 3) + 2 * log(8.0 / 2), sixths = 2 * log(6.0 / 2) + 2 * log(6.0 / 1);
    const double hard = (log(8.0 / 3) + log(6.0 / 1)) / 2, even = (eighths + sixths) / 8;
    const struct {
        const char *smoothing;
        double loss;
    } cases[] = {{"0", hard}, {"0.2", 0.8 * hard + 0.2 * even}, {"1", even}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_step *step = two_pictures(LABELS(1, 2));
        ck_assert_double_eq_tol(loss_of(cases[i].smoothing, step), cases[i].loss, 1e-6); /* f32 rounding near 1 */
        ck_assert_double_eq(accuracy_of(step), 0.5);
    }
}
END_TEST

/* Among equal logits the first is the prediction: class 0 in the second picture, not 3. */
START_TEST(accuracies)
{
    const struct {
        int32_t first, second;
        double expected;
    } cases[] = {{1, 0, 1}, {1, 3, 0.5}, {2, 0, 0.5}, {0, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_step *step = two_pictures(LABELS(cases[i].first, cases[i].second));
        loss_of("0", step);
        ck_assert_double_eq(accuracy_of(step), cases[i].expected);
    }
}
END_TEST

START_TEST(refusals)
{
    neap_network *probe = TRY_NETWORK("probe", "classes", "4"), *mlp = TRY_NETWORK("mlp", "hidden", "2");
    neap_step *without = two_pictures(NULL), *beyond = two_pictures(LABELS(1, 4));
    const neap_reported *reports;
    const char *const none[] = {NULL};
    ck_fails_with(isnan(try_loss("classification", none, probe, without)),
                  "classification: the data set has no labels");
    ck_fails_with(isnan(try_loss("classification", none, probe, beyond)),
                  "cross_entropy: label 1: expected 0 to 3, got 4");
    ck_assert_int_eq(neap_step_reports(beyond, &reports), 0);
    const neap_objective *functions = neap_registry_find("objective", "classification")->functions;
    ck_fails_with(neap_network_require(mlp, "classification", functions->needs),
                  "classification needs 'classify'; mlp offers 'velocity', 'average'");
    neap_network_release(probe);
    neap_network_release(mlp);
}
END_TEST

/* --- Augmentation ------------------------------------------------------------------------------------------------ */

enum { ROWS = 2, COLUMNS = 3 };

/* The pictures that the network gets in a step; picture i begins at SIZE * i. */
static neap_tensor *inputs_of(const char *flip, const char *shift, neap_step *step)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "4");
    objective_loss("classification", SETTINGS("flip", flip, "shift", shift), network, step);
    neap_network_release(network);
    return shown.x;
}

static bool shows(const float *got, const float *x, bool flip, int down, int right)
{
    for (int i = 0; i < SIZE; i++) {
        const int row = i / COLUMNS - down, column = i % COLUMNS - right;
        const bool inside = row >= 0 && row < ROWS && column >= 0 && column < COLUMNS;
        if (got[i] != (inside ? x[row * COLUMNS + (flip ? COLUMNS - 1 - column : column)] : -1.0f))
            return false;
    }
    return true;
}

START_TEST(plain_by_default)
{
    neap_step *step = step_of(1);
    ck_assert(same_bits(inputs_of("false", "0", step), step->x));
}
END_TEST

/* Counts pictures by flip and by shift from -reach to reach. Each must be one of these; pictures have distinct
 * pixels, and only -1 where all of them are moved out. */
static void count_augmentations(neap_tensor *got, neap_tensor *x, int reach, int counts[2][5][5])
{
    for (int i = 0; i < BATCH; i++) {
        int matches = 0;
        for (int k = 0; k < 2 * 25; k++) {
            const int down = k / 5 % 5 - 2, right = k % 5 - 2;
            if (abs(down) <= reach && abs(right) <= reach &&
                shows(floats(got) + SIZE * i, floats(x) + SIZE * i, k / 25, down, right)) {
                counts[k / 25][down + 2][right + 2]++;
                matches++;
            }
        }
        ck_assert_msg(matches >= 1, "picture %d is no augmentation of its original", i);
    }
}

/* Within six standard deviations of a share of BATCH pictures. */
static void check_share(const char *what, int count, double share)
{
    const double spread = 6 * sqrt(BATCH * share * (1 - share));
    ck_assert_msg(fabs(count - BATCH * share) <= spread, "%s: %d of %d, expected about %g", what, count, BATCH,
                  BATCH * share);
}

START_TEST(flips_half)
{
    int counts[2][5][5] = {{{0}}};
    neap_step *step = step_of(1);
    count_augmentations(inputs_of("true", "0", step), step->x, 0, counts);
    check_share("flipped", counts[1][2][2], 0.5);
    ck_assert_int_eq(counts[0][2][2] + counts[1][2][2], BATCH);
}
END_TEST

/* A shift by one pixel leaves pixels inside, so all shifts can be distinguished. */
START_TEST(moves_evenly)
{
    int counts[2][5][5] = {{{0}}};
    neap_step *step = step_of(1);
    count_augmentations(inputs_of("false", "1", step), step->x, 1, counts);
    for (int i = 0; i < 9; i++)
        check_share("moved", counts[0][i / 3 + 1][i % 3 + 1], 1.0 / 9);
}
END_TEST

START_TEST(both_and_far)
{
    int counts[2][5][5] = {{{0}}};
    neap_step *step = step_of(1);
    count_augmentations(inputs_of("true", "2", step), step->x, 2, counts);
    check_share("flipped and moved down and right by one", counts[1][3][3], 1.0 / 50);
    neap_tensor *gone = inputs_of("false", "1024", step);
    int empty = 0;
    for (int i = 0; i < BATCH * SIZE; i++)
        empty += floats(gone)[i] == -1.0f;
    ck_assert_int_gt(empty, BATCH * SIZE * 99 / 100);
}
END_TEST

START_TEST(random_by_step)
{
    neap_step *first = step_of(1), *again = step_of(1), *next = step_of(2);
    neap_tensor *a = inputs_of("true", "1", first), *b = inputs_of("true", "1", again);
    neap_tensor *c = inputs_of("true", "1", next);
    ck_assert(same_bits(first->x, next->x));
    ck_assert(same_bits(a, b));
    ck_assert(!same_bits(a, c));
}
END_TEST

/* Augmentation does not modify the batch, strided or not. */
START_TEST(batch_is_untouched)
{
    neap_step *step = step_of(1);
    neap_tensor *before = neap_affine(step->x, 1, 0);
    neap_tensor *plain = inputs_of("true", "1", step);
    ck_assert(same_bits(before, step->x));
    neap_tensor *wide[] = {step->x, step->x};
    step->x = neap_slice(neap_concat(wide, 2, 3), 3, 0, 1);
    ck_assert(same_bits(plain, inputs_of("true", "1", step)));
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("classification", open_objectives, run_close, by_hand, accuracies, refusals,
                          plain_by_default, flips_half, moves_evenly, both_and_far, random_by_step,
                          batch_is_untouched);
}
