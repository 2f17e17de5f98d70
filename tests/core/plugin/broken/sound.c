/* Nothing is broken here: it must load among those that are. */
#include "broken.h"

static const neap_component components[] = {DRIFT("sound"), {0}};

NEAP_PLUGIN(sound) = {NEAP_ABI, sizeof(neap_plugin), "sound", "1.2.3", "MIT", "A sound plugin.", components};
