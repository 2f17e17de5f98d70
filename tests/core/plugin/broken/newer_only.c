/* A sampler by a version of its interface that this host does not serve, and by no other. */
#include "broken.h"

static const neap_component components[] = {
    {"sampler/3", "newer_only", "Of a later neap.", sizeof(drift_config), drift_params, &drift_functions},
    {0},
};

NEAP_PLUGIN(newer_only) = {NEAP_ABI, sizeof(neap_plugin), "newer_only", "1", "MIT", "For a later host.", components};
