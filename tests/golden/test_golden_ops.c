/*
 * Every row of the op table against PyTorch: values, and gradients under a random seed. golden_ops.py says how the
 * file's tensors are named; a case added there is found here.
 */
#include "golden.h"

/* The ways in which each case is run. */
static const struct way {
    const char *name;
    neap_dtype dtype;
    bool strided; /* the op sees views whose last axis is the first in memory */
    double tolerance;
} ways[] = {
    /* Sums have at most 185 terms of order 1. Roundings add up at random, to sqrt(185) 2^-24 = 8e-7; instruction sets
     * differ by as much. Five times that is allowed. */
    {"f32", NEAP_F32, false, 4e-6},
    {"f32, strided", NEAP_F32, true, 4e-6},
    /* The same at 2^-53, 1.5e-15, for PyTorch's results as for neap's. */
    {"f64", NEAP_F64, false, 1e-14},
};
enum { WAYS = sizeof ways / sizeof *ways, STEM = 64 };

/* --- Cases of the file -------------------------------------------------------------------------------------------- */

/* The index-th case, "linear_gelu.0"; false past the last. */
static bool case_at(int index, char stem[STEM])
{
    static const char ending[] = ".out";
    for (int i = 0; i < neap_safetensors_count(golden_file); i++) {
        const char *name = neap_safetensors_name(golden_file, i);
        const int length = (int)(strlen(name) - strlen(ending));
        if (length > 0 && strcmp(name + length, ending) == 0 && index-- == 0) {
            snprintf(stem, STEM, "%.*s", length, name);
            return true;
        }
    }
    return false;
}

static bool is_case_of(const char *stem, const char *op)
{
    const size_t length = strlen(op);
    return strncmp(stem, op, length) == 0 && stem[length] == '.';
}

static int op_of(const char *stem)
{
    for (int op = 0; op < neap_op_count(); op++)
        if (is_case_of(stem, neap_op_at(op)->name))
            return op;
    ck_abort_msg("%s: no such row", stem);
}

static neap_attrs attrs_of(const neap_op_info *info, const char *stem)
{
    neap_attrs attrs = {0};
    int whole = 0, real = 0;
    for (const neap_attr *a = info->attrs; a->type != NEAP_ATTR_END; a++) {
        neap_tensor *x = golden_try("%s.%s", stem, a->name);
        ck_assert_msg(x || !a->required, "%s: %s is required", stem, a->name);
        const double *value = x ? values(x) : &a->fallback;
        if (a->type == NEAP_ATTR_REAL)
            attrs.f[real++] = *value;
        else if (a->type != NEAP_ATTR_LIST)
            attrs.i[whole++] = (int64_t)*value;
        for (int64_t i = 0; x && a->type == NEAP_ATTR_LIST && i < neap_size(x); i++)
            attrs.list[attrs.count++] = (int64_t)value[i];
    }
    return attrs;
}

/* --- One case ----------------------------------------------------------------------------------------------------- */

typedef struct program {
    int count, leaves;
    neap_tensor *in[NEAP_MAX_ARITY], *leaf[NEAP_MAX_ARITY];
    int input_of[NEAP_MAX_ARITY]; /* of each leaf */
} program;

/* The same elements through a view, so that gradients are still those of x. */
static neap_tensor *strided(neap_tensor *x)
{
    int reversed[NEAP_MAX_RANK];
    for (int i = 0; i < neap_rank(x); i++)
        reversed[i] = neap_rank(x) - 1 - i;
    return neap_permute(neap_contiguous(neap_permute(x, reversed)), reversed);
}

static program program_of(const char *stem, const struct way *way)
{
    program p = {0};
    for (neap_tensor *x; (x = golden_try("%s.in.%d", stem, p.count)); p.count++) {
        if (neap_dtype_of(x) == NEAP_F32) {
            x = neap_cast(x, way->dtype);
            ck_assert_int_eq(neap_require_grad(x, true), 0);
            p.input_of[p.leaves] = p.count;
            p.leaf[p.leaves++] = x;
        }
        p.in[p.count] = way->strided ? strided(x) : x;
    }
    return p;
}

static void check(const char *stem, const char *what, const struct way *way, neap_tensor *y, neap_tensor *expected)
{
    char text[2 * STEM];
    snprintf(text, sizeof text, "%s: %s, %s", stem, what, way->name);
    ck_assert_msg(expected != NULL, "%s: not in the file", text);
    check_values(text, y, neap_shape_of(expected), values(expected), way->tolerance);
}

static void check_gradients(const char *stem, const struct way *way, const program *p, neap_tensor *y,
                            neap_tensor *seed)
{
    char what[STEM];
    neap_tensor *gradient[NEAP_MAX_ARITY];
    const int status = neap_gradients(y, neap_cast(seed, neap_dtype_of(y)), p->leaf, p->leaves, 0, gradient);
    ck_assert_msg(status == 0, "%s: %s: %s", stem, way->name, neap_error_message());
    for (int i = 0; i < p->leaves; i++) {
        snprintf(what, sizeof what, "gradient %d", p->input_of[i]);
        check(stem, what, way, gradient[i], golden_try("%s.grad.%d", stem, p->input_of[i]));
    }
}

START_TEST(test_case)
{
    const struct way *way = &ways[_i % WAYS];
    char stem[STEM];
    ck_assert(case_at(_i / WAYS, stem));
    const int op = op_of(stem);
    const neap_attrs attrs = attrs_of(neap_op_at(op), stem);
    const program p = program_of(stem, way);
    neap_tensor *y = neap_op_apply(op, p.in, p.count, &attrs), *expected = golden(stem, ".out");
    check(stem, "value", way, y, expected);
    if (neap_dtype_of(expected) != NEAP_F64) /* else it is the dtype of this way */
        ck_assert_str_eq(neap_dtype_name(neap_dtype_of(y)), neap_dtype_name(neap_dtype_of(expected)));
    neap_tensor *seed = golden_try("%s.seed", stem);
    if (seed)
        check_gradients(stem, way, &p, y, seed);
}
END_TEST

/* --- The table ---------------------------------------------------------------------------------------------------- */

START_TEST(test_every_row_has_a_case)
{
    const neap_op_info *info = neap_op_at(_i);
    bool value = false, gradient = false;
    char stem[STEM];
    for (int i = 0; case_at(i, stem); i++)
        if (is_case_of(stem, info->name)) {
            value = true;
            gradient = gradient || golden_try("%s.seed", stem);
        }
    ck_assert_msg(value, "%s: no golden case", info->name);
    ck_assert_msg(gradient == info->differentiable, "%s: %s", info->name,
                  gradient ? "a gradient that neap has not" : "no golden case with a gradient");
}
END_TEST

int main(void)
{
    char stem[STEM];
    int cases = 0;
    if (!golden_open("ops.safetensors"))
        return EXIT_FAILURE;
    while (case_at(cases, stem))
        cases++;
    Suite *suite = suite_create("golden ops");
    TCase *rows = new_tcase(suite, "rows");
    tcase_add_loop_test(rows, test_every_row_has_a_case, 0, neap_op_count());
    tcase_add_loop_test(rows, test_case, 0, cases * WAYS);
    return golden_run(suite);
}
