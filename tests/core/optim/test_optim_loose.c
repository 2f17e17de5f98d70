/* Optimisers of loose tensors, and settings that change between steps. */
#include "optim_test.h"

static const neap_optimizer_config descent = {.kind = NEAP_SGD, .lr = 0.5};

static neap_tensor *leaf(neap_shape shape, double value)
{
    neap_tensor *x = neap_full(NEAP_F32, shape, value);
    ck_assert_int_eq(neap_require_grad(x, true), 0);
    return x;
}

static neap_optimizer *make_of(neap_tensor *x, const neap_optimizer_config *config)
{
    char name[] = "x";
    neap_optimizer *o = neap_optimizer_new_of((const char *const[]){name}, &x, 1, config);
    name[0] = '?'; /* names are copied */
    ck_assert_msg(o != NULL, "%s", neap_error_message());
    return o;
}

static double first(const neap_optimizer *o)
{
    return (double)((float *)neap_data(neap_optimizer_parameter(o, 0)))[0];
}

START_TEST(test_outlives_scope_and_names)
{
    const char *const *names;
    neap_tensor *const *state;
    neap_optimizer_config config = plain;
    neap_scope scope = neap_scope_open();
    neap_optimizer *o = make_of(leaf(neap_dims(3), 2), &config);
    neap_scope_close(scope);
    ck_assert_int_eq(neap_optimizer_count(o), 1);
    ck_assert(first(o) == 2);
    ck_assert_int_eq(neap_optimizer_state(o, &names, &state), 2);
    ck_assert_str_eq(names[0], "moment1.x");
    neap_tensor *g = neap_full(NEAP_F32, neap_dims(3), 1);
    take_step(o, &g, 1);
    ck_assert(first(o) < 2);
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_configure)
{
    neap_optimizer *o = make_of(leaf(neap_dims(1), 4), &descent);
    neap_tensor *g = neap_full(NEAP_F32, neap_dims(1), 1);
    neap_optimizer_config now = descent;
    take_step(o, &g, 1);
    ck_assert(first(o) == 3.5);
    now.lr = 2;
    ck_assert_int_eq(neap_optimizer_configure(o, &now), 0);
    take_step(o, &g, 2);
    ck_assert(first(o) == 1.5);
    now.lr = 0; /* as schedules end */
    ck_assert_int_eq(neap_optimizer_configure(o, &now), 0);
    take_step(o, &g, 3);
    ck_assert(first(o) == 1.5);
    neap_optimizer_free(o);
}
END_TEST

/* The settings stay as they were. */
static void refuses_config(neap_optimizer *o, neap_optimizer_config config, const char *message)
{
    const double before = first(o);
    neap_tensor *g = neap_full(NEAP_F32, neap_dims(1), 1);
    ck_assert_int_eq(neap_optimizer_configure(o, &config), -1);
    check_message(message);
    take_step(o, &g, 1);
    ck_assert(first(o) == before - 0.5);
}

START_TEST(test_refused_settings)
{
    neap_optimizer *o = make_of(leaf(neap_dims(1), 4), &descent);
    refuses_config(o, (neap_optimizer_config){.kind = NEAP_SGD, .lr = -1}, "sgd: lr: expected a number above 0, got -1");
    refuses_config(o, (neap_optimizer_config){.kind = NEAP_SGD, .lr = 1, .clip = -1}, "sgd: clip: expected a number from 0, got -1");
    refuses_config(o, plain, "sgd: kind: expected the one that it was made with, got adamw");
    refuses_config(o, (neap_optimizer_config){.kind = NEAP_SGD, .lr = 1, .momentum = 0.5},
                   "sgd: momentum: cannot begin or end, as it has a state: expected 0, got 0.5; make a new optimizer");
    refuses_config(o, (neap_optimizer_config){.kind = NEAP_SGD, .lr = 1, .ema = 0.5},
                   "sgd: ema: cannot begin or end, as it has a state: expected 0, got 0.5; make a new optimizer");
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_refused_tensors)
{
    neap_tensor *x = leaf(neap_dims(2, 3), 1), *turned = neap_permute(x, (int[]){1, 0});
    const struct {
        neap_tensor *second;
        const char *message;
    } bad[] = {
        {x, "sgd: 'b': shares its elements with 'a'"},
        {neap_zeros(NEAP_F32, neap_dims(2)), "sgd: 'b': expected a tensor that requires a gradient, as require_grad marks it"},
        {neap_zeros(NEAP_F64, neap_dims(2)), "sgd: 'b': expected contiguous f32, got f64"},
        {turned, "sgd: 'b': expected contiguous f32, got a strided view of f32"},
        {neap_add(x, x), "sgd: b: require_grad: expected a leaf, got the result of 'add'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_ptr_null(neap_optimizer_new_of((const char *const[]){"a", "b"}, (neap_tensor *[]){x, bad[i].second}, 2, &descent));
        check_message(bad[i].message);
    }
    ck_assert_ptr_null(neap_optimizer_new_of(NULL, NULL, 0, &descent));
    check_message("sgd: expected at least one parameter");
}
END_TEST

static bool build(void *user)
{
    neap_optimizer *o = neap_optimizer_new_of((const char *const[]){"x"}, user, 1, &full);
    neap_optimizer_free(o);
    return o != NULL;
}

START_TEST(test_every_allocation_may_fail)
{
    neap_tensor *x = leaf(neap_dims(5), 1);
    ck_assert_int_gt(refuse_each(build, &x), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim, loose tensors");
    TCase *tcase = new_model_tcase(suite, "loose");
    tcase_add_test(tcase, test_outlives_scope_and_names);
    tcase_add_test(tcase, test_configure);
    tcase_add_test(tcase, test_refused_settings);
    tcase_add_test(tcase, test_refused_tensors);
    tcase_add_test(tcase, test_every_allocation_may_fail);
    return run_suite(suite);
}
