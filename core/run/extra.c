/* The extra part of an autoencoder, which encode and decode do not use: a copy of the network without it. */
#include <string.h>

#include <neap/error.h>

#include "run/network.h"

/* The flag that makes the extra part; NULL without a message when the architecture has none. */
static const char *flag_of(const neap_network *network)
{
    return NEAP_MEMBER(network->functions, extra);
}

bool neap_network_is_extra(const neap_network *network, const char *name)
{
    const char *flag = flag_of(network);
    const size_t length = flag ? strlen(flag) : 0;
    return flag && strncmp(name, flag, length) == 0 && name[length] == '.';
}

static bool has_extra(const neap_network *network)
{
    for (int i = 0; i < neap_model_count(network->model); i++)
        if (neap_network_is_extra(network, neap_model_name(network->model, i)))
            return true;
    return false;
}

/* Copies all tensors of `to` from those of the same names. */
static int copy_tensors(const neap_network *to, const neap_network *from)
{
    for (int i = 0; i < neap_model_count(to->model); i++) {
        const char *name = neap_model_name(to->model, i);
        neap_tensor *x = neap_model_tensor(to->model, i), *y = neap_model_find(from->model, name);
        if (!y || !neap_shape_equal(neap_shape_of(x), neap_shape_of(y)))
            return neap_fail("%s: with %s = false: expected '%s' to keep its name and shape", neap_network_name(to),
                             flag_of(to), name);
        if (neap_write(x, NEAP_F32, neap_data(y)) < 0)
            return -1;
    }
    return 0;
}

static int copy_origin(neap_network *to, const neap_network *from)
{
    const char *origin = neap_network_origin(from);
    return origin ? neap_network_set_origin(to, origin) : 0;
}

static neap_instance *instance_without(const neap_network *network)
{
    const neap_value off = {.type = NEAP_PARAM_FLAG};
    neap_instance *instance = neap_instance_copy(network->instance);
    if (instance && neap_instance_set(instance, flag_of(network), &off) == 0)
        return instance;
    neap_instance_release(instance);
    return NULL;
}

neap_network *neap_network_without_extra(neap_network *network)
{
    if (!has_extra(network))
        return neap_network_keep(network);
    neap_instance *instance = instance_without(network);
    neap_network *copy = neap_network_new(instance, 0);
    neap_instance_release(instance);
    if (!copy)
        return NULL;
    neap_network_set_objective(copy, network->objective);
    if (copy_tensors(copy, network) == 0 && copy_origin(copy, network) == 0)
        return copy;
    neap_network_release(copy);
    return NULL;
}
