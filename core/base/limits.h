/*
 * Memory and cores that this process may use: limits of the machine, of its control groups (containers), and its
 * resource limits (ulimit).
 */
#ifndef NEAP_BASE_LIMITS_H
#define NEAP_BASE_LIMITS_H

#include <stddef.h>

/* The least limits of the control groups, versions 1 and 2; SIZE_MAX and 0 for none. */
typedef struct neap_group_limits {
    size_t memory; /* bytes */
    double cores;  /* processor time: quota divided by period */
} neap_group_limits;

/* `root` prefixes /proc and /sys: "" except in tests. */
neap_group_limits neap_group_limits_of(const char *root);

/* Bytes that the process may use, and threads by the quota of its groups, 0 for no quota. Read once; neap_limits_read
 * reads them again, with groups below `root`. */
size_t neap_memory_limit(void);
int neap_thread_limit(void);
void neap_limits_read(const char *root);

/* Resident bytes of the process, and bytes of its address space; 0 if unknown. */
size_t neap_memory_resident(void);
size_t neap_memory_addresses(void);

/* Reads the first `size` - 1 bytes of a file as text; false for none. */
_Bool neap_limits_text(const char *path, char *text, size_t size);

#endif
