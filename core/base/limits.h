/*
 * What the system lets this process have: memory and cores, by the machine, the control groups that it is in, and its own
 * resource limits. A container sets the second, a shell's ulimit the third.
 */
#ifndef NEAP_BASE_LIMITS_H
#define NEAP_BASE_LIMITS_H

#include <stddef.h>

/* The least of the limits that control groups set, of versions 1 and 2; SIZE_MAX and 0 where there is none. */
typedef struct neap_group_limits {
    size_t memory; /* bytes */
    double cores;  /* of processor time: quota by period */
} neap_group_limits;

/* `root` stands before /proc and /sys: "" but in tests. */
neap_group_limits neap_group_limits_of(const char *root);

/* Bytes that the process may have, and threads of its groups' share, 0: any number. Asked for once; neap_limits_read asks anew,
 * with groups as they are below `root`. */
size_t neap_memory_limit(void);
int neap_thread_limit(void);
void neap_limits_read(const char *root);

/* Bytes of memory that the process holds, and of addresses that it has given out; 0 where the system does not say. */
size_t neap_memory_resident(void);
size_t neap_memory_addresses(void);

/* Reads the first `size` - 1 bytes of a file as text: true where there are some. */
_Bool neap_limits_text(const char *path, char *text, size_t size);

#endif
