/* The mappings that planned buffers lie in, and the bytes of all of them. */
#include "allocate.h"

static size_t mapped; /* atomic */

neap_mapping *neap_mapping_new(size_t bytes)
{
    neap_mapping *mapping = neap_realloc_quietly(NULL, sizeof *mapping);
    void *pages = mapping && !neap_allocation_refused(bytes) ? neap_pages_map(bytes) : NULL;
    if (!pages) {
        neap_free(mapping);
        return NULL;
    }
    *mapping = (neap_mapping){.pages = pages, .bytes = bytes, .holders = 1};
    __atomic_add_fetch(&mapped, bytes, __ATOMIC_RELAXED);
    return mapping;
}

void neap_mapping_keep(neap_mapping *mapping)
{
    __atomic_add_fetch(&mapping->holders, 1, __ATOMIC_RELAXED);
}

bool neap_mapping_is_unshared(const neap_mapping *mapping)
{
    return __atomic_load_n(&mapping->holders, __ATOMIC_ACQUIRE) == 1;
}

void neap_mapping_release(neap_mapping *mapping)
{
    if (!mapping || __atomic_sub_fetch(&mapping->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    neap_pages_unmap(mapping->pages, mapping->bytes);
    __atomic_sub_fetch(&mapped, mapping->bytes, __ATOMIC_RELAXED);
    neap_free(mapping);
}

size_t neap_mapping_total(void)
{
    return __atomic_load_n(&mapped, __ATOMIC_RELAXED);
}
