/* The training step: batch, loss, gradients, update, for each phase of the objective. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/run.h>

struct neap_trainer {
    neap_network *network;
    neap_source *source;
    neap_instance *instance;
    const neap_objective *objective;
    neap_trainer_config config;
    int phases;
    neap_optimizer **optimizer; /* one a phase */
    neap_tensor **gradients;    /* room for the phase with the most parameters */
    neap_arena *arena;
};

/* --- Steps as objectives see them ----------------------------------------------------------------------------------- */

void neap_step_report(neap_step *step, const char *name, double value)
{
    if (step->reports < NEAP_STEP_REPORTS) {
        step->report[step->reports].name = name;
        step->report[step->reports++].value = value;
    }
}

void neap_step_share(neap_step *step, int slot, neap_tensor *x)
{
    if (slot < 0 || slot >= NEAP_STEP_SHARED)
        return;
    neap_release(step->shared[slot]);
    step->shared[slot] = neap_keep(x);
}

/* --- Building --------------------------------------------------------------------------------------------------------- */

static int check_fit(const neap_trainer *t)
{
    neap_spec n = neap_network_spec(t->network), s = neap_source_spec(t->source);
    const char *network = neap_instance_component(neap_network_instance(t->network))->name;
    if (neap_network_require(t->network, neap_instance_component(t->instance)->name, t->objective->needs) < 0)
        return -1;
    if (n.height != s.height || n.width != s.width || n.channels != s.channels)
        return neap_fail("%s expects pictures [%lld, %lld, %lld]; the data set has [%lld, %lld, %lld]", network,
                         (long long)n.height, (long long)n.width, (long long)n.channels, (long long)s.height,
                         (long long)s.width, (long long)s.channels);
    if (n.classes && s.classes != n.classes)
        return neap_fail("%s expects %lld classes; the data set has %lld", network, (long long)n.classes, (long long)s.classes);
    return t->config.batch < 1 ? neap_fail("train: batch: expected at least 1, got %lld", (long long)t->config.batch) : 0;
}

static int make_optimizers(neap_trainer *t)
{
    int most = 0;
    while (t->objective->phases[t->phases].name)
        t->phases++;
    t->optimizer = neap_calloc((size_t)t->phases, sizeof *t->optimizer);
    for (int i = 0; t->optimizer && i < t->phases; i++) {
        t->optimizer[i] = neap_adamw_new(neap_network_model(t->network), t->objective->phases[i].part, &t->config.optimizer);
        if (!t->optimizer[i])
            return -1;
        if (neap_optimizer_count(t->optimizer[i]) > most)
            most = neap_optimizer_count(t->optimizer[i]);
    }
    t->gradients = neap_calloc((size_t)most, sizeof *t->gradients);
    t->arena = neap_arena_new();
    return t->optimizer && t->gradients && t->arena ? 0 : -1;
}

neap_trainer *neap_trainer_new(neap_network *network, neap_source *source, neap_instance *objective,
                               const neap_trainer_config *config)
{
    if (!network || !source || !objective || neap_instance_check(objective) < 0)
        return NULL;
    neap_trainer *t = neap_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->network = network;
    t->source = source;
    t->instance = neap_instance_keep(objective);
    t->objective = neap_instance_component(objective)->functions;
    t->config = *config;
    if (check_fit(t) < 0 || make_optimizers(t) < 0) {
        neap_trainer_free(t);
        return NULL;
    }
    neap_network_set_objective(network, objective);
    return t;
}

void neap_trainer_free(neap_trainer *t)
{
    if (!t)
        return;
    for (int i = 0; t->optimizer && i < t->phases; i++)
        neap_optimizer_free(t->optimizer[i]);
    neap_free(t->optimizer);
    neap_free(t->gradients);
    neap_arena_free(t->arena);
    neap_instance_release(t->instance);
    neap_free(t);
}

int neap_trainer_optimizers(const neap_trainer *t)
{
    return t->phases;
}

neap_optimizer *neap_trainer_optimizer(const neap_trainer *t, int phase)
{
    return phase >= 0 && phase < t->phases ? t->optimizer[phase] : NULL;
}

/* --- One step --------------------------------------------------------------------------------------------------------- */

static int begin(neap_trainer *t, int64_t number, neap_step *step)
{
    neap_random root = {t->config.seed, 0};
    *step = (neap_step){.number = number, .random = neap_random_at(neap_random_fork(root, "step"), (uint64_t)number)};
    neap_random order = neap_random_fork(root, "order");
    if (neap_source_batch(t->source, order, number, t->config.batch, &step->x, &step->labels) < 0)
        return -1;
    return neap_source_noise(t->source, order, number, t->config.batch, &step->noise);
}

/* The sign of a NaN says nothing, and differs between processors. */
static int fail_not_finite(const char *phase, neap_tensor *loss, double value)
{
    char first[NEAP_BLAME_TEXT];
    double shown = isnan(value) ? (double)NAN : value;
    if (!neap_find_not_finite(loss, first))
        return neap_fail("the loss '%s' is %g", phase, shown);
    return neap_fail("the loss '%s' is %g; the first tensor that is not finite is %s", phase, shown, first);
}

/* The forward pass in a scope of its own, so that only the tape holds what the gradient needs. */
static int forward(neap_trainer *t, int phase, neap_step *step, neap_tensor **loss)
{
    neap_scope scope = neap_scope_open();
    *loss = neap_scope_return(scope, t->objective->loss(neap_instance_config(t->instance), phase, t->network, step));
    if (!*loss) {
        neap_fail("gave no loss and no message");
        return neap_fail_in(neap_instance_component(t->instance)->name);
    }
    double value = neap_item(*loss);
    return isfinite(value) ? 0 : fail_not_finite(t->objective->phases[phase].name, *loss, value);
}

static int differentiate(neap_trainer *t, int phase, neap_tensor *loss)
{
    neap_optimizer *o = t->optimizer[phase];
    int count = neap_optimizer_count(o);
    neap_tensor **parameters = neap_calloc((size_t)count, sizeof *parameters);
    for (int i = 0; parameters && i < count; i++)
        parameters[i] = neap_optimizer_parameter(o, i);
    int status = parameters ? neap_gradients(loss, NULL, parameters, count, 0, t->gradients) : -1;
    for (int i = 0; status == 0 && i < count; i++)
        status = (t->gradients[i] = neap_contiguous(t->gradients[i])) ? 0 : -1;
    neap_free(parameters);
    return status;
}

static int run_phase(neap_trainer *t, int phase, neap_step *step, double lr_scale, bool update, double *loss, double *norm)
{
    neap_tensor *value = NULL;
    neap_scope scope = neap_scope_open();
    bool was = neap_record(true);
    int status = forward(t, phase, step, &value);
    if (status == 0)
        *loss = neap_item(value);
    if (status == 0)
        status = differentiate(t, phase, value);
    if (status == 0 && update)
        status = neap_optimizer_step(t->optimizer[phase], t->gradients, step->number, lr_scale, norm);
    neap_record(was);
    neap_scope_close(scope);
    return status;
}

static int run_step(neap_trainer *t, int64_t number, double lr_scale, bool update, neap_train_report *report)
{
    neap_step step = {0};
    double loss, norm;
    neap_scope scope = neap_scope_open();
    int status = neap_arena_begin(t->arena);
    if (status == 0)
        status = begin(t, number, &step);
    for (int i = 0; status == 0 && i < t->phases; i++)
        status = run_phase(t, i, &step, lr_scale, update, i ? &loss : &report->loss, i ? &norm : &report->gradient_norm);
    for (int i = 0; i < NEAP_STEP_SHARED; i++)
        neap_release(step.shared[i]);
    neap_scope_close(scope);
    neap_arena_end(t->arena);
    if (status < 0)
        return -1;
    report->reports = step.reports;
    memcpy(report->report, step.report, sizeof step.report);
    return 0;
}

int neap_trainer_step(neap_trainer *t, int64_t number, double lr_scale, neap_train_report *report)
{
    char where[48];
    *report = (neap_train_report){0};
    if (run_step(t, number, lr_scale, true, report) == 0)
        return 0;
    snprintf(where, sizeof where, "train: step %lld", (long long)number);
    return neap_fail_in(where);
}

#define LONG_PASS 2 /* seconds */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first pass learns how the step's memory lies, the second touches it, the third is what all later steps are like.
 * Where a pass takes long, touching is a small share of it and two must do. */
int neap_trainer_rehearse(neap_trainer *t, size_t *peak, double *seconds)
{
    neap_train_report report = {0};
    neap_memory_reset_peak();
    *seconds = 0;
    for (int pass = 0; pass < 2 || (pass == 2 && *seconds < LONG_PASS); pass++) {
        double start = now();
        if (run_step(t, 1, 1, false, &report) < 0)
            return neap_fail_in("train: rehearsal");
        *seconds = now() - start;
    }
    *peak = neap_memory().peak;
    return 0;
}
