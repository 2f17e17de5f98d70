/* Models: parameters by name, and how they start. */
#include <stdio.h>

#include "tests/core/ops/ops_test.h"

#include <neap/nn.h>

#include "tests/core/base/moments.h"

static const neap_init zero = {NEAP_INIT_ZERO, 0}, one = {NEAP_INIT_ONE, 0}, normal = {NEAP_INIT_NORMAL, 0.02};

static neap_model *model;

static void open_model(void)
{
    open_test();
    model = neap_model_new(7);
    ck_assert_ptr_nonnull(model);
}

static void close_model(void)
{
    neap_model_free(model);
    close_test();
}

/* --- Names ------------------------------------------------------------------------------------------------------- */

/* Enough of them that the list grows twice. */
START_TEST(test_order_and_names)
{
    char name[64];
    neap_tensor *added[200];
    for (int i = 0; i < 200; i++) {
        added[i] = neap_model_parameter(model, neap_dims(i, 2), zero, "blocks.%d.%s", i, "weight");
        ck_assert_ptr_nonnull(added[i]);
    }
    ck_assert_int_eq(neap_model_count(model), 200);
    ck_assert_int_eq(neap_model_size(model), 199 * 200);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "blocks.%d.weight", i);
        ck_assert_str_eq(neap_model_name(model, i), name);
        ck_assert_ptr_eq(neap_model_tensor(model, i), added[i]);
        ck_assert_ptr_eq(neap_model_find(model, name), added[i]);
        ck_assert_int_eq(neap_dim(added[i], 0), i);
        ck_assert(neap_dtype_of(added[i]) == NEAP_F32 && neap_requires_grad(added[i]));
    }
}
END_TEST

START_TEST(test_what_is_not_there)
{
    neap_model_parameter(model, neap_dims(1), zero, "a");
    ck_assert_ptr_null(neap_model_find(model, "b"));
    ck_assert_ptr_null(neap_model_find(model, "a."));
    for (int i = -1; i < 2; i += 2) {
        ck_assert_ptr_null(neap_model_name(model, i));
        ck_assert_ptr_null(neap_model_tensor(model, i));
    }
    ck_assert_ptr_null(neap_model_parameter(NULL, neap_dims(1), zero, "a"));
    neap_model_free(NULL);
}
END_TEST

START_TEST(test_refused)
{
    char name[257];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    neap_tensor *a = neap_model_parameter(model, neap_dims(3), one, "a.weight");
    ck_assert_ptr_null(neap_model_parameter(model, neap_dims(4), one, "a.%s", "weight"));
    check_message("model: parameter 'a.weight' exists already");
    ck_assert_ptr_null(neap_model_parameter(model, neap_dims(1), one, "%s", name));
    check_message("model: expected a parameter name below 256 bytes, got 256");
    ck_assert_ptr_nonnull(neap_model_parameter(model, neap_dims(1), one, "%s", name + 1));
    ck_assert_ptr_null(neap_model_parameter(model, neap_dims(2, -1), one, "b"));
    check_message("tensor: expected at most 8 axes of sizes from 0, got [2, -1]");
    ck_assert_int_eq(neap_model_count(model), 2);
    ck_assert_ptr_eq(neap_model_find(model, "a.weight"), a);
    ck_assert_int_eq(neap_dim(a, 0), 3);
}
END_TEST

/* --- How they start ---------------------------------------------------------------------------------------------- */

/* Uniform in [-bound, bound], and reaching nearly that far. */
static void check_uniform(const char *what, neap_shape shape, neap_init init, double bound)
{
    neap_tensor *x = neap_model_parameter(model, shape, init, "%s", what);
    const double most = neap_item(neap_max(neap_abs(x), NULL, 0, false));
    check_moments(what, values(x), neap_size(x), 0, bound * bound / 3, pow(bound, 4) / 5);
    ck_assert_msg(most <= bound * (1 + 1e-6) && most > 0.999 * bound, "%s: up to %g, expected %g", what, most, bound);
}

/* What is within the limit is added, what is beyond it is not, whatever would be left. */
START_TEST(test_limit)
{
    neap_model_limit(model, 10);
    ck_assert_ptr_nonnull(neap_model_parameter(model, neap_dims(2, 3), one, "a"));
    ck_assert_ptr_null(neap_model_parameter(model, neap_dims(5), one, "b"));
    check_message("model: expected at most 10 elements in all, got more at 'b'");
    ck_assert_ptr_null(neap_model_parameter(model, neap_dims(INT64_C(1) << 40), one, "c"));
    check_message("model: expected at most 10 elements in all, got more at 'c'");
    ck_assert_ptr_nonnull(neap_model_parameter(model, neap_dims(4), one, "d"));
    ck_assert_int_eq(neap_model_size(model), 10);
}
END_TEST

START_TEST(test_constants)
{
    check_values("zero", neap_model_parameter(model, neap_dims(2, 3), zero, "zero"), neap_dims(2, 3), room(6), 0);
    const double ones[] = {1, 1, 1};
    check_values("one", neap_model_parameter(model, neap_dims(3), one, "one"), neap_dims(3), ones, 0);
    ck_assert_double_eq(neap_item(neap_model_parameter(model, (neap_shape){0}, one, "scalar")), 1);
}
END_TEST

START_TEST(test_moments)
{
    const neap_init uniform_init = {NEAP_INIT_UNIFORM, 0.3}, xavier = {NEAP_INIT_XAVIER_UNIFORM, 0};
    const neap_init kaiming = {NEAP_INIT_KAIMING_UNIFORM, 0.5};
    neap_tensor *x = neap_model_parameter(model, neap_dims(400, 500), normal, "normal");
    check_moments("normal", values(x), neap_size(x), 0, 4e-4, 3 * 16e-8);
    check_uniform("uniform", neap_dims(400, 500), uniform_init, 0.3);
    check_uniform("xavier", neap_dims(400, 500), xavier, sqrt(6.0 / 900));
    check_uniform("xavier of a window", neap_dims(40, 3, 5, 50), xavier, sqrt(6.0 / (15 * 90)));
    check_uniform("kaiming", neap_dims(400, 500), kaiming, 0.5 * sqrt(6.0 / 500));
    check_uniform("kaiming of a window", neap_dims(40, 50, 3, 5), kaiming, 0.5 * sqrt(6.0 / (15 * 50)));
}
END_TEST

static bool same(const neap_model *a, const neap_model *b, const char *name)
{
    const double *x = values(neap_model_find(a, name)), *y = values(neap_model_find(b, name));
    return memcmp(x, y, 60 * sizeof *x) == 0;
}

/* A start is a function of seed and name: neither order nor company matters. */
START_TEST(test_streams_by_name)
{
    const neap_init kinds[] = {normal, {NEAP_INIT_UNIFORM, 1}, {NEAP_INIT_XAVIER_UNIFORM, 0}};
    neap_model *other = neap_model_new(7), *third = neap_model_new(8);
    for (int i = 0; i < 3; i++) {
        neap_model_parameter(model, neap_dims(6, 10), kinds[i], "layer.%d", i);
        neap_model_parameter(third, neap_dims(6, 10), kinds[i], "layer.%d", i);
    }
    for (int i = 2; i >= 0; i--) {
        neap_model_parameter(other, neap_dims(9), kinds[i], "between.%d", i);
        neap_model_parameter(other, neap_dims(6, 10), kinds[i], "layer.%d", i);
    }
    for (int i = 0; i < 3; i++) {
        const char *name = neap_model_name(model, i);
        ck_assert_msg(same(model, other, name), "%s depends on its company", name);
        ck_assert_msg(!same(model, third, name), "%s does not depend on the seed", name);
    }
    neap_model_parameter(model, neap_dims(6, 10), normal, "layer.3");
    ck_assert(memcmp(values(neap_model_find(model, "layer.0")), values(neap_model_find(model, "layer.3")),
                     60 * sizeof(double)) != 0);
    neap_model_free(other);
    neap_model_free(third);
}
END_TEST

/* --- Memory that runs out ---------------------------------------------------------------------------------------- */

static bool build(void *user)
{
    neap_linear_layer layer;
    neap_model *built = neap_model_new(1);
    (void)user;
    bool whole = built && neap_linear_make(&layer, built, 3, 4, normal, "layer") == 0 &&
                 neap_model_parameter(built, neap_dims(5), (neap_init){NEAP_INIT_UNIFORM, 1}, "more");
    neap_model_free(built);
    return whole;
}

START_TEST(test_every_allocation_may_fail)
{
    ck_assert_int_gt(refuse_each(build, NULL), 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("model");
    tcase_add_checked_fixture(tcase, open_model, close_model);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_order_and_names);
    tcase_add_test(tcase, test_what_is_not_there);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_limit);
    tcase_add_test(tcase, test_constants);
    tcase_add_test(tcase, test_moments);
    tcase_add_test(tcase, test_streams_by_name);
    tcase_add_test(tcase, test_every_allocation_may_fail);
    return run_suite(suite);
}
