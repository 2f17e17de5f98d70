/*
 * Everything one variant has, put into a table.
 */
#include "variant.h"

void NEAP_VARIANT(neap_fill_all)(neap_kernels *table)
{
    NEAP_VARIANT(neap_fill_elementwise)(table);
    NEAP_VARIANT(neap_fill_compare)(table);
    NEAP_VARIANT(neap_fill_reduce)(table);
    NEAP_VARIANT(neap_fill_rows)(table);
    NEAP_VARIANT(neap_fill_norm)(table);
    NEAP_VARIANT(neap_fill_optimizer)(table);
    NEAP_VARIANT(neap_fill_convert)(table);
    NEAP_VARIANT(neap_fill_gemm)(table);
    NEAP_VARIANT(neap_fill_conv)(table);
    NEAP_VARIANT(neap_fill_set_norm)(table);
    NEAP_VARIANT(neap_fill_attention)(table);
    NEAP_VARIANT(neap_fill_weigh)(table);
    NEAP_VARIANT(neap_fill_peak)(table);
    table->name = NEAP_VARIANT_NAME;
}
