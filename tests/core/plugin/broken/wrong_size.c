/* The right ABI in a constant that is too short. */
#include "broken.h"

static const neap_component components[] = {DRIFT("wrong_size"), {0}};

NEAP_PLUGIN(wrong_size) = {NEAP_ABI, 8, "wrong_size", "1", "MIT", "Too short.", components};
