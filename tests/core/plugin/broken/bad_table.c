/* A parameter that lies outside its config. */
#include "broken.h"

static const neap_param params[] = {
    {"far", NEAP_PARAM_REAL, 4096, false, 0, 0, 1, NULL, NULL, "outside"},
    NEAP_PARAMS_END,
};
static const neap_component components[] = {
    {"sampler/2", "bad_table", "Its table is wrong.", sizeof(drift_config), params, &drift_functions},
    {0},
};

NEAP_PLUGIN(bad_table) = {NEAP_ABI, sizeof(neap_plugin), "bad_table", "1", "MIT", "A bad table.", components};
