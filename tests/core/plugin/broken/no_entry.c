/* A shared object without the entry. */
#include "broken.h"

extern const neap_component some_other_symbol[];
__attribute__((visibility("default"))) const neap_component some_other_symbol[] = {DRIFT("no_entry"), {0}};
