/* The fingerprint of a network's weights. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <neap/error.h>

#include "base/hash.h"
#include "run/network.h"

#define STATISTICS "latents."

/* Moments depend neither on the statistics of latents nor on a part that encode does not use. */
static bool is_hashed(const neap_network *network, const char *name)
{
    return strncmp(name, STATISTICS, strlen(STATISTICS)) != 0 && !neap_network_is_extra(network, name);
}

/* Parameters and buffers are contiguous. */
static uint64_t add_tensor(uint64_t hash, const char *name, neap_tensor *x)
{
    const neap_shape shape = neap_shape_of(x);
    hash = neap_hash(hash, name, strlen(name) + 1);
    hash = neap_hash(hash, shape.dim, (size_t)shape.rank * sizeof *shape.dim);
    return neap_hash(hash, neap_data(x), (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x)));
}

const char *neap_network_fingerprint(const neap_network *network, char text[NEAP_FINGERPRINT])
{
    const neap_model *model = network->model;
    uint64_t hash = NEAP_HASH_START;
    for (int i = 0; i < neap_model_count(model); i++)
        if (is_hashed(network, neap_model_name(model, i)))
            hash = add_tensor(hash, neap_model_name(model, i), neap_model_tensor(model, i));
    snprintf(text, NEAP_FINGERPRINT, "%016" PRIx64, hash);
    return text;
}
