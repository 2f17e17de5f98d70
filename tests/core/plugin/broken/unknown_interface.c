/* An interface that no host knows. */
#include "broken.h"

static const neap_component components[] = {
    {"oracle/1", "unknown_interface", "Foretells.", sizeof(drift_config), drift_params, &drift_functions},
    {0},
};

NEAP_PLUGIN(unknown_interface) = {
    NEAP_ABI, sizeof(neap_plugin), "unknown_interface", "1", "MIT", "An unknown interface.", components,
};
