/* A good component, and one whose name the plugin "sound" has taken: neither may be registered. */
#include "broken.h"

static const neap_component components[] = {DRIFT("taken_first"), DRIFT("sound"), {0}};

NEAP_PLUGIN(taken) = {NEAP_ABI, sizeof(neap_plugin), "taken", "1", "MIT", "A name that is taken.", components};
