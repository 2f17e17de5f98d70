/* The objective flow_matching: what it passes to the network, by means of `probe`. */
#include "tests/core/base/moments.h"
#include "probe.h"

static double loss_of(neap_network *network, const char *dropout, neap_step *step)
{
    return objective_loss("flow_matching", SETTINGS("label_dropout", dropout), network, step);
}

/* x_t = (1 - t) x + t z with normal z and uniform t. */
START_TEST(inputs)
{
    static double z[BATCH * SIZE], t[BATCH];
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    int count = 0;
    loss_of(network, "0", step);
    for (int i = 0; i < BATCH * SIZE; i++) {
        const double x = (double)floats(step->x)[i], xt = (double)floats(shown.x)[i];
        t[i / SIZE] = (double)floats(shown.t)[i / SIZE];
        if (t[i / SIZE] < 0.1) /* x_t hardly depends on z */
            continue;
        z[count++] = (xt - (1 - t[i / SIZE]) * x) / t[i / SIZE];
    }
    check_moments("t", t, BATCH, 0.5, 1.0 / 12, 1.0 / 80);
    check_moments("z", z, count, 0, 1, 3);
    ck_assert_int_gt(count, BATCH * SIZE * 85 / 100);
    neap_network_release(network);
}
END_TEST

/* The network's output, x_t, is compared with z - x. One picture a step; near t = 0 x_t does not determine z. */
START_TEST(targets)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    for (int number = 1; number <= 20; number++) {
        neap_step *step = short_step_of(number, 1);
        const double loss = loss_of(network, "0", step), t = (double)floats(shown.t)[0];
        double expected = 0;
        for (int i = 0; i < SIZE; i++) {
            const double x = (double)floats(step->x)[i], xt = (double)floats(shown.x)[i], z = (xt - (1 - t) * x) / t;
            expected += (xt - z + x) * (xt - z + x) / SIZE;
        }
        ck_assert_msg(t < 0.05 || fabs(loss - expected) < 1e-4 * fmax(1, expected), "step %d: %g, expected %g", number,
                      loss, expected);
    }
    neap_network_release(network);
}
END_TEST

START_TEST(random_by_step)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "4");
    neap_tensor *x, *t, *labels;
    neap_step *step = step_of(1);
    loss_of(network, "0.5", step);
    x = shown.x, t = shown.t, labels = shown.labels;
    step = step_of(1);
    loss_of(network, "0.5", step);
    ck_assert(same_bits(x, shown.x) && same_bits(t, shown.t) && same_bits(labels, shown.labels));
    step = step_of(2);
    loss_of(network, "0.5", step);
    ck_assert(!same_bits(x, shown.x) && !same_bits(t, shown.t) && !same_bits(labels, shown.labels));
    neap_network_release(network);
}
END_TEST

/* The share of labels that became the null class; all others must be unchanged. */
static double dropped_share(neap_network *network, const char *dropout)
{
    neap_step *step = step_of(1);
    loss_of(network, dropout, step);
    const int32_t *labels = neap_data(shown.labels);
    int dropped = 0;
    for (int i = 0; i < BATCH; i++) {
        dropped += labels[i] == CLASSES;
        ck_assert(labels[i] == CLASSES || labels[i] == i % CLASSES);
    }
    return (double)dropped / BATCH;
}

START_TEST(labels_are_dropped)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "4");
    const double share = dropped_share(network, "0.1");
    ck_assert_msg(fabs(share - 0.1) < 5 * sqrt(0.1 * 0.9 / BATCH), "a share of %g was dropped", share);
    ck_assert(dropped_share(network, "0") == 0);
    ck_assert(dropped_share(network, "1") == 1);
    neap_network_release(network);
}
END_TEST

START_TEST(without_labels)
{
    neap_network *conditional = TRY_NETWORK("probe", "classes", "4"), *plain = TRY_NETWORK("probe", "classes", "0");
    neap_step *step = step_of(1);
    loss_of(plain, "0.5", step);
    ck_assert_ptr_null(shown.labels);
    step->condition = NULL;
    loss_of(conditional, "0.5", step);
    ck_assert(same_bits(shown.labels, neap_full(NEAP_I32, neap_dims(BATCH), CLASSES)));
    neap_network_release(conditional);
    neap_network_release(plain);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("objective", open_objectives, run_close, inputs, targets, random_by_step,
                          labels_are_dropped, without_labels);
}
