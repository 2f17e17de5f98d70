/* Aids for wrong gradients: the tape as text, and the report of a gradient check. */
#include <neap/nn.h>

#include "tape_test.h"

static void dumps(neap_tensor *y, const char *expected)
{
    char *text = neap_tape_dump(y);
    ck_assert_msg(text != NULL, "%s", neap_error_message());
    ck_assert_str_eq(text, expected);
    neap_free(text);
}

/* The numbers count the nodes of this tape from the oldest, whatever was recorded before. */
START_TEST(test_dump)
{
    neap_tensor *x = random_tensor(neap_dims(4, 3), -1, 1), *w = leaf(neap_dims(2, 3)), *b = leaf(neap_dims(2));
    neap_exp(leaf(neap_dims(1)));
    ck_assert_int_eq(neap_tape_name(w, "head.weight"), 0);
    neap_tensor *h = neap_exp(neap_linear(x, w, b));
    neap_tensor *y = total(neap_layer_norm(neap_add(h, neap_cast(neap_cast(h, NEAP_F64), NEAP_F32)), 1e-3));
    dumps(y, "tape of f32 []: 7 ops, 2 leaves\n"
             "#9 f32 [] = sum(#8 f32 [4, 2])\n"
             "#8 f32 [4, 2] = layer_norm(#7 f32 [4, 2] saved); statistics f32 [4] saved; statistics f32 [4] saved\n"
             "#7 f32 [4, 2] = add(#4 f32 [4, 2], #6 f32 [4, 2])\n"
             "#6 f32 [4, 2] = cast(#5 f64 [4, 2])\n"
             "#5 f64 [4, 2] = cast(#4 f32 [4, 2])\n"
             "#4 f32 [4, 2] saved = exp(#3 f32 [4, 2])\n"
             "#3 f32 [4, 2] = linear(constant f32 [4, 3] saved, leaf 'head.weight' f32 [2, 3] saved, leaf #2 f32 [2])\n");
}
END_TEST

START_TEST(test_dump_after_a_pass)
{
    neap_tensor *x = leaf(neap_dims(2)), *y = total(neap_square(x));
    const char *whole = "tape of f32 []: 2 ops, 1 leaf\n#3 f32 [] = sum(#2 f32 [2])\n#2 f32 [2] = square(leaf #1 f32 [2] saved)\n";
    dumps(y, whole);
    ck_assert_int_eq(neap_backward(y, NULL, NEAP_KEEP_GRAPH), 0);
    dumps(y, whole);
    ck_assert_int_eq(neap_backward(y, NULL, 0), 0);
    dumps(y, "tape of f32 []: 2 ops, 1 leaf\n#3 = sum(#2); released by a backward pass\n"
             "#2 = square(leaf #1); released by a backward pass\n");
    dumps(x, "tape of f32 [2]: 0 ops, 1 leaf\n");
}
END_TEST

START_TEST(test_nothing_to_dump)
{
    check_failure(neap_tape_dump(NULL), "dump: expected a tensor made from one that requires a gradient, got NULL");
    check_failure(neap_tape_dump(neap_zeros(NEAP_F32, neap_dims(1))), "requires a gradient, got one without a tape");
    check_failure(neap_tape_dump(neap_detach(neap_exp(leaf(neap_dims(1))))), "got one without a tape");
}
END_TEST

/* A long chain is listed without recursion, and every allocation may fail. */
static bool dump(void *y)
{
    char *text = neap_tape_dump(y);
    const bool done = text != NULL;
    neap_free(text);
    return done;
}

START_TEST(test_long_dump)
{
    neap_tensor *x = leaf(neap_dims(1)), *y = x;
    for (int i = 0; i < 20000; i++)
        y = neap_affine(y, 1, 0);
    char *text = neap_tape_dump(y), *line = text;
    int lines = 0;
    ck_assert_ptr_nonnull(text);
    for (; (line = strchr(line, '\n')); line++)
        lines++;
    ck_assert_int_eq(lines, 20001);
    neap_free(text);
    ck_assert_int_gt(refuse_each(dump, y), 5);
}
END_TEST

START_TEST(test_names)
{
    neap_tensor *x = leaf(neap_dims(1));
    ck_assert_int_eq(neap_tape_name(x, "first"), 0);
    ck_assert_int_eq(neap_tape_name(x, "second"), 0);
    dumps(neap_neg(x), "tape of f32 [1]: 1 op, 1 leaf\n#2 f32 [1] = neg(leaf 'second' f32 [1])\n");
    ck_assert_int_eq(neap_tape_name(x, NULL), 0);
    dumps(neap_neg(x), "tape of f32 [1]: 1 op, 1 leaf\n#2 f32 [1] = neg(leaf #1 f32 [1])\n");
    fails_with(neap_tape_name(neap_neg(x), "x"), "tape_name: expected a leaf that requires a gradient");
    fails_with(neap_tape_name(neap_zeros(NEAP_F32, neap_dims(1)), "x"), "tape_name: expected a leaf that requires a gradient");
    fails_with(neap_tape_name(NULL, "x"), "tape_name: expected a leaf that requires a gradient");
}
END_TEST

START_TEST(test_parameters_have_names)
{
    neap_model *model = neap_model_new(1);
    neap_tensor *w = neap_model_parameter(model, neap_dims(2), (neap_init){NEAP_INIT_ONE, 0}, "blocks.%d.weight", 3);
    neap_tensor *mean = neap_model_buffer(model, neap_dims(2), (neap_init){NEAP_INIT_ONE, 0}, "mean");
    dumps(neap_mul(w, mean), "tape of f32 [2]: 1 op, 1 leaf\n"
                             "#2 f32 [2] = mul(leaf 'blocks.3.weight' f32 [2] saved, constant f32 [2] saved)\n");
    neap_model_free(model);
}
END_TEST

/* --- The report ---------------------------------------------------------------------------------------------------- */

static neap_tensor *f64(neap_shape shape)
{
    return neap_cast(random_tensor(shape, 0.5, 1.5), NEAP_F64);
}

/* Element 4 of input 1 has half of its gradient, the others all of it. */
static neap_tensor *one_wrong(void *user, neap_tensor *const *x)
{
    (void)user;
    neap_tensor *y = neap_slice(neap_reshape(x[1], neap_dims(6)), 0, 4, 5);
    return neap_add(total(neap_mul(neap_square(x[1]), x[0])), total(neap_mul(y, neap_detach(y))));
}

START_TEST(test_report)
{
    neap_tensor *x[] = {f64(neap_dims(3)), f64(neap_dims(2, 3))};
    const double a = values(x[0])[1], b = values(x[1])[4], analytic = 2 * a * b + b, numeric = 2 * a * b + 2 * b;
    neap_gradient_report worst = {0};
    ck_assert_int_eq(neap_gradient_check(one_wrong, NULL, x, 2, 1e-6, true, &worst), -1);
    check_failure(NULL, "gradient check (first order): input 1, element 4: expected ");
    ck_assert(worst.order == 1 && worst.input == 1 && worst.element == 4 && worst.wrong);
    ck_assert_double_eq_tol(worst.analytic, analytic, 1e-12);
    ck_assert_double_eq_tol(worst.numeric, numeric, 1e-8);
    ck_assert_double_eq_tol(worst.error, (numeric - analytic) / fmax(1, numeric), 1e-8);
}
END_TEST

static neap_tensor *right(void *user, neap_tensor *const *x)
{
    (void)user;
    return total(neap_exp(neap_mul(x[0], x[0])));
}

START_TEST(test_report_of_a_right_gradient)
{
    neap_tensor *x = f64(neap_dims(5));
    neap_gradient_report first, both;
    ck_assert_int_eq(neap_gradient_check(right, NULL, &x, 1, 1e-6, false, &first), 0);
    ck_assert(first.order == 1 && !first.wrong && first.error < 1e-6 && first.error > 0);
    ck_assert_int_eq(neap_gradient_check(right, NULL, &x, 1, 1e-6, true, &both), 0);
    ck_assert(!both.wrong && both.error >= first.error && both.error < 1e-5);
    ck_assert_int_eq(neap_gradient_check(right, NULL, &x, 1, 0, false, &first), -1); /* rounding alone */
    neap_error_clear();
}
END_TEST

/* --- Functions that cannot be checked ------------------------------------------------------------------------------ */

static neap_tensor *gives_null(void *user, neap_tensor *const *x)
{
    (void)user, (void)x;
    return NULL;
}

static neap_tensor *gives_vector(void *user, neap_tensor *const *x)
{
    (void)user;
    return neap_exp(x[0]);
}

static neap_tensor *gives_constant(void *user, neap_tensor *const *x)
{
    (void)user;
    return neap_detach(total(x[0]));
}

static neap_tensor *rounds(void *user, neap_tensor *const *x)
{
    (void)user;
    return neap_cast(total(neap_exp(neap_cast(x[0], NEAP_F32))), NEAP_F64);
}

static neap_tensor *counts(void *user, neap_tensor *const *x)
{
    return total(neap_affine(x[0], 1, ++*(double *)user));
}

static neap_tensor *gives_nan(void *user, neap_tensor *const *x)
{
    (void)user;
    return total(neap_log(neap_neg(x[0])));
}

START_TEST(test_refused)
{
    double calls = 0;
    neap_tensor *x = neap_full(NEAP_F64, neap_dims(2), 1), *none = neap_zeros(NEAP_F64, neap_dims(0, 3));
    const struct refused {
        neap_function *f;
        const char *message;
    } cases[] = {
        {gives_null, "gradient check: expected a tensor from the function, got NULL"},
        {gives_vector, "gradient check: expected a scalar from the function, got f64 [2]"},
        {gives_constant, "gradient check: expected a result with a history that leads to the inputs, got one without"},
        {rounds, "gradient check: expected f64 throughout, got f32 from 'cast'"},
        {counts, "gradient check: expected the same value from each call of the function, got 4 and then 6"},
        {gives_nan, "gradient check (first order): input 0, element 0: expected "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        neap_gradient_report worst;
        ck_assert_int_eq(neap_gradient_check(cases[i].f, &calls, &x, 1, 1e-6, true, &worst), -1);
        check_failure(NULL, cases[i].message);
        ck_assert_int_eq(worst.wrong, cases[i].f == gives_nan);
        ck_assert(neap_recording());
        check_values("x", x, neap_dims(2), (double[]){1, 1}, 0);
    }
    fails_with(neap_gradient_check(right, NULL, NULL, 0, 1e-6, false, NULL), "gradient check: expected 1 to 16 inputs, got 0");
    fails_with(neap_gradient_check(right, NULL, &x, 17, 1e-6, false, NULL), "gradient check: expected 1 to 16 inputs, got 17");
    fails_with(neap_gradient_check(right, NULL, &none, 1, 1e-6, false, NULL),
               "gradient check: expected inputs with elements, got none");
}
END_TEST

/* Recording may be off outside. */
START_TEST(test_recording_off)
{
    neap_tensor *x = f64(neap_dims(2));
    neap_record(false);
    ck_assert_msg(neap_gradient_check(right, NULL, &x, 1, 1e-6, true, NULL) == 0, "%s", neap_error_message());
    ck_assert(!neap_record(true));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("autograd, debugging");
    TCase *tcase = new_tcase(suite, "debugging");
    tcase_add_test(tcase, test_dump);
    tcase_add_test(tcase, test_dump_after_a_pass);
    tcase_add_test(tcase, test_nothing_to_dump);
    tcase_add_test(tcase, test_long_dump);
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_parameters_have_names);
    tcase_add_test(tcase, test_report);
    tcase_add_test(tcase, test_report_of_a_right_gradient);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_recording_off);
    return run_suite(suite);
}
