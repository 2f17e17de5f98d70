/* The training step: batch, loss, gradients, update, for each phase of the objective. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/call.h"
#include "run/network.h"
#include "run/trainer.h"

/* --- Batches -------------------------------------------------------------------------------------------------------- */

/* With an autoencoder, replaces the pictures or moments of a batch by latents drawn for this step. */
static int encode(neap_trainer *t, neap_random random, neap_batch *batch)
{
    neap_spec spec = {.size = sizeof spec};
    const neap_random draw = neap_random_fork(random, "latents");
    const uint64_t first = (uint64_t)t->config.first;
    neap_source_spec(t->source, &spec);
    batch->x = spec.latent.channels ? neap_network_from_moments(t->network, batch->x, &draw, first)
                                    : neap_network_to_latents(t->network, batch->x, &draw, first);
    return batch->x ? 0 : -1;
}

/* Begins round `round` of a step, from 0, which has its own batch and random numbers. */
static int begin(neap_trainer *t, int64_t number, int64_t round, step_state *step)
{
    const neap_random root = {t->config.seed, 0}, order = neap_random_fork(root, "order");
    const neap_batch_rows rows = {t->config.batch, t->config.first, t->config.global};
    const int64_t index = (number - 1) * t->rounds + round + 1;
    const neap_random random = neap_random_at(neap_random_fork(root, "step"), (uint64_t)index);
    neap_batch batch;
    if (neap_source_batch(t->source, order, index, &rows, &batch) < 0 || encode(t, random, &batch) < 0)
        return -1;
    neap_step_begin(step, &batch, random, number);
    step->step.first = (uint64_t)rows.first;
    step->step.global = rows.global ? rows.global : rows.count;
    return 0;
}

/* --- One phase ------------------------------------------------------------------------------------------------------ */

/* The sign of a NaN has no meaning and differs between processors, so it is not shown. */
static int fail_not_finite(const char *phase, neap_tensor *loss, double value)
{
    char first[NEAP_BLAME_TEXT];
    double shown = isnan(value) ? (double)NAN : value;
    if (!neap_find_not_finite(loss, first))
        return neap_fail("the loss '%s' is %g", phase, shown);
    return neap_fail("the loss '%s' is %g; the first tensor that is not finite is %s", phase, shown, first);
}

/* A constant loss would train nothing, silently. */
static int check_loss(const neap_trainer *t, int phase, const neap_tensor *loss)
{
    const char *name = t->objective->phases[phase].name;
    char got[NEAP_SHAPE_TEXT];
    if (!loss)
        return neap_call_fail(neap_instance_component(t->instance), "loss", "returned NULL without a message");
    if (neap_size(loss) != 1)
        return neap_fail("the loss '%s': expected one element, got %s", name, neap_shape_text(neap_shape_of(loss), got));
    return neap_requires_grad(loss) ? 0 : neap_fail("the loss '%s' depends on no parameter", name);
}

/* The forward pass has its own scope, so that only the tape keeps what the gradient needs. */
static int forward(neap_trainer *t, int phase, step_state *step, neap_tensor **loss)
{
    const neap_component *c = neap_instance_component(t->instance);
    neap_scope scope = neap_scope_open();
    *loss = neap_scope_return(scope, NEAP_CALL(c, "loss", t->objective->loss(neap_instance_config(t->instance), phase,
                                                                             t->network, &step->step)));
    if (neap_failed() || check_loss(t, phase, *loss) < 0) /* a report or a shared tensor may have failed, too */
        return neap_fail_in(neap_instance_component(t->instance)->name);
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

/* One run of a phase. */
typedef struct phase_run {
    int phase;
    int64_t update; /* the number of the optimizer's update, from 1; 0: without an update */
    double lr_scale;
} phase_run;

/* The one place where the gradients of all ranks meet. */
static int exchange_gradients(const neap_trainer *t, int phase)
{
    const neap_trainer_config *c = &t->config;
    return c->exchange ? c->exchange(c->exchange_user, t->gradients, neap_optimizer_count(t->optimizer[phase])) : 0;
}

static int run_phase(neap_trainer *t, const phase_run *now, step_state *step, double *loss, double *norm)
{
    neap_tensor *value = NULL;
    neap_scope scope = neap_scope_open();
    bool was = neap_record(true), trained = neap_training_set(true);
    int status = forward(t, now->phase, step, &value);
    if (status == 0)
        *loss = neap_item(value);
    if (status == 0)
        status = differentiate(t, now->phase, value);
    if (status == 0)
        status = exchange_gradients(t, now->phase);
    if (status == 0 && now->update)
        neap_abandon_hold(true); /* until the step has ended: it has changed parameters */
    if (status == 0 && now->update)
        status = neap_optimizer_step(t->optimizer[now->phase], t->gradients, now->update, now->lr_scale, norm);
    neap_record(was);
    neap_training_set(trained);
    neap_scope_close(scope);
    return status;
}

/* Runs a phase. Loss and gradient norm of the first phase that runs have members in the report; those of the others are
 * reported by name. */
static int report_phase(neap_trainer *t, const phase_run *now, step_state *step, neap_train_report *report)
{
    double loss, norm = 0;
    if (now->phase == t->first)
        return run_phase(t, now, step, &report->loss, &report->gradient_norm);
    if (run_phase(t, now, step, &loss, &norm) < 0)
        return -1;
    char *const *name = &t->name[2 * now->phase];
    return neap_step_report(&step->step, name[0], loss) < 0 ? -1 : neap_step_report(&step->step, name[1], norm);
}

/* --- One step ------------------------------------------------------------------------------------------------------- */

/* Does the phase run in this step? */
static bool has_begun(const neap_trainer *t, int phase, int64_t number)
{
    return t->begins[phase] && number >= t->begins[phase];
}

/* A phase with n repeats runs in the last n rounds of the step. */
static int run_round(neap_trainer *t, int64_t number, int64_t round, step_state *step, double lr_scale, bool update,
                     neap_train_report *report)
{
    int status = begin(t, number, round, step);
    for (int i = 0; status == 0 && i < t->phases; i++) {
        const int64_t each = neap_trainer_repeats(t, i), skipped = t->rounds - each;
        const phase_run now = {i, update ? (number - t->begins[i]) * each + round - skipped + 1 : 0, lr_scale};
        if (round >= skipped && has_begun(t, i, number))
            status = neap_check_cancel() < 0 ? -1 : report_phase(t, &now, step, report);
    }
    return status;
}

static int check_reports(const step_state *step)
{
    for (int i = 0; i < step->reports; i++)
        if (!isfinite(step->report[i].value))
            return neap_fail("the reported value '%s' is %g", step->report[i].name, fabs(step->report[i].value));
    return 0;
}

int neap_trainer_run(neap_trainer *t, int64_t number, double lr_scale, bool update, neap_train_report *report)
{
    step_state step = {0};
    neap_scope scope = neap_scope_open();
    int status = neap_arena_begin(t->arena);
    for (int64_t round = 0; status == 0 && round < t->rounds; round++) {
        step.reports = 0; /* a step reports its last round */
        status = run_round(t, number, round, &step, lr_scale, update, report);
    }
    neap_step_end(&step);
    neap_scope_close(scope);
    neap_arena_end(t->arena);
    if (status < 0 || check_reports(&step) < 0)
        return -1;
    report->reports = step.reports;
    memcpy(report->report, step.report, sizeof step.report);
    return 0;
}

/* Runs a step that can be abandoned until its first update, also where the caller holds that off. An abandoned step leaves the
 * buffers as they were. */
static int run_whole(neap_trainer *t, int64_t number, double lr_scale, neap_train_report *report)
{
    const bool kept = neap_abandon_hold(false);
    neap_scope scope = neap_scope_open();
    neap_tensor **buffers = neap_trainer_copy_buffers(t);
    int status = buffers ? neap_trainer_run(t, number, lr_scale, true, report) : -1;
    neap_abandon_hold(kept);
    if (status < 0 && buffers && neap_abandoned())
        neap_trainer_restore_buffers(t, buffers);
    neap_free(buffers);
    neap_scope_close(scope);
    return status;
}

int neap_trainer_step(neap_trainer *t, int64_t number, double lr_scale, neap_train_report *report)
{
    char where[48];
    *report = (neap_train_report){0};
    const bool held = neap_cancel_hold(true); /* stopping inside a step would update some phases and not others */
    const int status = run_whole(t, number, lr_scale, report);
    neap_cancel_hold(held);
    if (status == 0)
        return 0;
    snprintf(where, sizeof where, "train: step %lld", (long long)number);
    return neap_fail_in(where);
}
