/* Optimisers: their state, and checks of their settings. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <neap/autograd.h>
#include <neap/error.h>
#include <neap/memory.h>

#include "optim/optimizer.h"

static const char *const kind_names[NEAP_OPTIMIZER_COUNT] = {[NEAP_ADAMW] = "adamw", [NEAP_SGD] = "sgd"};
static const char *const moment_names[NEAP_MOMENTS] = {"moment1", "moment2"};

const char *neap_optimizer_name(neap_optimizer_kind kind)
{
    return kind_names[kind];
}

/* Does the name begin with one of the prefixes, which blanks separate? */
static bool begins_with(const char *name, const char *prefixes)
{
    while (*prefixes) {
        const size_t length = strcspn(prefixes, " ");
        if (length && strncmp(name, prefixes, length) == 0)
            return true;
        prefixes += length + strspn(prefixes + length, " ");
    }
    return false;
}

static bool selected(const neap_model *model, int index, const char *prefixes)
{
    return !neap_model_is_buffer(model, index) && (!*prefixes || begins_with(neap_model_name(model, index), prefixes));
}

#define POSITIVE "a number above 0"
#define FROM_ZERO "a number from 0"
#define SHARE "a number from 0 and below 1"
#define ADAMW (1 << NEAP_ADAMW)
#define SGD (1 << NEAP_SGD)
static const struct {
    const char *name;
    int kinds; /* bits: kinds that use it */
    size_t offset;
    double low, limit; /* low <= value < limit */
    const char *expected;
} rules[] = {
    {"lr", ADAMW | SGD, offsetof(neap_optimizer_config, lr), DBL_MIN, INFINITY, POSITIVE},
    {"beta1", ADAMW, offsetof(neap_optimizer_config, beta1), 0, 1, SHARE},
    {"beta2", ADAMW, offsetof(neap_optimizer_config, beta2), 0, 1, SHARE},
    {"eps", ADAMW, offsetof(neap_optimizer_config, eps), DBL_MIN, INFINITY, POSITIVE},
    {"momentum", SGD, offsetof(neap_optimizer_config, momentum), 0, 1, SHARE},
    {"weight_decay", ADAMW | SGD, offsetof(neap_optimizer_config, weight_decay), 0, INFINITY, FROM_ZERO},
    {"clip", ADAMW | SGD, offsetof(neap_optimizer_config, clip), 0, INFINITY, FROM_ZERO},
    {"ema", ADAMW | SGD, offsetof(neap_optimizer_config, ema), 0, 1, SHARE},
};

int neap_optimizer_check(const neap_optimizer_config *config)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        double value;
        memcpy(&value, (const char *)config + rules[i].offset, sizeof value);
        if (rules[i].kinds & 1 << config->kind && !(value >= rules[i].low && value < rules[i].limit))
            return neap_fail("%s: %s: expected %s, got %g", kind_names[config->kind], rules[i].name, rules[i].expected, value);
    }
    return 0;
}

/* Counts the states that the settings need. */
static void count_states(neap_optimizer *o)
{
    o->moments = o->config.kind == NEAP_SGD ? o->config.momentum > 0 : 2;
    o->ema = o->config.ema > 0 ? o->moments : -1;
    o->states = o->moments + (o->ema >= 0);
}

static int allocate(neap_optimizer *o, int count)
{
    size_t n = (size_t)count;
    o->count = count;
    o->name = neap_calloc(n, sizeof *o->name);
    o->parameter = neap_calloc(n, sizeof *o->parameter);
    o->state = neap_calloc(n * (size_t)o->states, sizeof *o->state);
    o->state_name = neap_calloc(n * (size_t)o->states, sizeof *o->state_name);
    return o->name && o->parameter && o->state && o->state_name ? 0 : -1;
}

/* Moments start at zero, the average at the parameter. */
static int make_state(neap_optimizer *o)
{
    neap_scope scope = neap_scope_open();
    int status = 0;
    for (int i = 0; status == 0 && i < o->states * o->count; i++) {
        const neap_tensor *p = o->parameter[i % o->count];
        const char *kind = i / o->count == o->ema ? "ema" : moment_names[i / o->count];
        o->state[i] = neap_keep(neap_zeros(NEAP_F32, p->shape));
        o->state_name[i] = neap_format("%s.%s", kind, o->name[i % o->count]);
        if (!o->state[i] || !o->state_name[i])
            status = -1;
        else if (i / o->count == o->ema)
            neap_tensor_copy(o->state[i], p);
    }
    neap_scope_close(scope);
    return status;
}

/* Parameters that an optimiser is to be made of. */
typedef struct selection {
    int count;
    const char *const *name;
    neap_tensor *const *tensor;
} selection;

static int keep_all(neap_optimizer *o, const selection *from)
{
    for (int i = 0; i < from->count; i++) {
        o->parameter[i] = neap_keep(from->tensor[i]);
        o->name[i] = neap_strdup(from->name[i]);
        if (!o->name[i])
            return -1;
    }
    return 0;
}

static neap_optimizer *make(const selection *from, const neap_optimizer_config *config)
{
    neap_optimizer *o = neap_optimizer_check(config) < 0 ? NULL : neap_calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->config = *config;
    count_states(o);
    if (allocate(o, from->count) == 0 && keep_all(o, from) == 0 && make_state(o) == 0)
        return o;
    neap_optimizer_free(o);
    return NULL;
}

neap_optimizer *neap_optimizer_new(neap_model *model, const char *prefixes, const neap_optimizer_config *config)
{
    const int total = neap_model_count(model);
    const char **name = neap_calloc((size_t)total + 1, sizeof *name);
    neap_tensor **tensor = neap_calloc((size_t)total + 1, sizeof *tensor);
    selection all = {0, name, tensor};
    for (int i = 0; name && tensor && i < total; i++)
        if (selected(model, i, prefixes)) {
            name[all.count] = neap_model_name(model, i);
            tensor[all.count++] = neap_model_tensor(model, i);
        }
    if (name && tensor && all.count == 0)
        neap_fail("%s: the model has no parameter whose name begins with '%s'", kind_names[config->kind], prefixes);
    neap_optimizer *o = all.count > 0 ? make(&all, config) : NULL;
    neap_free(name);
    neap_free(tensor);
    return o;
}

static int check_given(const char *kind, const char *const *names, neap_tensor *const *tensors, int index)
{
    neap_tensor *x = tensors[index];
    if (!x)
        return neap_failed() ? -1 : neap_fail("%s: '%s': expected a tensor, got NULL", kind, names[index]);
    if (x->dtype != NEAP_F32 || !neap_is_contiguous(x))
        return neap_fail("%s: '%s': expected contiguous f32, got %s%s", kind, names[index],
                         neap_is_contiguous(x) ? "" : "a strided view of ", neap_dtype_name(x->dtype));
    if (!neap_requires_grad(x))
        return neap_fail("%s: '%s': expected a tensor that requires a gradient, as require_grad marks it", kind, names[index]);
    for (int i = 0; i < index; i++)
        if (tensors[i]->storage == x->storage)
            return neap_fail("%s: '%s': shares its elements with '%s'", kind, names[index], names[i]);
    if (neap_require_grad(x, true) == 0) /* fails for what is no leaf */
        return 0;
    neap_fail_in(names[index]);
    return neap_fail_in(kind);
}

neap_optimizer *neap_optimizer_new_of(const char *const *names, neap_tensor *const *tensors, int count,
                                      const neap_optimizer_config *config)
{
    if (count < 1)
        return neap_fail_null("%s: expected at least one parameter", kind_names[config->kind]);
    for (int i = 0; i < count; i++)
        if (check_given(kind_names[config->kind], names, tensors, i) < 0)
            return NULL;
    const selection all = {count, names, tensors};
    return make(&all, config);
}

int neap_optimizer_configure(neap_optimizer *o, const neap_optimizer_config *config)
{
    const neap_optimizer_config *before = &o->config;
    neap_optimizer_config checked = *config;
    if (checked.lr == 0)
        checked.lr = 1; /* allowed here: schedules end at 0 */
    if (neap_optimizer_check(&checked) < 0)
        return -1;
    if (config->kind != before->kind)
        return neap_fail("%s: kind: expected the one that it was made with, got %s", kind_names[before->kind],
                         kind_names[config->kind]);
    if ((config->momentum > 0) != (before->momentum > 0) && config->kind == NEAP_SGD)
        return neap_fail("sgd: momentum: cannot begin or end, as it has a state: expected %s, got %g; make a new optimizer",
                         before->momentum > 0 ? "a number above 0" : "0", config->momentum);
    if ((config->ema > 0) != (before->ema > 0))
        return neap_fail("%s: ema: cannot begin or end, as it has a state: expected %s, got %g; make a new optimizer",
                         kind_names[before->kind], before->ema > 0 ? "a number above 0" : "0", config->ema);
    o->config = *config;
    return 0;
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
    for (int i = 0; i < o->count; i++) {
        if (o->parameter)
            neap_release(o->parameter[i]);
        if (o->name)
            neap_free(o->name[i]);
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

bool neap_optimizer_averages(const neap_optimizer *o)
{
    return o->ema >= 0;
}

int neap_optimizer_swap_ema(neap_optimizer *o)
{
    if (o->ema < 0)
        return neap_fail("optimizer: there is no moving average: ema is 0");
    for (int i = 0; i < o->count; i++) {
        float *p = neap_data(o->parameter[i]), *e = neap_data(o->state[o->ema * o->count + i]);
        for (int64_t j = 0; j < neap_size(o->parameter[i]); j++) {
            float held = p[j];
            p[j] = e[j];
            e[j] = held;
        }
        neap_tensor_touch(o->parameter[i]);
    }
    return 0;
}
