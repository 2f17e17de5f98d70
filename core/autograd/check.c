/* Gradients against central differences, in double precision. */
#include <math.h>

#include <neap/cancel.h>
#include <neap/memory.h>

#include "autograd/node.h"

typedef struct check {
    neap_function *f;
    void *user;
    int count;
    uint64_t weights; /* stream of the fixed weights that turn gradients into a scalar */
} check;

static double value(const check *c, neap_tensor *const *x)
{
    neap_scope scope = neap_scope_open();
    double y = neap_item(c->f(c->user, x));
    neap_scope_close(scope);
    return y;
}

static double central_difference(const check *c, neap_tensor *const *x, int input, int64_t element)
{
    double *at = (double *)neap_data(x[input]) + element, was = *at;
    double h = 1e-5 * fmax(1, fabs(was));
    *at = was + h;
    neap_tensor_touch(x[input]);
    double above = value(c, x);
    *at = was - h;
    neap_tensor_touch(x[input]);
    double below = value(c, x);
    *at = was;
    neap_tensor_touch(x[input]);
    return (above - below) / (2 * h);
}

/* --- One order ----------------------------------------------------------------------------------------------------- */

/* The sign of a NaN depends on the processor, and printf shows it. */
static double without_nan_sign(double x)
{
    return isnan(x) ? (double)NAN : x;
}

/* Finds the element with the largest error; NaN counts as larger than any number. */
static int compare(const check *c, neap_tensor *const *x, neap_tensor *const *gradients, neap_gradient_report *worst)
{
    for (int i = 0; i < c->count; i++) {
        const double *analytic = neap_data(neap_contiguous(gradients[i]));
        for (int64_t j = 0; analytic && j < neap_size(x[i]); j++) {
            if (neap_check_cancel() < 0)
                return -1;
            const double numeric = central_difference(c, x, i, j);
            const double error = fabs(analytic[j] - numeric) / fmax(1, fabs(numeric));
            if (neap_failed())
                return -1;
            if (!worst->order || (!isnan(worst->error) && !(error <= worst->error)))
                *worst = (neap_gradient_report){1, i, j, without_nan_sign(analytic[j]), without_nan_sign(numeric), error, false};
        }
    }
    return neap_failed() ? -1 : 0;
}

/* Sum of weights times gradients: its gradients are second derivatives of f. */
static neap_tensor *weighted_gradient(void *user, neap_tensor *const *x)
{
    const check *c = user;
    neap_tensor *g[NEAP_MAX_ARITY], *sum = NULL;
    if (neap_gradients(c->f(c->user, x), NULL, x, c->count, NEAP_CREATE_GRAPH, g) < 0)
        return NULL;
    for (int i = 0; i < c->count; i++) {
        neap_random stream = {c->weights, (uint64_t)i};
        neap_tensor *w = neap_cast(neap_randn(stream, 0, g[i]->shape.rank ? g[i]->shape : neap_dims(1)), NEAP_F64);
        neap_tensor *part = neap_sum(neap_mul(neap_reshape(w, g[i]->shape), g[i]), NULL, 0, false);
        sum = i ? neap_add(sum, part) : part;
    }
    return sum;
}

/* The sign of a NaN means nothing, and differs between processors. */
static double unsigned_nan(double x)
{
    return isnan(x) ? (double)NAN : x;
}

static int judge(const neap_gradient_report *r, double tolerance)
{
    if (r->error <= tolerance)
        return 0;
    return neap_fail("gradient check (%s order): input %d, element %lld: expected %.12g, got %.12g",
                     r->order == 1 ? "first" : "second", r->input, (long long)r->element, unsigned_nan(r->numeric),
                     unsigned_nan(r->analytic));
}

/* Writes the order's worst element to `worst` unless that holds a larger error. */
static int check_order(const check *c, int order, neap_tensor *const *x, double tolerance, neap_gradient_report *worst)
{
    neap_tensor *gradients[NEAP_MAX_ARITY];
    neap_gradient_report found = {0};
    neap_scope scope = neap_scope_open();
    int status = neap_gradients(c->f(c->user, x), NULL, x, c->count, 0, gradients);
    if (status == 0)
        status = compare(c, x, gradients, &found);
    neap_scope_close(scope);
    if (status < 0)
        return -1;
    found.order = order;
    found.wrong = judge(&found, tolerance) < 0;
    if (found.wrong || !(found.error <= worst->error))
        *worst = found;
    return found.wrong ? -1 : 0;
}

/* --- Before the first ---------------------------------------------------------------------------------------------- */

static int check_inputs(neap_tensor *const *x, int count)
{
    int64_t elements = 0;
    if (count < 1 || count > NEAP_MAX_ARITY)
        return neap_fail("gradient check: expected 1 to %d inputs, got %d", NEAP_MAX_ARITY, count);
    for (int i = 0; i < count; i++) {
        if (!x[i] || x[i]->dtype != NEAP_F64 || !neap_is_contiguous(x[i]) || neap_require_grad(x[i], true) < 0)
            return neap_fail("gradient check: expected contiguous f64 leaves");
        elements += neap_size(x[i]);
    }
    return elements ? 0 : neap_fail("gradient check: expected inputs with elements, got none");
}

/* Differences in f32 would be mostly rounding error. */
static int check_precision(neap_tensor *y)
{
    neap_tape_list list = {0};
    int status = neap_tape_list_fill(&list, y);
    for (int64_t i = 0; status == 0 && i < list.count; i++) {
        const neap_call *call = &list.node[i]->call;
        if (call->op && !list.node[i]->spent && call->out->dtype != NEAP_F64)
            status = neap_fail("gradient check: expected f64 throughout, got %s from '%s'", neap_dtype_name(call->out->dtype),
                               call->op->info.name);
    }
    neap_free(list.node);
    return status;
}

static int check_result(neap_tensor *y)
{
    char text[NEAP_SHAPE_TEXT];
    if (!y)
        return neap_failed() ? -1 : neap_fail("gradient check: expected a tensor from the function, got NULL");
    if (neap_size(y) != 1)
        return neap_fail("gradient check: expected a scalar from the function, got %s %s", neap_dtype_name(y->dtype),
                         neap_shape_text(y->shape, text));
    if (!y->node)
        return neap_fail("gradient check: expected a result with a history that leads to the inputs, got one without");
    return check_precision(y);
}

static int check_function(const check *c, neap_tensor *const *x)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *y = c->f(c->user, x);
    const int status = check_result(y);
    const double first = status == 0 ? neap_item(y) : 0, again = status == 0 ? value(c, x) : 0;
    neap_scope_close(scope);
    if (status < 0 || neap_failed())
        return -1;
    if (first != again && !(isnan(first) && isnan(again)))
        return neap_fail("gradient check: expected the same value from each call of the function, got %.17g and then %.17g",
                         first, again);
    return 0;
}

/* --- Both orders --------------------------------------------------------------------------------------------------- */

int neap_gradient_check(neap_function *f, void *user, neap_tensor *const *x, int count, double tolerance, bool second,
                        neap_gradient_report *worst)
{
    neap_gradient_report report = {0};
    if (check_inputs(x, count) < 0)
        return -1;
    check first = {f, user, count, 7}, twice = {weighted_gradient, &first, count, 7};
    const bool was = neap_record(true);
    int status = check_function(&first, x);
    if (status == 0)
        status = check_order(&first, 1, x, tolerance, &report);
    if (status == 0 && second)
        status = check_order(&twice, 2, x, 10 * tolerance, &report);
    neap_record(was);
    if (worst)
        *worst = report;
    return status;
}
