/* Jansson's memory: see jansson.h. */
#include "io/jansson.h"

#include <pthread.h>

#include <neap/memory.h>

static _Thread_local bool refused;

static void *allocate(size_t bytes)
{
    void *block = neap_calloc(bytes, 1);
    refused |= !block;
    return block;
}

static void use_our_memory(void)
{
    json_set_alloc_funcs(allocate, neap_free);
}

void neap_json_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, use_our_memory);
    refused = false;
}

bool neap_json_refused(void)
{
    return refused;
}
