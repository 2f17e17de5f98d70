/* Built for an ABI to come. */
#include "broken.h"

static const neap_component components[] = {DRIFT("wrong_abi"), {0}};

NEAP_PLUGIN(wrong_abi) = {999, sizeof(neap_plugin), "wrong_abi", "1", "MIT", "Another ABI.", components};
