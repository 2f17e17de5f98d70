/* Small blocks: the C library's allocator with the refusal hook; failures are recorded as errors. */
#include <neap/error.h>
#include <neap/memory.h>
#include <neap/number.h>

#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"

#define LARGE ((size_t)1 << 20)

static struct {
    pthread_mutex_t lock;
    bool set; /* atomic; avoids the lock without a hook */
    neap_refuse_fn *refuse;
    void *user;
} hook = {.lock = PTHREAD_MUTEX_INITIALIZER};

void neap_on_allocate(neap_refuse_fn *refuse, void *user)
{
    pthread_mutex_lock(&hook.lock);
    hook.refuse = refuse;
    hook.user = user;
    __atomic_store_n(&hook.set, refuse != NULL, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&hook.lock);
}

bool neap_allocation_refused(size_t bytes)
{
    if (!__atomic_load_n(&hook.set, __ATOMIC_ACQUIRE)) {
        return false;
    }
    pthread_mutex_lock(&hook.lock);
    neap_refuse_fn *refuse = hook.refuse;
    void *user = hook.user;
    pthread_mutex_unlock(&hook.lock); /* the hook may set another */
    return refuse && refuse(user, bytes);
}

/* Reading the limits costs more than a small request. */
static bool is_allowed(size_t bytes)
{
    return bytes < LARGE || neap_memory_allows(bytes);
}

static int64_t blocks; /* atomic */

int64_t neap_blocks(void)
{
    return __atomic_load_n(&blocks, __ATOMIC_RELAXED);
}

/* Counts a block that is not NULL, and passes it through. */
static void *counted(void *block, int64_t change)
{
    if (block)
        __atomic_fetch_add(&blocks, change, __ATOMIC_RELAXED);
    return block;
}

static void *grow(void *block, size_t bytes)
{
    const size_t has = malloc_usable_size(block);
    if (neap_allocation_refused(bytes) || (bytes > has && !is_allowed(bytes - has)))
        return NULL;
    void *grown = realloc(block, bytes ? bytes : 1);
    return block ? grown : counted(grown, 1);
}

void *neap_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return neap_fail_null("memory: %zu elements of %zu bytes do not fit in memory", count, size);
    }
    /* An empty block is not NULL, which always means failure. */
    void *block = neap_allocation_refused(bytes) || !is_allowed(bytes) ? NULL : counted(calloc(1, bytes ? bytes : 1), 1);
    return block ? block : neap_fail_null("memory: no room for %zu bytes", bytes);
}

void *neap_realloc(void *block, size_t bytes)
{
    void *grown = grow(block, bytes);
    return grown ? grown : neap_fail_null("memory: no room for %zu bytes", bytes);
}

void *neap_realloc_quietly(void *block, size_t bytes)
{
    return grow(block, bytes);
}

void neap_free(void *block)
{
    free(counted(block, -1));
}

char *neap_strdup(const char *text)
{
    if (!text) {
        return NULL;
    }
    size_t bytes = strlen(text) + 1;
    char *copy = neap_calloc(bytes, 1);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *neap_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = neap_print_list(NULL, 0, format, arguments);
    char *text = length < 0 ? neap_fail_null("memory: cannot format \"%s\"", format) : neap_calloc((size_t)length + 1, 1);
    if (text) {
        neap_print_list(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    return text;
}
