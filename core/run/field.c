/*
 * The field that a sampler walks. A mask is part of it: what is to be kept moves with the velocity noise - picture, so
 * every solver of the ODE brings it to the picture exactly, and the network sees it at the noise level of the rest.
 */
#include <neap/error.h>

#include "run/field.h"

/* What a network gives, as the velocity that its objective says it means. */
static neap_tensor *velocity_by(neap_network *network, neap_tensor *x, double time, neap_tensor *labels)
{
    const neap_instance *objective = neap_network_objective(network);
    const neap_objective *functions = objective ? neap_instance_component(objective)->functions : NULL;
    neap_tensor *t = neap_full(NEAP_F32, neap_dims(neap_dim(x, 0)), time);
    neap_tensor *output = neap_network_velocity(network, x, t, labels);
    return functions && functions->velocity ? functions->velocity(neap_instance_config(objective), output, x, t) : output;
}

static neap_tensor *velocity_at(void *self, neap_tensor *x, double t, neap_tensor *labels)
{
    neap_guided *g = self;
    if (!x)
        return NULL;
    g->rows += neap_dim(x, 0);
    return velocity_by(g->network, x, t, labels);
}

static neap_tensor *worse_at(void *self, neap_tensor *x, double t, neap_tensor *labels)
{
    neap_guided *g = self;
    if (!x)
        return NULL;
    g->rows += neap_dim(x, 0);
    return velocity_by(g->worse, x, t, labels);
}

neap_tensor *neap_guided_kept(const neap_guided *g, neap_tensor *x, double t)
{
    if (!g->keep)
        return x;
    neap_tensor *known = neap_add(neap_affine(g->picture, 1 - t, 0), neap_affine(g->noise, t, 0));
    return neap_where(g->keep, known, x);
}

static neap_tensor *field_velocity(void *self, neap_tensor *x, double t)
{
    neap_guided *g = self;
    neap_scope scope = neap_scope_open();
    neap_tensor *v = neap_guided_velocity(g->guidance, &g->conditional, neap_guided_kept(g, x, t), t, NULL);
    if (g->keep)
        v = neap_where(g->keep, neap_sub(g->noise, g->picture), v);
    return neap_scope_return(scope, v);
}

static neap_tensor *field_generate(void *self, neap_tensor *z)
{
    neap_guided *g = self;
    g->rows += g->batch;
    return neap_network_generate(g->network, z, g->conditional.labels);
}

static neap_tensor *field_average(void *self, neap_tensor *x, double t, double r)
{
    neap_guided *g = self;
    const neap_shape batch = neap_dims(g->batch);
    neap_scope scope = neap_scope_open();
    g->rows += g->batch;
    neap_tensor *v = neap_network_average(g->network, neap_guided_kept(g, x, t), neap_full(NEAP_F32, batch, t),
                                          neap_full(NEAP_F32, batch, r), g->conditional.labels);
    if (g->keep)
        v = neap_where(g->keep, neap_sub(g->noise, g->picture), v);
    return neap_scope_return(scope, v);
}

neap_field neap_guided_field(neap_guided *g)
{
    g->conditional.self = g;
    g->conditional.velocity = velocity_at;
    g->conditional.worse = g->worse ? worse_at : NULL;
    return (neap_field){
        .self = g,
        .velocity = neap_network_offers(g->network, "velocity") ? field_velocity : NULL,
        .generate = neap_network_offers(g->network, "generate") ? field_generate : NULL,
        .average = neap_network_offers(g->network, "average") ? field_average : NULL,
        .from = 1,
    };
}
