/* Every row of the op table against central differences in double precision, twice where the row claims it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <neap/autograd.h>
#include <neap/error.h>

#include "gradient_cases.h"

#define TOLERANCE 1e-7 /* rounding over the step of 1e-5, and the step's own error, are both near 1e-10 */

static const gradient_case *const families[] = {elementwise_cases, view_cases, network_cases};
enum { FAMILIES = sizeof families / sizeof *families };

static const gradient_case *case_at(int index)
{
    for (int f = 0; f < FAMILIES; f++)
        for (const gradient_case *c = families[f]; c->op; c++)
            if (index-- == 0)
                return c;
    return NULL;
}

/* --- Inputs ------------------------------------------------------------------------------------------------------ */

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (double)(1 << 24);
}

/* Odd multiples of 0.05 in a mixed order; each input is shifted on, so that they never meet. */
static double apart(int64_t element, int64_t count, int input)
{
    int64_t step = 7;
    while (count % step == 0)
        step += 2;
    return 0.1 * (double)(element * step % count) - 0.1 * (double)(count / 2) + 0.05 + 0.025 * input;
}

static double element(const gradient_input *in, uint64_t *state, int64_t i, int64_t count, int input)
{
    const double u = uniform(state);
    const double values[] = {[FILL_NORMAL] = 3 * u - 1.5, [FILL_POSITIVE] = 0.3 + 1.5 * u, [FILL_UNIT] = 0.05 + 0.9 * u,
                             [FILL_APART] = apart(i, count, input), [FILL_INDEX] = floor(u * (double)in->bound),
                             [FILL_CONDITION] = u < 0.5};
    return values[in->fill];
}

static bool is_leaf(const gradient_input *in)
{
    return in->fill < FILL_INDEX;
}

/* The shape in memory of an input that the op sees through a view. */
static neap_shape stored_shape(const gradient_input *in)
{
    neap_shape shape = in->shape;
    if (in->layout == LAYOUT_PERMUTED)
        for (int i = 0; i < shape.rank; i++)
            shape.dim[i] = in->shape.dim[shape.rank - 1 - i];
    if (in->layout == LAYOUT_SLICED)
        shape.dim[shape.rank - 1] += 3;
    if (in->layout == LAYOUT_EXPANDED)
        shape.dim[0] = 1;
    return shape;
}

static neap_tensor *stored(const gradient_input *in, int input)
{
    static const neap_dtype dtypes[] = {[FILL_INDEX] = NEAP_I32, [FILL_CONDITION] = NEAP_U8};
    const neap_shape shape = stored_shape(in);
    const int64_t count = neap_shape_size(shape);
    uint64_t state = 17 + (uint64_t)input;
    double *value = malloc((size_t)count * sizeof *value);
    for (int64_t i = 0; i < count; i++)
        value[i] = element(in, &state, i, count, input);
    neap_tensor *x = neap_from(NEAP_F64, shape, value);
    free(value);
    return is_leaf(in) ? x : neap_cast(x, dtypes[in->fill]);
}

static neap_tensor *seen(const gradient_input *in, neap_tensor *x)
{
    const int last = in->shape.rank - 1;
    int reversed[NEAP_MAX_RANK];
    for (int i = 0; i <= last; i++)
        reversed[i] = last - i;
    if (in->layout == LAYOUT_PERMUTED)
        return neap_permute(x, reversed);
    if (in->layout == LAYOUT_SLICED)
        return neap_slice(x, last, 1, 1 + in->shape.dim[last]);
    return in->layout == LAYOUT_EXPANDED ? neap_expand(x, in->shape) : x;
}

/* --- The function ------------------------------------------------------------------------------------------------ */

typedef struct program {
    const gradient_case *c;
    int op, count, leaves;
    neap_tensor *leaf[MOST_INPUTS], *fixed[MOST_INPUTS]; /* fixed: by input, NULL for leaves */
} program;

static program program_of(const gradient_case *c)
{
    program p = {.c = c, .op = neap_op_find(c->op)};
    ck_assert_msg(p.op >= 0, "%s: no such row", c->op);
    for (; p.count < MOST_INPUTS && c->in[p.count].fill; p.count++) {
        neap_tensor *x = stored(&c->in[p.count], p.count);
        if (is_leaf(&c->in[p.count]))
            p.leaf[p.leaves++] = x;
        else
            p.fixed[p.count] = x;
    }
    return p;
}

static neap_tensor *apply(const program *p, neap_tensor *const *x)
{
    neap_tensor *in[MOST_INPUTS];
    for (int i = 0, leaf = 0; i < p->count; i++)
        in[i] = p->fixed[i] ? p->fixed[i] : seen(&p->c->in[i], x[leaf++]);
    return neap_op_apply(p->op, in, p->count, &p->c->attrs);
}

/* A sum of the output's elements in which each has its own weight. */
static neap_tensor *weighted(void *user, neap_tensor *const *x)
{
    neap_tensor *y = apply(user, x);
    if (!y)
        return NULL;
    neap_tensor *weights = neap_cos(neap_affine(neap_arange(NEAP_F64, 0, 1, neap_size(y)), 1.7, 0.3));
    return neap_sum(neap_mul(y, neap_reshape(weights, neap_shape_of(y))), NULL, 0, false);
}

/* --- Tests ------------------------------------------------------------------------------------------------------- */

START_TEST(test_every_row_has_a_case)
{
    for (int op = 0; op < neap_op_count(); op++) {
        bool found = false;
        for (int i = 0; case_at(i) && !found; i++)
            found = strcmp(case_at(i)->op, neap_op_at(op)->name) == 0;
        ck_assert_msg(found, "%s: no gradient case", neap_op_at(op)->name);
    }
}
END_TEST

static const char *where(int index, const char *what)
{
    static char text[512];
    snprintf(text, sizeof text, "case %d, %s: %s: %s", index, case_at(index)->op, what, neap_error_message());
    return text;
}

START_TEST(test_against_differences)
{
    const neap_scope scope = neap_scope_open();
    program p = program_of(case_at(_i));
    const neap_op_info *info = neap_op_at(p.op);
    if (info->differentiable)
        ck_assert_msg(neap_gradient_check(weighted, &p, p.leaf, p.leaves, TOLERANCE, true, NULL) == 0, "%s",
                      where(_i, "gradient"));
    neap_scope_close(scope);
}
END_TEST

START_TEST(test_rows_without_gradient_record_nothing)
{
    const neap_scope scope = neap_scope_open();
    program p = program_of(case_at(_i));
    const bool differentiable = neap_op_at(p.op)->differentiable;
    for (int i = 0; i < p.leaves; i++)
        ck_assert_int_eq(neap_require_grad(p.leaf[i], true), 0);
    ck_assert_msg(neap_requires_grad(apply(&p, p.leaf)) == differentiable, "%s", where(_i, "tape"));
    neap_scope_close(scope);
}
END_TEST

/* The fused gradient and the one that is differentiated again must be the same function. */
START_TEST(test_recorded_gradient_is_the_same)
{
    const neap_scope scope = neap_scope_open();
    neap_tensor *fast[MOST_INPUTS], *recorded[MOST_INPUTS];
    program p = program_of(case_at(_i));
    if (neap_op_at(p.op)->differentiable) {
        for (int i = 0; i < p.leaves; i++)
            neap_require_grad(p.leaf[i], true);
        ck_assert_msg(neap_gradients(weighted(&p, p.leaf), NULL, p.leaf, p.leaves, 0, fast) == 0 &&
                          neap_gradients(weighted(&p, p.leaf), NULL, p.leaf, p.leaves, NEAP_CREATE_GRAPH, recorded) == 0,
                      "%s", where(_i, "gradients"));
        for (int i = 0; i < p.leaves; i++) {
            neap_tensor *gap = neap_max(neap_abs(neap_sub(fast[i], recorded[i])), NULL, 0, false);
            ck_assert_msg(neap_item(gap) < 1e-12, "%s", where(_i, "fused and recorded gradients differ"));
        }
    }
    neap_scope_close(scope);
}
END_TEST

static neap_tensor *single(neap_tensor *x)
{
    return neap_dtype_of(x) == NEAP_F64 ? neap_cast(x, NEAP_F32) : x;
}

static void gradients_of(const gradient_case *c, neap_dtype dtype, neap_tensor **out)
{
    program p = program_of(c);
    for (int i = 0; i < p.count && dtype == NEAP_F32; i++)
        if (p.fixed[i])
            p.fixed[i] = single(p.fixed[i]);
    for (int i = 0; i < p.leaves; i++) {
        p.leaf[i] = dtype == NEAP_F32 ? single(p.leaf[i]) : p.leaf[i];
        neap_require_grad(p.leaf[i], true);
    }
    neap_tensor *y = apply(&p, p.leaf);
    if (!y)
        return;
    neap_tensor *seed = neap_cast(neap_cos(neap_arange(NEAP_F64, 0.3, 1.7, neap_size(y))), neap_dtype_of(y));
    neap_gradients(y, neap_reshape(seed, neap_shape_of(y)), p.leaf, p.leaves, 0, out);
}

/* The kernels of the active instruction set follow those of double precision. */
START_TEST(test_single_precision)
{
    const neap_scope scope = neap_scope_open();
    const gradient_case *c = case_at(_i);
    neap_tensor *f32[MOST_INPUTS] = {0}, *f64[MOST_INPUTS] = {0};
    if (neap_op_at(neap_op_find(c->op))->differentiable && strcmp(c->op, "cast") != 0) {
        gradients_of(c, NEAP_F32, f32);
        gradients_of(c, NEAP_F64, f64);
        ck_assert_msg(!neap_failed(), "%s", where(_i, "single precision"));
        for (int i = 0; i < MOST_INPUTS && f64[i]; i++) {
            neap_tensor *gap = neap_abs(neap_sub(neap_cast(f32[i], NEAP_F64), f64[i]));
            neap_tensor *share = neap_div(gap, neap_affine(neap_abs(f64[i]), 1, 1));
            ck_assert_msg(neap_item(neap_max(share, NULL, 0, false)) < 2e-5, "%s", where(_i, "single precision"));
        }
    }
    neap_scope_close(scope);
}
END_TEST

int main(void)
{
    int cases = 0;
    while (case_at(cases))
        cases++;
    Suite *suite = suite_create("gradients");
    TCase *rows = tcase_create("rows");
    tcase_set_timeout(rows, 60);
    tcase_add_checked_fixture(rows, neap_error_clear, NULL);
    tcase_add_test(rows, test_every_row_has_a_case);
    tcase_add_loop_test(rows, test_against_differences, 0, cases);
    tcase_add_loop_test(rows, test_rows_without_gradient_record_nothing, 0, cases);
    tcase_add_loop_test(rows, test_recorded_gradient_is_the_same, 0, cases);
    tcase_add_loop_test(rows, test_single_precision, 0, cases);
    suite_add_tcase(suite, rows);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
