/*
 * The field that a sampler integrates, mask included. Kept pixels have the velocity noise - picture. So every ODE solver
 * takes them exactly to the picture, and the network sees them at the same noise level as the other pixels.
 */
#include <neap/cancel.h>
#include <neap/error.h>

#include "plugin/call.h"
#include "run/field.h"

/* --- The network ---------------------------------------------------------------------------------------------------- */

/* Counts an evaluation of `rows` rows: the samples of `field`, each rows / n times. */
static int count(const neap_conditional *field, int64_t rows)
{
    const neap_guided *g = field->self;
    const int32_t *sample = neap_data(field->rows);
    const int64_t samples = neap_size(field->rows);
    for (int64_t i = 0; sample && i < rows; i++)
        g->evaluations[sample[i % samples]]++;
    return sample ? 0 : -1;
}

/* The velocity of a network: its output, converted as its objective says. */
static neap_tensor *convert(const neap_conditional *field, neap_network *n, neap_tensor *x, neap_tensor *time,
                            const neap_condition *condition)
{
    const neap_instance *objective = neap_network_objective(n);
    const neap_objective *functions = objective ? neap_instance_component(objective)->functions : NULL;
    neap_tensor *t = neap_cast(time, NEAP_F32);
    if (!x || !t || count(field, neap_dim(x, 0)) < 0)
        return NULL;
    neap_tensor *output = neap_network_velocity(n, x, t, condition);
    neap_tensor *(*velocity)(const void *, neap_tensor *, neap_tensor *, neap_tensor *) =
        functions ? NEAP_MEMBER(functions, velocity) : NULL;
    if (!velocity || !output)
        return output;
    const neap_component *c = neap_instance_component(objective);
    neap_tensor *v = NEAP_CALL(c, "velocity", velocity(neap_instance_config(objective), output, x, t));
    if (!v) {
        neap_call_fail(c, "velocity", "returned NULL without a message");
        neap_fail_in(c->name);
    }
    return v;
}

/* The condition of the batch as another network has prepared it, once for all steps; any other condition unchanged. */
static const neap_condition *condition_for(neap_guided *g, neap_network *network, const neap_condition *condition)
{
    if (network == g->network || !condition || condition != g->conditional.condition)
        return condition;
    if (network != g->other) {
        neap_condition_release(g->prepared);
        g->prepared = neap_condition_keep(neap_network_prepare(network, condition, neap_condition_rows(condition)));
        g->other = neap_failed() ? NULL : network;
    }
    return g->prepared;
}

/* Arguments that are NULL have failed in the caller, whose own message then stays. */
static neap_tensor *velocity_of(const neap_conditional *field, neap_network *network, neap_tensor *x, neap_tensor *time,
                                const neap_condition *condition)
{
    neap_guided *g = field->self;
    neap_network *n = network ? network : g->network;
    neap_tensor *v = x && time ? convert(field, n, x, time, condition_for(g, n, condition)) : NULL;
    g->named = g->named || (x && time && !v);
    return v;
}

/* --- The mask ------------------------------------------------------------------------------------------------------- */

/* scale t + shift, in double precision, as f32 [B, 1, 1, 1]. */
static neap_tensor *by_row(neap_tensor *t, double scale, double shift)
{
    return neap_reshape(neap_cast(neap_affine(t, scale, shift), NEAP_F32), neap_dims(-1, 1, 1, 1));
}

neap_tensor *neap_mask_kept(const neap_mask *mask, neap_tensor *x, neap_tensor *t)
{
    if (!mask->keep || !t)
        return t ? x : NULL;
    neap_tensor *picture = neap_mul(mask->picture, by_row(t, -1, 1)), *noise = neap_mul(mask->noise, by_row(t, 1, 0));
    return neap_where(mask->keep, neap_add(picture, noise), x);
}

/* v with the velocity of the kept pixels. */
static neap_tensor *kept_velocity(const neap_mask *mask, neap_tensor *v)
{
    return mask->keep ? neap_where(mask->keep, neap_sub(mask->noise, mask->picture), v) : v;
}

/* --- The field ------------------------------------------------------------------------------------------------------ */

/* Mask and condition of some rows of the batch. */
static int take_rows(const neap_guided *g, neap_tensor *rows, neap_mask *mask, neap_conditional *conditional)
{
    *mask = g->mask;
    if (g->mask.keep)
        *mask = (neap_mask){neap_rows(g->mask.keep, rows), neap_rows(g->mask.picture, rows), neap_rows(g->mask.noise, rows)};
    if (g->mask.keep && !(mask->keep && mask->picture && mask->noise))
        return -1;
    return neap_conditional_rows(&g->conditional, rows, conditional);
}

/* The velocity by the guidance, whose result must have x's shape. */
static neap_tensor *guided(neap_guided *g, const neap_conditional *conditional, neap_tensor *x, neap_tensor *t)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    neap_tensor *v = neap_guided_velocity(g->guidance, conditional, x, t, NULL);
    if (v && neap_dtype_of(v) == NEAP_F32 && neap_shape_equal(neap_shape_of(v), neap_shape_of(x)))
        return v;
    if (v)
        neap_fail("expected a velocity of f32 %s, got %s %s", neap_shape_text(neap_shape_of(x), want),
                  neap_dtype_name(neap_dtype_of(v)), neap_shape_text(neap_shape_of(v), got));
    if (g->guidance && x && t && !g->named)
        neap_fail_in(neap_instance_component(g->guidance)->name);
    g->named = g->named || (x && t);
    return NULL;
}

static bool cancelled(neap_guided *g)
{
    g->named = neap_check_cancel() < 0;
    return g->named;
}

/* Notes that a network's own message is pending. */
static neap_tensor *from_network(neap_guided *g, neap_tensor *result)
{
    g->named = g->named || !result;
    return result;
}

static neap_tensor *field_velocity(void *self, neap_tensor *x, neap_tensor *t, neap_tensor *rows)
{
    neap_guided *g = self;
    if (!x || !t || cancelled(g))
        return NULL;
    neap_scope scope = neap_scope_open();
    neap_mask mask = g->mask;
    neap_conditional conditional = g->conditional;
    neap_tensor *v = NULL;
    if (!rows || take_rows(g, rows, &mask, &conditional) == 0)
        v = guided(g, &conditional, neap_mask_kept(&mask, x, t), t);
    return neap_scope_return(scope, v ? kept_velocity(&mask, v) : NULL);
}

static neap_tensor *field_generate(void *self, neap_tensor *z)
{
    neap_guided *g = self;
    if (!z || cancelled(g) || count(&g->conditional, g->batch) < 0)
        return NULL;
    return from_network(g, neap_network_generate(g->network, z, g->conditional.condition));
}

static neap_tensor *field_average(void *self, neap_tensor *x, double t, double r)
{
    neap_guided *g = self;
    const neap_shape batch = neap_dims(g->batch);
    if (!x || cancelled(g) || count(&g->conditional, g->batch) < 0)
        return NULL;
    neap_scope scope = neap_scope_open();
    neap_tensor *v = neap_network_average(g->network, neap_mask_kept(&g->mask, x, neap_full(NEAP_F64, batch, t)),
                                          neap_full(NEAP_F32, batch, t), neap_full(NEAP_F32, batch, r),
                                          g->conditional.condition);
    return neap_scope_return(scope, kept_velocity(&g->mask, from_network(g, v)));
}

neap_field neap_guided_field(neap_guided *g)
{
    g->conditional.size = sizeof g->conditional;
    g->conditional.self = g;
    g->conditional.velocity = velocity_of;
    return (neap_field){
        .size = sizeof(neap_field),
        .self = g,
        .velocity = neap_network_offers(g->network, "velocity") ? field_velocity : NULL,
        .generate = neap_network_offers(g->network, "generate") ? field_generate : NULL,
        .average = neap_network_offers(g->network, "average") ? field_average : NULL,
        .from = 1,
    };
}
