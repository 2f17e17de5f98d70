/* Names one component twice. */
#include "broken.h"

static const neap_component components[] = {DRIFT("twice"), DRIFT("twice"), {0}};

NEAP_PLUGIN(twice) = {NEAP_ABI, sizeof(neap_plugin), "twice", "1", "MIT", "The same name twice.", components};
