/* The objective flow_matching, as seen by a network that writes down what it is shown. */
#include "../core/moments.h"
#include "run_test.h"

enum { BATCH = 4096, SIZE = 6, CLASSES = 4 };

/* What the last call of the velocity got. */
static struct {
    neap_tensor *x, *t, *labels;
} shown;

typedef struct probe_config {
    int64_t classes;
} probe_config;

static void *probe_build(const void *config, neap_model *model)
{
    (void)model; /* nothing is trained here */
    probe_config *own = neap_calloc(1, sizeof *own);
    if (own)
        *own = *(const probe_config *)config;
    return own;
}

static neap_spec probe_spec(const void *self)
{
    return (neap_spec){2, 3, 1, ((const probe_config *)self)->classes};
}

static neap_tensor *probe_velocity(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    (void)self;
    shown.x = x;
    shown.t = t;
    shown.labels = labels;
    return neap_affine(x, 1, 0);
}

static const neap_architecture functions = {.size = sizeof functions, .build = probe_build, .destroy = neap_free,
                                            .spec = probe_spec, .velocity = probe_velocity};
static const neap_param params[] = {
    NEAP_INT(probe_config, classes, CLASSES, 0, 100, "Classes."),
    NEAP_PARAMS_END,
};
static const neap_component components[] = {
    {"architecture/1", "probe", "Notes what it is shown, answers with x.", sizeof(probe_config), params, &functions},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_objectives(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

static neap_step step_of(int64_t number)
{
    neap_tensor *labels = neap_empty(NEAP_I32, neap_dims(BATCH));
    for (int i = 0; i < BATCH; i++)
        ((int32_t *)neap_data(labels))[i] = i % CLASSES;
    return (neap_step){.x = neap_rand((neap_random){5, 6}, 0, neap_dims(BATCH, 2, 3, 1)), .labels = labels,
                       .random = neap_random_at((neap_random){1, 2}, (uint64_t)number), .number = number};
}

static double loss_of(neap_network *network, const char *dropout, neap_step *step)
{
    neap_instance *instance = COMPONENT("objective", "flow_matching", "label_dropout", dropout);
    const neap_objective *objective = neap_instance_component(instance)->functions;
    double loss = neap_item(objective->loss(neap_instance_config(instance), 0, network, step));
    ck_assert_msg(!neap_failed(), "%s", neap_error_message());
    neap_instance_release(instance);
    return loss;
}

/* x_t = (1 - t) x + t z with normal z and uniform t. */
START_TEST(what_is_shown)
{
    static double z[BATCH * SIZE], t[BATCH];
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    neap_step step = step_of(1);
    int count = 0;
    loss_of(network, "0", &step);
    for (int i = 0; i < BATCH * SIZE; i++) {
        const double x = (double)floats(step.x)[i], xt = (double)floats(shown.x)[i];
        t[i / SIZE] = (double)floats(shown.t)[i / SIZE];
        if (t[i / SIZE] < 0.1) /* where x_t tells little of z */
            continue;
        z[count++] = (xt - (1 - t[i / SIZE]) * x) / t[i / SIZE];
    }
    check_moments("t", t, BATCH, 0.5, 1.0 / 12, 1.0 / 80);
    check_moments("z", z, count, 0, 1, 3);
    ck_assert_int_gt(count, BATCH * SIZE * 85 / 100);
    neap_network_free(network);
}
END_TEST

/* The answer, which is x_t, is held against z - x. One picture a step; near t = 0 its z cannot be told. */
START_TEST(what_is_learned)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "0");
    for (int number = 1; number <= 20; number++) {
        neap_step step = step_of(number);
        step.x = neap_slice(step.x, 0, 0, 1);
        const double loss = loss_of(network, "0", &step), t = (double)floats(shown.t)[0];
        double expected = 0;
        for (int i = 0; i < SIZE; i++) {
            const double x = (double)floats(step.x)[i], xt = (double)floats(shown.x)[i], z = (xt - (1 - t) * x) / t;
            expected += (xt - z + x) * (xt - z + x) / SIZE;
        }
        ck_assert_msg(t < 0.05 || fabs(loss - expected) < 1e-4 * fmax(1, expected), "step %d: %g, expected %g", number,
                      loss, expected);
    }
    neap_network_free(network);
}
END_TEST

START_TEST(random_by_step)
{
    neap_network *network = TRY_NETWORK("probe", "classes", "4");
    neap_tensor *x, *t, *labels;
    neap_step step = step_of(1);
    loss_of(network, "0.5", &step);
    x = shown.x, t = shown.t, labels = shown.labels;
    step = step_of(1);
    loss_of(network, "0.5", &step);
    ck_assert(same_bits(x, shown.x) && same_bits(t, shown.t) && same_bits(labels, shown.labels));
    step = step_of(2);
    loss_of(network, "0.5", &step);
    ck_assert(!same_bits(x, shown.x) && !same_bits(t, shown.t) && !same_bits(labels, shown.labels));
    neap_network_free(network);
}
END_TEST

/* The share of labels that became the null class; the rest must be as they were. */
static double dropped_share(neap_network *network, const char *dropout)
{
    neap_step step = step_of(1);
    loss_of(network, dropout, &step);
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
    neap_network_free(network);
}
END_TEST

START_TEST(without_labels)
{
    neap_network *conditional = TRY_NETWORK("probe", "classes", "4"), *plain = TRY_NETWORK("probe", "classes", "0");
    neap_step step = step_of(1);
    loss_of(plain, "0.5", &step);
    ck_assert_ptr_null(shown.labels);
    step.labels = NULL;
    loss_of(conditional, "0.5", &step);
    ck_assert(same_bits(shown.labels, neap_full(NEAP_I32, neap_dims(BATCH), CLASSES)));
    neap_network_free(conditional);
    neap_network_free(plain);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("objective", open_objectives, run_close, what_is_shown, what_is_learned, random_by_step,
                          labels_are_dropped, without_labels);
}
