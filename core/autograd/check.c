/* Gradients against central differences, in double precision. */
#include <math.h>

#include <neap/cancel.h>
#include <neap/memory.h>

#include "autograd/node.h"

typedef struct check {
    neap_function *f;
    void *user;
    int count;
    uint64_t weights; /* stream of the fixed weights that make a scalar of a gradient */
} check;

static double value(const check *c, neap_tensor *const *x)
{
    neap_scope scope = neap_scope_open();
    bool was = neap_record(true);
    double y = neap_item(c->f(c->user, x));
    neap_record(was);
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

static int compare(const check *c, neap_tensor *const *x, neap_tensor *const *gradients, double tolerance, const char *order)
{
    for (int i = 0; i < c->count; i++) {
        const double *analytic = neap_data(neap_contiguous(gradients[i]));
        for (int64_t j = 0; analytic && j < neap_size(x[i]); j++) {
            if (neap_check_cancel() < 0)
                return -1;
            double numeric = central_difference(c, x, i, j);
            if (!(fabs(analytic[j] - numeric) <= tolerance * fmax(1, fabs(numeric))))
                return neap_failed() ? -1
                                     : neap_fail("gradient check (%s order): input %d, element %lld: expected %.12g, got %.12g",
                                                 order, i, (long long)j, numeric, analytic[j]);
        }
    }
    return neap_failed() ? -1 : 0;
}

/* Sum of weights times gradients: a function whose gradient is the second derivative of f. */
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

static int check_once(const check *c, neap_tensor *const *x, double tolerance, const char *order)
{
    neap_tensor *gradients[NEAP_MAX_ARITY];
    neap_scope scope = neap_scope_open();
    int status = neap_gradients(c->f(c->user, x), NULL, x, c->count, 0, gradients);
    if (status == 0)
        status = compare(c, x, gradients, tolerance, order);
    neap_scope_close(scope);
    return status;
}

int neap_gradient_check(neap_function *f, void *user, neap_tensor *const *x, int count, double tolerance, bool second)
{
    for (int i = 0; i < count; i++)
        if (!x[i] || x[i]->dtype != NEAP_F64 || !neap_is_contiguous(x[i]) || neap_require_grad(x[i], true) < 0)
            return neap_fail("gradient check: expected contiguous f64 leaves");
    check first = {f, user, count, 7};
    int status = check_once(&first, x, tolerance, "first");
    check twice = {weighted_gradient, &first, count, 7};
    if (status == 0 && second)
        status = check_once(&twice, x, 10 * tolerance, "second");
    return status;
}
