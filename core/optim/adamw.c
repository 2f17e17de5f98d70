/* AdamW over some parameters of a model, with clipping and a moving average, in one pass over each. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/optim.h>
#include <neap/parallel.h>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

enum { MOMENT1, MOMENT2, EMA, STATES };
static const char *const state_names[STATES] = {"moment1", "moment2", "ema"};

struct neap_optimizer {
    neap_adamw_config config;
    int count, states; /* states: with or without EMA */
    const char **name; /* of the parameters, borrowed from the model */
    neap_tensor **parameter;
    neap_tensor **state; /* [states][count], owned */
    char **state_name;   /* likewise */
};

static bool selected(const neap_model *model, int index, const char *prefix)
{
    return strncmp(neap_model_name(model, index), prefix, strlen(prefix)) == 0;
}

#define POSITIVE "a number above 0"
#define FROM_ZERO "a number from 0"
#define SHARE "a number from 0 and below 1"
static const struct {
    const char *name;
    size_t offset;
    double low, limit; /* from low, below limit */
    const char *expected;
} rules[] = {
    {"lr", offsetof(neap_adamw_config, lr), DBL_MIN, INFINITY, POSITIVE},
    {"beta1", offsetof(neap_adamw_config, beta1), 0, 1, SHARE},
    {"beta2", offsetof(neap_adamw_config, beta2), 0, 1, SHARE},
    {"eps", offsetof(neap_adamw_config, eps), DBL_MIN, INFINITY, POSITIVE},
    {"weight_decay", offsetof(neap_adamw_config, weight_decay), 0, INFINITY, FROM_ZERO},
    {"clip", offsetof(neap_adamw_config, clip), 0, INFINITY, FROM_ZERO},
    {"ema", offsetof(neap_adamw_config, ema), 0, 1, SHARE},
};

int neap_adamw_check(const neap_adamw_config *config)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        double value;
        memcpy(&value, (const char *)config + rules[i].offset, sizeof value);
        if (!(value >= rules[i].low && value < rules[i].limit))
            return neap_fail("adamw: %s: expected %s, got %g", rules[i].name, rules[i].expected, value);
    }
    return 0;
}

static int allocate(neap_optimizer *o, int count)
{
    size_t n = (size_t)count;
    o->count = count;
    o->name = neap_calloc(n, sizeof *o->name);
    o->parameter = neap_calloc(n, sizeof *o->parameter);
    o->state = neap_calloc(n * STATES, sizeof *o->state);
    o->state_name = neap_calloc(n * STATES, sizeof *o->state_name);
    return o->name && o->parameter && o->state && o->state_name ? 0 : -1;
}

/* Moments start at zero, the average at the parameter. */
static int make_state(neap_optimizer *o)
{
    neap_scope scope = neap_scope_open();
    int status = 0;
    for (int i = 0; status == 0 && i < o->states * o->count; i++) {
        const neap_tensor *p = o->parameter[i % o->count];
        o->state[i] = neap_keep(neap_zeros(NEAP_F32, p->shape));
        o->state_name[i] = neap_format("%s.%s", state_names[i / o->count], o->name[i % o->count]);
        if (!o->state[i] || !o->state_name[i])
            status = -1;
        else if (i / o->count == EMA)
            neap_tensor_copy(o->state[i], p);
    }
    neap_scope_close(scope);
    return status;
}

neap_optimizer *neap_adamw_new(neap_model *model, const char *prefix, const neap_adamw_config *config)
{
    int count = 0, total = neap_model_count(model);
    for (int i = 0; i < total; i++)
        count += selected(model, i, prefix);
    if (count == 0)
        return neap_fail_null("adamw: the model has no parameter whose name begins with '%s'", prefix);
    neap_optimizer *o = neap_adamw_check(config) < 0 ? NULL : neap_calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->config = *config;
    o->states = config->ema > 0 ? STATES : EMA;
    int status = allocate(o, count);
    for (int i = 0, k = 0; status == 0 && i < total; i++)
        if (selected(model, i, prefix)) {
            o->name[k] = neap_model_name(model, i);
            o->parameter[k++] = neap_model_tensor(model, i);
        }
    if (status < 0 || make_state(o) < 0) {
        neap_optimizer_free(o);
        return NULL;
    }
    return o;
}

void neap_optimizer_free(neap_optimizer *o)
{
    if (!o)
        return;
    for (int i = 0; i < o->states * o->count; i++) {
        if (o->state)
            neap_release(o->state[i]);
        if (o->state_name)
            neap_free(o->state_name[i]);
    }
    neap_free(o->name);
    neap_free(o->parameter);
    neap_free(o->state);
    neap_free(o->state_name);
    neap_free(o);
}

int neap_optimizer_count(const neap_optimizer *o)
{
    return o->count;
}

neap_tensor *neap_optimizer_parameter(const neap_optimizer *o, int index)
{
    return index >= 0 && index < o->count ? o->parameter[index] : NULL;
}

int neap_optimizer_state(neap_optimizer *o, const char *const **names, neap_tensor *const **tensors)
{
    *names = (const char *const *)o->state_name;
    *tensors = o->state;
    return o->states * o->count;
}

/* A gradient must look like its parameter: the update reads as many elements. */
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

/* The L2 norm of all gradients together. A norm that is no number names the first parameter to blame. */
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
    return 0;
}

typedef struct update_job {
    const neap_kernels *kernels;
    neap_adamw_args args;
    float *p, *m, *v, *ema;
    const float *g;
} update_job;

static void update_range(void *user, int64_t begin, int64_t end)
{
    const update_job *j = user;
    j->kernels->adamw(end - begin, &j->args, j->p + begin, j->g + begin, j->m + begin, j->v + begin,
                      j->ema ? j->ema + begin : NULL);
}

static neap_adamw_args args_of(const neap_optimizer *o, int64_t step, double lr_scale, double norm)
{
    const neap_adamw_config *c = &o->config;
    double warm = 1 - pow(1 + (double)step, -2.0 / 3);
    return (neap_adamw_args){
        .lr = c->lr * lr_scale, .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps, .weight_decay = c->weight_decay,
        .correction1 = 1 - pow(c->beta1, (double)step), .correction2 = 1 - pow(c->beta2, (double)step),
        .gscale = c->clip > 0 && norm > c->clip ? c->clip / norm : 1, .ema_decay = fmin(c->ema, warm),
    };
}

int neap_optimizer_step(neap_optimizer *o, neap_tensor *const *gradients, int64_t step, double lr_scale, double *norm)
{
    if (step < 1 || !isfinite(lr_scale))
        return neap_fail("adamw: expected a step from 1 and a finite lr_scale, got %lld and %g", (long long)step,
                         lr_scale);
    if (total_norm(o, gradients, norm) < 0)
        return -1;
    neap_adamw_args args = args_of(o, step, lr_scale, *norm);
    for (int i = 0; i < o->count; i++) {
        neap_tensor *ema = o->states > EMA ? o->state[EMA * o->count + i] : NULL;
        update_job job = {neap_kernels_for(NEAP_F32), args, neap_data(o->parameter[i]),
                          neap_data(o->state[MOMENT1 * o->count + i]), neap_data(o->state[MOMENT2 * o->count + i]),
                          ema ? neap_data(ema) : NULL, neap_data(gradients[i])};
        neap_parallel(neap_size(o->parameter[i]), 16384, update_range, &job);
        neap_tensor_touch(o->parameter[i]);
    }
    return 0;
}

int neap_optimizer_swap_ema(neap_optimizer *o)
{
    if (o->states <= EMA)
        return neap_fail("optimizer: there is no moving average: ema is 0");
    for (int i = 0; i < o->count; i++) {
        float *p = neap_data(o->parameter[i]), *e = neap_data(o->state[EMA * o->count + i]);
        for (int64_t j = 0; j < neap_size(o->parameter[i]); j++) {
            float held = p[j];
            p[j] = e[j];
            e[j] = held;
        }
        neap_tensor_touch(o->parameter[i]);
    }
    return 0;
}
