/* Steps as objectives see them: a batch, reports, and tensors shared between phases. */
#include <neap/error.h>
#include <neap/memory.h>

#include "run/step.h"

static step_state *state_of(const neap_step *step)
{
    return (step_state *)(uintptr_t)step; /* `step` is its first member, and steps are made in core/run alone */
}

void neap_step_begin(step_state *s, const neap_batch *batch, neap_random random, int64_t number)
{
    s->step = (neap_step){.size = sizeof s->step, .x = batch->x, .condition = batch->condition, .noise = batch->noise,
                          .random = random, .number = number, .global = neap_dim(batch->x, 0)};
}

void neap_step_end(step_state *s)
{
    for (int i = 0; i < STEP_SHARED; i++) {
        neap_release(s->shared[i]);
        s->shared[i] = NULL;
    }
}

neap_step *neap_step_new(const neap_batch *batch, neap_random random, int64_t number)
{
    step_state *s = neap_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    neap_step_begin(s, batch, random, number);
    return &s->step;
}

void neap_step_free(neap_step *step)
{
    if (step)
        neap_step_end(state_of(step));
    neap_free(step);
}

int neap_step_reports(const neap_step *step, const neap_reported **reports)
{
    *reports = state_of(step)->report;
    return state_of(step)->reports;
}

int neap_step_report(neap_step *step, const char *name, double value)
{
    step_state *s = state_of(step);
    if (s->reports == NEAP_TRAIN_REPORTS)
        return neap_fail("the value '%s' has no room: expected at most %d reports in a step", name, NEAP_TRAIN_REPORTS);
    s->report[s->reports++] = (neap_reported){name, value};
    return 0;
}

static int check_slot(int slot)
{
    return slot >= 0 && slot < STEP_SHARED ? 0 : neap_fail("sharing a tensor: expected a slot of 0 to %d, got %d",
                                                           STEP_SHARED - 1, slot);
}

int neap_step_share(neap_step *step, int slot, neap_tensor *x)
{
    step_state *s = state_of(step);
    if (check_slot(slot) < 0)
        return -1;
    neap_release(s->shared[slot]);
    s->shared[slot] = neap_keep(x);
    return 0;
}

neap_tensor *neap_step_shared(const neap_step *step, int slot)
{
    return check_slot(slot) < 0 ? NULL : state_of(step)->shared[slot];
}
