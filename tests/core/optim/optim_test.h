/* For tests of optimisers: a model of two parts, settings, gradients, steps. */
#ifndef NEAP_OPTIM_TEST_H
#define NEAP_OPTIM_TEST_H

#include "tests/core/ops/ops_test.h"

#include <neap/optim.h>

enum { MOST = 4 }; /* parameters */

#define PLAIN {.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}
#define FULL {.lr = 1e-2, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-4, .weight_decay = 0.1, .clip = 2, .ema = 0.9999}
static const neap_optimizer_config plain = PLAIN, full = FULL;

static neap_model *model;

static inline neap_tensor *add_parameter(neap_shape shape, const char *name)
{
    neap_tensor *x = neap_model_parameter(model, shape, (neap_init){NEAP_INIT_NORMAL, 1}, "%s", name);
    ck_assert_msg(x != NULL, "%s", neap_error_message());
    return x;
}

/* Two parts of two parameters each, one of which has no axes. */
static inline void open_model(void)
{
    open_test();
    model = neap_model_new(5);
    add_parameter(neap_dims(3, 7), "generator.weight");
    add_parameter(neap_dims(7), "generator.bias");
    add_parameter(neap_dims(2, 2, 2), "critic.weight");
    add_parameter((neap_shape){0}, "critic.scale");
}

static inline void close_model(void)
{
    neap_model_free(model);
    close_test();
}

static inline TCase *new_model_tcase(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, open_model, close_model);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static inline neap_optimizer *make(const char *prefix, const neap_optimizer_config *config)
{
    neap_optimizer *o = neap_optimizer_new(model, prefix, config);
    ck_assert_msg(o != NULL, "%s", neap_error_message());
    return o;
}

static inline void random_gradients(const neap_optimizer *o, neap_tensor **g)
{
    for (int i = 0; i < neap_optimizer_count(o); i++) {
        const neap_shape shape = neap_shape_of(neap_optimizer_parameter(o, i));
        g[i] = neap_reshape(random_tensor(neap_dims(neap_shape_size(shape)), -1, 1), shape);
    }
}

static inline void take_step(neap_optimizer *o, neap_tensor *const *g, int64_t step)
{
    double norm;
    ck_assert_msg(neap_optimizer_step(o, g, step, 1, &norm) == 0, "%s", neap_error_message());
}

#endif
