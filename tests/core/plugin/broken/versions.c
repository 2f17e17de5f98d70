/* Sound: one sampler by two versions of its interface, of which a host takes the newest that it serves. */
#include "broken.h"

static const neap_sampler newer_functions = {sizeof newer_functions, drift_needs, NULL}; /* nothing here is read by this host */
static const neap_component components[] = {
    {"sampler/3", "versions", "Of a later neap.", sizeof(drift_config), NULL, &newer_functions},
    DRIFT("versions"),
    {0},
};

NEAP_PLUGIN(versions) = {NEAP_ABI, sizeof(neap_plugin), "versions", "1", "MIT", "One sampler for two hosts.", components};
