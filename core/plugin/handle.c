/* Owners of networks, their origins, and their use as parameters. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/handle.h"

static neap_network_handle *handle_of(const neap_network *network)
{
    return (neap_network_handle *)(uintptr_t)network;
}

neap_network *neap_network_keep(neap_network *network)
{
    if (network)
        atomic_fetch_add(&handle_of(network)->owners, 1);
    return network;
}

void neap_network_release(neap_network *network)
{
    if (!network || atomic_fetch_sub(&handle_of(network)->owners, 1) != 1)
        return;
    neap_free(handle_of(network)->origin);
    handle_of(network)->class->destroy(network);
}

const char *neap_network_origin(const neap_network *network)
{
    return handle_of(network)->origin;
}

int neap_network_set_origin(neap_network *network, const char *path)
{
    char *copy = neap_strdup(path);
    if (path && !copy)
        return -1;
    neap_free(handle_of(network)->origin);
    handle_of(network)->origin = copy;
    return 0;
}

int neap_network_accept(const neap_component *component, const neap_param *param, neap_network *network)
{
    const neap_network_class *class = handle_of(network)->class;
    if (!class->offers(network, param->text))
        return neap_fail("%s: %s: expected a network that offers '%s', got %s", component->name, param->name, param->text,
                         class->name(network));
    return class->freeze(network);
}

static struct {
    neap_network_loader *load;
    void *user;
} loader;

void neap_network_set_loader(neap_network_loader *load, void *user)
{
    loader.load = load;
    loader.user = user;
}

neap_network *neap_network_load(const char *path)
{
    if (!loader.load)
        return neap_fail_null("expected a network, got the path '%s', and this program loads none", path);
    return loader.load(loader.user, path);
}
