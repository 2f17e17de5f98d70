/* Memory from the system for tensor data: small blocks from the C library, large ones as mappings of huge pages. */
#include <stdlib.h>
#include <sys/mman.h>

#include "allocate.h"

#define PAGE_BYTES ((size_t)4096)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)
#define MAP_FROM ((size_t)128 << 10) /* below, the C library wastes less memory */

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static void *map(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Maps more than needed and unmaps both ends, so that the rest begins on a huge page. */
static void *map_aligned(size_t bytes)
{
    char *pages = map(bytes + HUGE_PAGE_BYTES);
    if (!pages) {
        return NULL;
    }
    size_t before = round_up((uintptr_t)pages, HUGE_PAGE_BYTES) - (uintptr_t)pages;
    if (before) {
        munmap(pages, before);
    }
    if (before < HUGE_PAGE_BYTES) {
        munmap(pages + before + bytes, HUGE_PAGE_BYTES - before);
    }
    madvise(pages + before, bytes, MADV_HUGEPAGE); /* a hint: without huge pages the kernel uses small ones */
    return pages + before;
}

void *neap_pages_map(size_t bytes)
{
    if (bytes > SIZE_MAX / 2 || !neap_memory_allows(bytes)) {
        return NULL;
    }
    bytes = round_up(bytes, PAGE_BYTES);
    return bytes >= HUGE_PAGE_BYTES ? map_aligned(bytes) : map(bytes);
}

void neap_pages_unmap(void *pages, size_t bytes)
{
    if (pages) {
        munmap(pages, round_up(bytes, PAGE_BYTES));
    }
}

void *neap_block_new(size_t bytes)
{
    if (bytes >= MAP_FROM) {
        return neap_pages_map(bytes);
    }
    return aligned_alloc(NEAP_BUFFER_ALIGN, round_up(bytes ? bytes : 1, NEAP_BUFFER_ALIGN));
}

void neap_block_free(void *block, size_t bytes)
{
    if (bytes >= MAP_FROM) {
        neap_pages_unmap(block, bytes);
    } else {
        free(block);
    }
}
