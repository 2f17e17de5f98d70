/*
 * A small diffusion transformer against PyTorch: its velocity, its loss, the gradient of every parameter, and ten steps
 * of AdamW. golden_dit.py says what the file holds.
 */
#include <neap/run.h>

#include "golden.h"

extern const neap_plugin neap_plugin_dit;

/*
 * Shares of a tensor's largest element. Every element passed some 20 ops on its way forward, as many on its way back,
 * and in training all of it again in each step; each op rounds to 2^-24 = 6e-8, in another order on each instruction
 * set, and the errors add up at random: sqrt(20) 6e-8 = 3e-7, and sqrt(400) 6e-8 = 1e-6. In bf16 the ten or so products
 * round their operands to 2^-9: sqrt(20) 2e-3 = 9e-3. Some three times that is allowed.
 */
#define VALUES 1e-6
#define GRADIENTS 4e-6
#define BF16 3e-2

enum { MOST_PARAMETERS = 64 };

static neap_network *network; /* of the test that runs */

/* --- The network of the file -------------------------------------------------------------------------------------- */

static double setting(const char *prefix, const char *name)
{
    return neap_item(golden(prefix, name));
}

static neap_instance *architecture(void)
{
    if (neap_registry_count("architecture") == 0)
        ck_assert_int_eq(neap_registry_add(&neap_plugin_dit, NULL), 0);
    const neap_component *component = neap_registry_find("architecture", "dit");
    neap_instance *instance = neap_instance_new(component);
    ck_assert_ptr_nonnull(instance);
    for (const neap_param *p = component->params; p->type != NEAP_PARAM_END; p++)
        if (golden_try("config.%s", p->name)) {
            const neap_value value = {.type = NEAP_PARAM_REAL, .real = setting("config.", p->name)};
            ck_assert_msg(neap_instance_set(instance, p->name, &value) == 0, "%s", neap_error_message());
        }
    return instance;
}

static void open_network(void)
{
    open_test();
    neap_instance *instance = architecture();
    network = neap_network_new(instance, 0);
    neap_instance_release(instance);
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    const neap_model *model = neap_network_model(network);
    for (int i = 0; i < neap_model_count(model); i++) {
        neap_tensor *weight = golden("weight.", neap_model_name(model, i)), *parameter = neap_model_tensor(model, i);
        ck_assert(neap_shape_equal(neap_shape_of(weight), neap_shape_of(parameter)));
        ck_assert_int_eq(neap_write(parameter, NEAP_F32, neap_data(weight)), 0);
    }
}

static void close_network(void)
{
    neap_network_release(network);
    close_test();
}

/* --- Comparisons -------------------------------------------------------------------------------------------------- */

static void check_share(const char *what, neap_tensor *y, neap_tensor *expected, double tolerance)
{
    ck_assert_msg(y != NULL, "%s: %s", what, neap_error_message());
    ck_assert_msg(neap_shape_equal(neap_shape_of(y), neap_shape_of(expected)), "%s: another shape", what);
    const double *v = values(y), *e = values(expected);
    double most = 0;
    for (int64_t i = 0; i < neap_size(y); i++)
        most = fmax(most, fabs(e[i]));
    for (int64_t i = 0; i < neap_size(y); i++)
        ck_assert_msg(fabs(v[i] - e[i]) <= tolerance * most, "%s: element %lld: expected %.9g, got %.9g (largest %.3g)",
                      what, (long long)i, e[i], v[i], most);
}

/* --- Values and gradients ----------------------------------------------------------------------------------------- */

static neap_condition *labelled(neap_tensor *labels)
{
    return neap_condition_with(neap_condition_new(neap_size(labels)), NEAP_LABELS, labels);
}

/* mean (f(x_t, t) - v)^2 with x_t = (1 - t) x + t z and v = z - x. */
static neap_tensor *flow_loss(neap_tensor *x, neap_tensor *z, neap_tensor *t, neap_tensor *labels)
{
    neap_tensor *v = neap_sub(z, x);
    neap_tensor *xt = neap_add(x, neap_mul(neap_reshape(t, neap_dims(-1, 1, 1, 1)), v));
    return neap_mse(neap_network_velocity(network, xt, t, labelled(labels)), v);
}

static void gradients_of(neap_tensor *loss, neap_tensor **gradient)
{
    const neap_model *model = neap_network_model(network);
    neap_tensor *parameter[MOST_PARAMETERS];
    const int count = neap_model_count(model);
    ck_assert_int_le(count, MOST_PARAMETERS);
    for (int i = 0; i < count; i++)
        parameter[i] = neap_model_tensor(model, i);
    ck_assert_msg(neap_gradients(loss, NULL, parameter, count, 0, gradient) == 0, "%s", neap_error_message());
}

static const struct precision {
    neap_dtype dtype;
    double values, gradients;
} precisions[] = {{NEAP_F32, VALUES, GRADIENTS}, {NEAP_BF16, BF16, BF16}};

START_TEST(test_values_and_gradients)
{
    const struct precision *p = &precisions[_i];
    const neap_model *model = neap_network_model(network);
    neap_tensor *x = golden("", "x"), *t = golden("", "t"), *labels = golden("", "labels"), *gradient[MOST_PARAMETERS];
    neap_precision_set(p->dtype);
    check_share("velocity", neap_network_velocity(network, x, t, labelled(labels)), golden("", "velocity"), p->values);
    neap_tensor *loss = flow_loss(x, golden("", "z"), t, labels);
    check_share("loss", loss, golden("", "loss"), p->values);
    gradients_of(loss, gradient);
    for (int i = 0; i < neap_model_count(model); i++) {
        const char *name = neap_model_name(model, i);
        check_share(name, gradient[i], golden("grad.", name), p->gradients);
    }
    neap_precision_set(NEAP_F32);
}
END_TEST

/* The file has a weight for each parameter and none besides. */
START_TEST(test_names)
{
    int weights = 0;
    for (int i = 0; i < neap_safetensors_count(golden_file); i++)
        weights += strncmp(neap_safetensors_name(golden_file, i), "weight.", 7) == 0;
    ck_assert_int_eq(weights, neap_model_count(neap_network_model(network)));
}
END_TEST

/* --- Training ----------------------------------------------------------------------------------------------------- */

/* Part `step` of what the file holds for all steps. */
static neap_tensor *of_step(const char *name, int64_t step)
{
    neap_tensor *all = golden("train.", name);
    neap_shape shape = neap_shape_of(all);
    memmove(shape.dim, shape.dim + 1, (size_t)--shape.rank * sizeof *shape.dim);
    return neap_reshape(neap_slice(all, 0, step, step + 1), shape);
}

static neap_optimizer_config adamw(void)
{
    return (neap_optimizer_config){.lr = setting("adamw.", "lr"), .beta1 = setting("adamw.", "beta1"),
                               .beta2 = setting("adamw.", "beta2"), .eps = setting("adamw.", "eps"),
                               .weight_decay = setting("adamw.", "weight_decay"), .clip = setting("adamw.", "clip"),
                               .ema = setting("adamw.", "ema")};
}

/* One step; whether its gradients were clipped. */
static bool train_step(neap_optimizer *optimizer, int64_t step, double most)
{
    const neap_scope scope = neap_scope_open();
    neap_tensor *gradient[MOST_PARAMETERS];
    double norm = 0;
    neap_tensor *loss = flow_loss(of_step("x", step), of_step("z", step), of_step("t", step), of_step("labels", step));
    check_share("loss", loss, of_step("loss", step), GRADIENTS);
    gradients_of(loss, gradient);
    const double lr_scale = neap_item(of_step("lr_scale", step));
    ck_assert_int_eq(neap_optimizer_step(optimizer, gradient, step + 1, lr_scale, &norm), 0);
    check_share("norm", neap_full(NEAP_F64, (neap_shape){0}, norm), of_step("norm", step), GRADIENTS);
    neap_scope_close(scope);
    return norm > most;
}

START_TEST(test_training)
{
    const neap_model *model = neap_network_model(network);
    const neap_optimizer_config config = adamw();
    neap_optimizer *optimizer = neap_optimizer_new(neap_network_model(network), "", &config);
    ck_assert_msg(optimizer != NULL, "%s", neap_error_message());
    const int64_t steps = neap_size(golden("train.", "loss"));
    int64_t clipped = 0;
    for (int64_t step = 0; step < steps; step++)
        clipped += train_step(optimizer, step, config.clip);
    ck_assert(steps == 10 && clipped > 0 && clipped < steps);
    for (int i = 0; i < neap_model_count(model); i++)
        check_share(neap_model_name(model, i), neap_model_tensor(model, i), golden("final.", neap_model_name(model, i)),
                    GRADIENTS);
    const char *const *name;
    neap_tensor *const *state;
    const int states = neap_optimizer_state(optimizer, &name, &state);
    ck_assert_int_eq(states, 3 * neap_model_count(model));
    for (int i = 0; i < states; i++)
        check_share(name[i], state[i], golden("", name[i]), GRADIENTS);
    neap_optimizer_free(optimizer);
}
END_TEST

int main(void)
{
    if (!golden_open("dit.safetensors"))
        return EXIT_FAILURE;
    Suite *suite = suite_create("golden dit");
    TCase *dit = tcase_create("dit");
    tcase_add_checked_fixture(dit, open_network, close_network);
    tcase_set_timeout(dit, 60);
    suite_add_tcase(suite, dit);
    tcase_add_test(dit, test_names);
    tcase_add_loop_test(dit, test_values_and_gradients, 0, sizeof precisions / sizeof *precisions);
    tcase_add_test(dit, test_training);
    return golden_run(suite);
}
