/*
 * Preloaded into the program by tests/lua/refuse.sh: refuses one request for memory, whoever makes it, or stands for a system
 * that refuses other things. Memory is refused to processes called neap alone, not to the shell that starts them.
 *
 *   NEAP_TEST_REFUSE=n    refuses the n-th request; 0 refuses none
 *   NEAP_TEST_COUNT=file  the number of requests is written there when the process ends
 *   NEAP_TEST_ROOM=bytes  statvfs reports so many free bytes on every disk
 *   NEAP_TEST_NO_LOCKS=1  flock fails as on a file system without locks
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library's own; looking them up by dlsym would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_long requests;
static long refused_one;
static bool active;

__attribute__((constructor)) static void start(void)
{
    const char *number = getenv("NEAP_TEST_REFUSE");
    active = number && strcmp(program_invocation_short_name, "neap") == 0;
    refused_one = active ? atol(number) : 0;
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("NEAP_TEST_COUNT");
    FILE *file = active && path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&requests));
        fclose(file);
    }
}

static bool is_refused(void)
{
    if (!active || atomic_fetch_add(&requests, 1) + 1 != refused_one)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return is_refused() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_refused() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *got = is_refused() ? NULL : __libc_memalign(alignment, size);
    if (got)
        *block = got;
    return got ? 0 : ENOMEM;
}

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    if (is_refused())
        return MAP_FAILED;
    long got = syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    return got == -1 ? MAP_FAILED : (void *)got;
}

int statvfs(const char *restrict path, struct statvfs *restrict disk)
{
    const char *room = getenv("NEAP_TEST_ROOM");
    int (*real)(const char *, struct statvfs *);
    *(void **)&real = dlsym(RTLD_NEXT, "statvfs");
    int status = real(path, disk);
    if (status == 0 && room) {
        disk->f_frsize = 1;
        disk->f_bfree = disk->f_bavail = strtoul(room, NULL, 10);
    }
    return status;
}

int flock(int descriptor, int operation)
{
    if (!getenv("NEAP_TEST_NO_LOCKS"))
        return (int)syscall(SYS_flock, descriptor, operation);
    errno = ENOLCK;
    return -1;
}
