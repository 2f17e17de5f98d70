/* Loading OpenBLAS: see openblas_library.h. */
#include "openblas_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

#include <neap/cpu.h>
#include <neap/error.h>
#include <neap/parallel.h>

#include "base/limits.h"

#ifndef NEAP_OPENBLAS_LIBRARY
#define NEAP_OPENBLAS_LIBRARY "libopenblas.so.0"
#endif

/* Addresses that version 0.3 takes, measured and rounded up: 295 MiB as it is loaded and 120 by the first product; 8 for each
 * thread, which is the usual size of a stack. */
#define ADDRESSES ((size_t)448 << 20)
#define ADDRESSES_A_THREAD ((size_t)32 << 20)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static neap_openblas library;
static char failure[512];

static bool has_room(void)
{
    const size_t need = ADDRESSES + ADDRESSES_A_THREAD * (size_t)neap_threads(), taken = neap_memory_addresses();
    const __rlimit_resource_t resources[] = {RLIMIT_AS, RLIMIT_DATA};
    struct rlimit limit;
    for (int i = 0; i < 2; i++)
        if (getrlimit(resources[i], &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < taken + need) {
            snprintf(failure, sizeof failure, "its %zu MiB do not fit into the limit of %zu MiB (ulimit -%s)", need >> 20,
                     (size_t)limit.rlim_cur >> 20, i ? "d" : "v");
            return false;
        }
    return true;
}

/* Its threads take over the mask: signals are for the program's own. */
static void *open_library(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    void *handle = dlopen(NEAP_OPENBLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!handle)
        snprintf(failure, sizeof failure, "cannot be loaded: %s", dlerror());
    return handle;
}

static void load(void)
{
    void *handle = has_room() ? open_library() : NULL;
    if (!handle)
        return;
    *(void **)&library.sgemm = dlsym(handle, "cblas_sgemm");
    *(void **)&library.dgemm = dlsym(handle, "cblas_dgemm");
    *(void **)&library.dsyevd = dlsym(handle, "dsyevd_");
    *(void **)&library.set_threads = dlsym(handle, "openblas_set_num_threads");
    *(void **)&library.config = dlsym(handle, "openblas_get_config");
    if (!library.sgemm || !library.dgemm || !library.set_threads || !library.config)
        snprintf(failure, sizeof failure, "is no OpenBLAS: it lacks functions of that library");
}

static void follow_threads(void)
{
    static int current;
    const int wanted = neap_threads();
    if (__atomic_exchange_n(&current, wanted, __ATOMIC_RELAXED) != wanted)
        library.set_threads(wanted);
}

const neap_openblas *neap_openblas_library(void)
{
    pthread_once(&once, load);
    if (*failure)
        return neap_fail_null("OpenBLAS: %s: %s", NEAP_OPENBLAS_LIBRARY, failure);
    follow_threads();
    return &library;
}

const char *neap_openblas_name(void)
{
    const neap_openblas *blas = neap_openblas_library();
    return blas ? blas->config() : NULL;
}
