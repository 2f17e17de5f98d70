/* What AdamW refuses: steps that would spoil the parameters change nothing, and the message says why. */
#include <stdio.h>

#include "optim_test.h"

/* Everything that a step may change, one after the other. */
static double *snapshot(neap_optimizer *o, size_t *bytes)
{
    const char *const *names;
    neap_tensor *const *state;
    const int states = neap_optimizer_state(o, &names, &state), count = neap_optimizer_count(o);
    double *all = room(1000), *at = all;
    for (int i = 0; i < states + count; i++) {
        neap_tensor *x = i < states ? state[i] : neap_optimizer_parameter(o, i - states);
        memcpy(at, values(x), (size_t)neap_size(x) * sizeof *at);
        at += neap_size(x);
    }
    *bytes = (size_t)(at - all) * sizeof *at;
    return all;
}

static void refuses_scaled(neap_optimizer *o, neap_tensor *const *g, int64_t step, double scale, const char *message)
{
    double norm;
    size_t bytes;
    const double *before = snapshot(o, &bytes);
    ck_assert_int_eq(neap_optimizer_step(o, g, step, scale, &norm), -1);
    check_message(message);
    ck_assert_msg(memcmp(before, snapshot(o, &bytes), bytes) == 0, "something changed: %s", message);
}

static void refuses(neap_optimizer *o, neap_tensor *const *g, int64_t step, const char *message)
{
    refuses_scaled(o, g, step, 1, message);
}

/* In any of the parameters, the last one included, after a step that moved everything. */
START_TEST(test_not_finite)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    neap_optimizer *o = make("", &full);
    neap_tensor *g[MOST];
    random_gradients(o, g);
    take_step(o, g, 1);
    for (int i = 0; i < 3 * MOST; i++) {
        char message[128];
        random_gradients(o, g);
        ((float *)neap_data(g[i / 3]))[neap_size(g[i / 3]) - 1] = (float)bad[i % 3];
        snprintf(message, sizeof message, "the gradient of '%s' is not finite", neap_model_name(model, i / 3));
        refuses(o, g, 2, message);
    }
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_steps_that_do_not_fit)
{
    neap_optimizer *o = make("generator", &full);
    neap_tensor *g[MOST];
    random_gradients(o, g);
    neap_tensor *turned = neap_permute(neap_zeros(NEAP_F32, neap_dims(7, 3)), (int[]){1, 0});
    refuses(o, (neap_tensor *[]){g[1], g[1]}, 1, "the gradient of 'generator.weight': expected f32 [3, 7], got f32 [7]");
    refuses(o, (neap_tensor *[]){g[0], neap_cast(g[1], NEAP_F64)}, 1,
            "the gradient of 'generator.bias': expected f32 [7], got f64 [7]");
    refuses(o, (neap_tensor *[]){turned, g[1]}, 1,
            "tensor: expected adjacent elements, got a strided view (neap_contiguous makes a copy)");
    refuses(o, (neap_tensor *[]){g[0], NULL}, 1, "the gradient of 'generator.bias' is missing");
    refuses(o, g, 0, "adamw: expected a step from 1 and a finite lr_scale, got 0 and 1");
    refuses(o, g, -3, "adamw: expected a step from 1 and a finite lr_scale, got -3 and 1");
    refuses_scaled(o, g, 1, NAN, "adamw: expected a step from 1 and a finite lr_scale, got 1 and nan");
    refuses_scaled(o, g, 1, INFINITY, "adamw: expected a step from 1 and a finite lr_scale, got 1 and inf");
    neap_optimizer_free(o);
}
END_TEST

START_TEST(test_bad_configs)
{
    static const struct {
        neap_optimizer_config config;
        const char *message;
    } bad[] = {
        {{.lr = 0, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, "adamw: lr: expected a number above 0, got 0"},
        {{.lr = -1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, "adamw: lr: expected a number above 0, got -1"},
        {{.lr = NAN, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, "adamw: lr: expected a number above 0, got nan"},
        {{.lr = INFINITY, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}, "adamw: lr: expected a number above 0, got inf"},
        {{.lr = 1, .beta1 = 1, .beta2 = 0.999, .eps = 1e-8}, "adamw: beta1: expected a number from 0 and below 1, got 1"},
        {{.lr = 1, .beta1 = -0.1, .beta2 = 0.999, .eps = 1e-8}, "adamw: beta1: expected a number from 0 and below 1, got -0.1"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 1, .eps = 1e-8}, "adamw: beta2: expected a number from 0 and below 1, got 1"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 0}, "adamw: eps: expected a number above 0, got 0"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = INFINITY}, "adamw: eps: expected a number above 0, got inf"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = -0.5}, "adamw: weight_decay: expected a number from 0, got -0.5"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = INFINITY}, "adamw: weight_decay: expected a number from 0, got inf"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .clip = -2}, "adamw: clip: expected a number from 0, got -2"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .ema = 1}, "adamw: ema: expected a number from 0 and below 1, got 1"},
        {{.lr = 1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .ema = -0.1}, "adamw: ema: expected a number from 0 and below 1, got -0.1"},
        {{.kind = NEAP_SGD, .lr = -1}, "sgd: lr: expected a number above 0, got -1"},
        {{.kind = NEAP_SGD, .lr = 1, .momentum = 1}, "sgd: momentum: expected a number from 0 and below 1, got 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_ptr_null(neap_optimizer_new(model, "", &bad[i].config));
        check_message(bad[i].message);
    }
}
END_TEST

static bool build_and_step(void *user)
{
    double norm;
    neap_optimizer *o = neap_optimizer_new(model, "", &full);
    const bool whole = o && neap_optimizer_step(o, user, 1, 1, &norm) == 0;
    neap_optimizer_free(o);
    return whole;
}

START_TEST(test_every_allocation_may_fail)
{
    neap_tensor *g[MOST];
    neap_optimizer *o = make("", &plain);
    random_gradients(o, g);
    neap_optimizer_free(o);
    ck_assert_int_gt(refuse_each(build_and_step, g), 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim, errors");
    TCase *tcase = new_model_tcase(suite, "errors");
    tcase_add_test(tcase, test_not_finite);
    tcase_add_test(tcase, test_steps_that_do_not_fit);
    tcase_add_test(tcase, test_bad_configs);
    tcase_add_test(tcase, test_every_allocation_may_fail);
    return run_suite(suite);
}
