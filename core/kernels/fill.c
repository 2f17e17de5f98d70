/* Puts the kernels of one set into a table. */
#include "variant.h"

void NEAP_VARIANT(neap_fill)(neap_kernels *table)
{
#define UNARY(name) table->unary[NEAP_K_##name] = NEAP_UNARY(name);
#define BINARY(name) table->binary[NEAP_K_##name] = NEAP_BINARY(name);
#define COMPARE(name) table->compare[NEAP_K_##name] = NEAP_COMPARE(name);
#define KERNEL(name, type, parameters) table->name = NEAP_KERNEL(name);
#include "kernels.def"
    table->name = NEAP_VARIANT_NAME;
}
