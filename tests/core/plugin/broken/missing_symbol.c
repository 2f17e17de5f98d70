/* Calls a function that nobody has, so the loader of the system refuses it. */
#include "broken.h"

int neap_function_of_nobody(void);

static neap_tensor *ask_nobody(const void *config, const neap_field *field, neap_tensor *noise, neap_random random,
                               const neap_watch *watch)
{
    return neap_function_of_nobody() ? noise : give_noise(config, field, noise, random, watch);
}

static const neap_sampler functions = {sizeof functions, drift_needs, ask_nobody};
static const neap_component components[] = {
    {"sampler/2", "missing_symbol", "Asks nobody.", sizeof(drift_config), drift_params, &functions},
    {0},
};

NEAP_PLUGIN(missing_symbol) = {
    NEAP_ABI, sizeof(neap_plugin), "missing_symbol", "1", "MIT", "A missing symbol.", components,
};
