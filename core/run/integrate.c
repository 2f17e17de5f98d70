/* Steps along a grid of times, and calls of guidances. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/sampling.h>

#include "plugin/call.h"

/* The next x, owned by the caller. Each step has its own scope: a scope around all steps would hold every x until the
 * end. */
static neap_tensor *take_step(neap_advance *advance, void *self, const neap_field *field, neap_tensor *x, neap_time_step step)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *next = neap_keep(advance(self, field, x, step));
    neap_scope_close(scope);
    return next;
}

/* The caller has set random and count of `step`. */
static neap_tensor *take_steps(const double *times, neap_time_step step, const neap_field *field, neap_tensor *x,
                             const neap_watch *watch, neap_advance *advance, void *self)
{
    bool ok = neap_keep(x) != NULL;
    for (; ok && step.index < step.count; step.index++) {
        step.t = times[step.index];
        step.next = times[step.index + 1];
        neap_tensor *next = take_step(advance, self, field, x, step);
        neap_release(x);
        x = next;
        ok = x && !(watch && watch->step(watch->user, step.index + 1, step.count, step.next, x));
    }
    neap_scope scope = neap_scope_open();
    neap_tensor *result = neap_scope_return(scope, ok ? x : NULL); /* adds an owner, the caller's scope */
    neap_release(x);
    return result;
}

neap_tensor *neap_integrate(const neap_grid *grid, const neap_field *field, neap_tensor *x, neap_random random,
                            const neap_watch *watch, neap_advance *advance, void *self)
{
    neap_time_step step = {.random = random};
    double *times = x ? neap_grid_times(grid, field->from, field->to, &step.count) : NULL;
    if (!times)
        return NULL;
    neap_tensor *result = take_steps(times, step, field, x, watch, advance, self);
    neap_free(times);
    return result;
}

/* A guidance that fails without a message is named here, since it may lie inside another one. A result beside a message, which a
 * failed call has left, is no result. */
static neap_tensor *by_guidance(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                                neap_tensor **conditional)
{
    const neap_component *c = neap_instance_component(guidance);
    const neap_guidance *functions = c->functions;
    const bool failed = neap_failed();
    neap_tensor *v = NEAP_CALL(c, "velocity", functions->velocity(neap_instance_config(guidance), field, x, t, conditional));
    if (!v && !neap_failed()) {
        neap_call_fail(c, "velocity", "returned NULL without a message");
        neap_fail_in(c->name);
    }
    return neap_failed() && !failed ? NULL : v;
}

neap_tensor *neap_guided_velocity(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x,
                                  neap_tensor *t, neap_tensor **conditional)
{
    if (guidance)
        return by_guidance(guidance, field, x, t, conditional);
    neap_tensor *v = field->velocity(field, NULL, x, t, field->condition);
    if (conditional)
        *conditional = v;
    return v;
}

bool neap_guidance_uses_null(const neap_instance *guidance)
{
    const neap_guidance *functions = guidance ? neap_instance_component(guidance)->functions : NULL;
    bool (*uses_null)(const void *) = functions ? NEAP_MEMBER(functions, uses_null) : NULL;
    return uses_null &&
           NEAP_CALL(neap_instance_component(guidance), "uses_null", uses_null(neap_instance_config(guidance)));
}
