/* A network: an architecture built into a model, with its objective and its autoencoder. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/call.h"
#include "run/network.h"

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static const neap_component *component_of(const neap_network *network)
{
    return neap_instance_component(network->instance);
}

static void destroy(neap_network *network)
{
    if (network->self)
        NEAP_CALL_VOID(component_of(network), "destroy", network->functions->destroy(network->self));
    neap_model_free(network->model);
    neap_instance_release(network->instance);
    neap_instance_release(network->objective);
    neap_network_release(network->autoencoder);
    neap_free(network);
}

int neap_network_freeze(neap_network *network)
{
    for (int i = 0; i < neap_model_count(network->model); i++)
        if (!neap_model_is_buffer(network->model, i) && neap_require_grad(neap_model_tensor(network->model, i), false) < 0)
            return -1;
    network->frozen = true;
    return 0;
}

static const neap_network_class class = {destroy, neap_network_freeze, neap_network_offers, neap_network_name};

/* An architecture that decodes must give the size of its latents. */
static int check_spec(const neap_network *network)
{
    const neap_spec *s = &network->spec;
    const neap_extent *e = &s->latent;
    if (s->size != sizeof *s)
        return neap_fail("spec: changed the member size; end it with neap_spec_fill");
    if (s->height < 1 || s->width < 1 || s->channels < 1 || s->classes < 0)
        return neap_fail("spec: expected sizes from 1, got [%lld, %lld, %lld]", (long long)s->height, (long long)s->width,
                         (long long)s->channels);
    if (e->channels && (e->height < 1 || e->width < 1 || e->channels < 1))
        return neap_fail("spec: latent: expected sizes from 1, got [%lld, %lld, %lld]", (long long)e->height,
                         (long long)e->width, (long long)e->channels);
    if (neap_network_offers(network, "decode") && !e->channels)
        return neap_fail("spec: an architecture that offers 'decode' must give the size of its latents");
    return 0;
}

/* The statistics of latents are buffers of the autoencoder, so that checkpoints hold them. */
static int add_statistics(neap_network *network)
{
    const neap_shape channels = neap_dims(network->spec.latent.channels);
    if (!neap_network_offers(network, "encode") || !neap_network_offers(network, "decode"))
        return 0;
    network->mean = neap_model_buffer(network->model, channels, (neap_init){NEAP_INIT_ZERO, 0}, "latents.mean");
    network->deviation = neap_model_buffer(network->model, channels, (neap_init){NEAP_INIT_ONE, 0}, "latents.deviation");
    return network->mean && network->deviation ? 0 : -1;
}

static int build(neap_network *network, uint64_t seed, int64_t elements)
{
    network->model = neap_model_new(seed);
    if (!network->model)
        return -1;
    neap_model_limit(network->model, elements);
    const neap_component *c = component_of(network);
    network->self = NEAP_CALL(c, "build", network->functions->build(neap_instance_config(network->instance), network->model));
    network->spec.size = sizeof network->spec;
    if (!network->self || neap_failed()) /* `build` may return an object although a call failed */
        return neap_call_fail(c, "build", "returned NULL without a message");
    if (NEAP_CALL(c, "spec", network->functions->spec(network->self, &network->spec)) < 0)
        return neap_call_fail(c, "spec", "failed without a message");
    return check_spec(network) < 0 ? -1 : add_statistics(network);
}

neap_network *neap_network_new(neap_instance *architecture, uint64_t seed)
{
    return neap_network_new_within(architecture, seed, INT64_MAX);
}

neap_network *neap_network_new_within(neap_instance *architecture, uint64_t seed, int64_t elements)
{
    if (!architecture || neap_instance_check(architecture) < 0)
        return NULL;
    neap_network *network = neap_calloc(1, sizeof *network);
    if (!network)
        return NULL;
    atomic_init(&network->handle.owners, 1);
    network->handle.class = &class;
    network->instance = neap_instance_keep(architecture);
    network->functions = neap_instance_component(architecture)->functions;
    if (build(network, seed, elements) == 0)
        return network;
    neap_fail_in(neap_network_name(network));
    neap_network_release(network);
    return NULL;
}

/* --- Members -------------------------------------------------------------------------------------------------------- */

neap_model *neap_network_model(const neap_network *network)
{
    return network->model;
}

neap_instance *neap_network_instance(const neap_network *network)
{
    return network->instance;
}

void neap_network_spec(const neap_network *network, neap_spec *out)
{
    neap_spec_fill(out, network->spec);
}

void neap_network_picture_spec(const neap_network *network, neap_spec *out)
{
    neap_spec spec = network->spec;
    if (network->autoencoder) {
        spec.height = network->autoencoder->spec.height;
        spec.width = network->autoencoder->spec.width;
        spec.channels = network->autoencoder->spec.channels;
    }
    neap_spec_fill(out, spec);
}

bool neap_network_frozen(const neap_network *network)
{
    return network->frozen;
}

void neap_network_set_objective(neap_network *network, neap_instance *objective)
{
    neap_instance *before = network->objective;
    network->objective = neap_instance_keep(objective);
    neap_instance_release(before);
}

neap_instance *neap_network_objective(const neap_network *network)
{
    return network->objective;
}
