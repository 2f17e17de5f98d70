/* The walk of a sampler along its grid, and guidances that stand on each other. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/sampling.h>

/* The next x, owned by the caller: a scope around the whole walk would hold every x of the path until its end. */
static neap_tensor *step(neap_advance *advance, void *self, const neap_field *field, neap_tensor *x, neap_leg leg)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *next = neap_keep(advance(self, field, x, leg));
    neap_scope_close(scope);
    return next;
}

static neap_tensor *walk(const double *times, int64_t steps, const neap_field *field, neap_tensor *x,
                         const neap_watch *watch, neap_advance *advance, void *self)
{
    bool whole = neap_keep(x) != NULL;
    for (int64_t i = 0; whole && i < steps; i++) {
        neap_tensor *next = step(advance, self, field, x, (neap_leg){times[i], times[i + 1], i, steps});
        neap_release(x);
        x = next;
        whole = x && !(watch && watch->step(watch->user, i + 1, steps, times[i + 1], x));
    }
    neap_scope scope = neap_scope_open();
    neap_tensor *result = neap_scope_return(scope, whole ? x : NULL); /* owned by the caller's scope, too */
    neap_release(x);
    return result;
}

neap_tensor *neap_walk(const neap_grid *grid, const neap_field *field, neap_tensor *x, const neap_watch *watch,
                       neap_advance *advance, void *self)
{
    int64_t steps;
    double *times = x ? neap_grid_times(grid, field->from, field->to, &steps) : NULL;
    if (!times)
        return NULL;
    neap_tensor *result = walk(times, steps, field, x, watch, advance, self);
    neap_free(times);
    return result;
}

neap_tensor *neap_guided_velocity(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x,
                                  neap_tensor *t, neap_tensor **conditional)
{
    if (guidance) {
        const neap_guidance *functions = neap_instance_component(guidance)->functions;
        return functions->velocity(neap_instance_config(guidance), field, x, t, conditional);
    }
    neap_tensor *v = field->velocity(field, x, t, field->labels);
    if (conditional)
        *conditional = v;
    return v;
}
