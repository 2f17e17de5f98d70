/* See limits.h. */
#include "limits.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <neap/memory.h>

#define GROUP_RESERVE 32 /* 1/32 is left for what the kernel counts as well: page tables, stacks, files */

#define MOST_THREADS 65536

static size_t limit; /* atomic; 0 before the first call */
static int threads;  /* atomic; by the quota of the control groups */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t resource_limit(int resource)
{
    struct rlimit own;
    return getrlimit((__rlimit_resource_t)resource, &own) == 0 && own.rlim_cur != RLIM_INFINITY ? (size_t)own.rlim_cur
                                                                                               : SIZE_MAX;
}

static size_t machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (size_t)pages * (size_t)bytes : SIZE_MAX;
}

void neap_limits_read(const char *root)
{
    const neap_group_limits group = neap_group_limits_of(root);
    size_t bytes = least(machine_memory(), group.memory - group.memory / GROUP_RESERVE);
    bytes = least(bytes, least(resource_limit(RLIMIT_AS), resource_limit(RLIMIT_DATA)));
    __atomic_store_n(&threads, group.cores < MOST_THREADS ? (int)ceil(group.cores) : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&limit, bytes ? bytes : 1, __ATOMIC_RELEASE);
}

size_t neap_memory_limit(void)
{
    if (!__atomic_load_n(&limit, __ATOMIC_ACQUIRE))
        neap_limits_read("");
    return __atomic_load_n(&limit, __ATOMIC_ACQUIRE);
}

int neap_thread_limit(void)
{
    neap_memory_limit(); /* sets both */
    return __atomic_load_n(&threads, __ATOMIC_RELAXED);
}

/* /proc/self/statm counts pages: all, then those in memory. */
static size_t pages_at(int index)
{
    char text[128], *at = text;
    unsigned long long pages = 0;
    if (!neap_limits_text("/proc/self/statm", text, sizeof text))
        return 0;
    for (int i = 0; i <= index; i++)
        pages = strtoull(at, &at, 10);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t neap_memory_resident(void)
{
    return pages_at(1);
}

size_t neap_memory_addresses(void)
{
    return pages_at(0);
}

bool neap_memory_allows(size_t bytes)
{
    const size_t most = neap_memory_limit();
    return bytes <= most && neap_memory_resident() <= most - bytes;
}
