/* One step: the norm of the gradients, the clip factor, and the update in one pass over each parameter. */
#include <math.h>

#include <neap/error.h>
#include <neap/parallel.h>

#include "optim/optimizer.h"

/* The update reads as many elements of a gradient as its parameter has. */
static int check_gradient(const neap_optimizer *o, int i, const neap_tensor *g)
{
    const neap_tensor *p = o->parameter[i];
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!g)
        return neap_fail("the gradient of '%s' is missing", o->name[i]);
    if (g->dtype != p->dtype || !neap_shape_equal(g->shape, p->shape))
        return neap_fail("the gradient of '%s': expected %s %s, got %s %s", o->name[i], neap_dtype_name(p->dtype),
                         neap_shape_text(p->shape, want), neap_dtype_name(g->dtype), neap_shape_text(g->shape, got));
    return 0;
}

/* The L2 norm of all gradients together; fails by the name of the first parameter whose gradient is not finite. */
static int total_norm(const neap_optimizer *o, neap_tensor *const *gradients, double *norm)
{
    const neap_kernels *k = neap_kernels_for(NEAP_F32);
    double squares = 0;
    for (int i = 0; i < o->count; i++) {
        const void *g = check_gradient(o, i, gradients[i]) < 0 ? NULL : neap_data(gradients[i]);
        if (!g)
            return -1;
        int64_t n = neap_size(gradients[i]);
        if (!k->all_finite(n, g))
            return neap_fail("the gradient of '%s' is not finite", o->name[i]);
        squares += k->sum_squares(n, g);
    }
    *norm = sqrt(squares);
    if (*norm < o->config.least)
        return neap_fail("diverged: the gradients of '%s' and the rest of its part have vanished: expected a norm from %g, got %g",
                         o->name[0], o->config.least, *norm);
    return 0;
}

typedef struct update_job {
    const neap_kernels *kernels;
    neap_optimizer_kind kind;
    neap_update_args args;
    float *p, *moment[NEAP_MOMENTS], *ema; /* NULL: none */
    const float *g;
} update_job;

static float *advance(float *x, int64_t n)
{
    return x ? x + n : NULL;
}

static void update_range(void *user, int64_t begin, int64_t end)
{
    const update_job *j = user;
    float *p = j->p + begin, *m = advance(j->moment[0], begin), *v = advance(j->moment[1], begin), *ema = advance(j->ema, begin);
    if (j->kind == NEAP_SGD)
        j->kernels->sgd(end - begin, &j->args, p, j->g + begin, m, ema);
    else
        j->kernels->adamw(end - begin, &j->args, p, j->g + begin, m, v, ema);
}

static neap_update_args args_of(const neap_optimizer *o, int64_t step, double lr_scale, double norm)
{
    const neap_optimizer_config *c = &o->config;
    double warm = 1 - pow(1 + (double)step, -2.0 / 3);
    return (neap_update_args){
        .lr = c->lr * lr_scale, .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps, .momentum = c->momentum,
        .weight_decay = c->weight_decay, .correction1 = 1 - pow(c->beta1, (double)step),
        .correction2 = 1 - pow(c->beta2, (double)step),
        .gscale = c->clip > 0 && norm > c->clip ? c->clip / norm : 1, .ema_decay = fmin(c->ema, warm),
    };
}

static float *state_data(const neap_optimizer *o, int state, int i)
{
    return state >= 0 && state < o->states ? neap_data(o->state[state * o->count + i]) : NULL;
}

int neap_optimizer_step(neap_optimizer *o, neap_tensor *const *gradients, int64_t step, double lr_scale, double *norm)
{
    if (step < 1 || !isfinite(lr_scale))
        return neap_fail("%s: expected a step from 1 and a finite lr_scale, got %lld and %g",
                         neap_optimizer_name(o->config.kind), (long long)step, lr_scale);
    if (total_norm(o, gradients, norm) < 0)
        return -1;
    for (int i = 0; i < o->count; i++) {
        update_job job = {neap_kernels_for(NEAP_F32), o->config.kind, args_of(o, step, lr_scale, *norm),
                          neap_data(o->parameter[i]), {NULL}, state_data(o, o->ema, i), neap_data(gradients[i])};
        for (int m = 0; m < o->moments; m++)
            job.moment[m] = state_data(o, m, i);
        neap_parallel(neap_size(o->parameter[i]), 16384, update_range, &job);
        neap_tensor_touch(o->parameter[i]);
    }
    return 0;
}
