/* Claims the right ABI with a constant of another size. */
#include "broken.h"

static const neap_component components[] = {DRIFT("wrong_size"), {0}};

NEAP_PLUGIN(wrong_size) = {NEAP_ABI, 8, "wrong_size", "1", "MIT", "Another size.", components};
