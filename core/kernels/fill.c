/* Puts the kernels that a set improves into a table. */
#include "variant.h"

#if NEAP_ONLY_BF16
#define VECTOR(statement)
#else
#define VECTOR(statement) statement
#endif
#define BF16(statement) statement

void NEAP_VARIANT(neap_fill)(neap_kernels *table)
{
#define PRODUCT(tag, name) tag(table->product[NEAP_PRODUCT_##name] = &NEAP_PRODUCT(name);)
#define UNARY(name) VECTOR(table->unary[NEAP_K_##name] = NEAP_UNARY(name);)
#define BINARY(name) VECTOR(table->binary[NEAP_K_##name] = NEAP_BINARY(name);)
#define COMPARE(name) VECTOR(table->compare[NEAP_K_##name] = NEAP_COMPARE(name);)
#define KERNEL(tag, name, type, parameters) tag(table->name = NEAP_KERNEL(name);)
#include "kernels.def"
    table->name = NEAP_VARIANT_NAME;
}
