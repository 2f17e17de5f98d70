/* What fuzz targets of data sets share: files in memory, and the reading of every example. */
#ifndef NEAP_FUZZ_DATASET_H
#define NEAP_FUZZ_DATASET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <sys/mman.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/registry.h>

#include "replay.h"

/* A file in memory, which the parameter names. */
static inline int open_memory(neap_instance *instance, const char *key)
{
    char path[64];
    int file = memfd_create(key, MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (file < 0 || neap_instance_set_text(instance, key, path))
        abort();
    return file;
}

static inline void put(int file, const uint8_t *bytes, size_t size)
{
    if (ftruncate(file, 0) || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
}

static inline neap_instance *add_dataset(const neap_plugin *plugin, const char *name)
{
    if (neap_registry_add(plugin, NULL))
        abort();
    return neap_instance_new(neap_registry_find("dataset", name));
}

typedef void check_example(const neap_dataset *functions, void *self, int64_t index, float *x, int64_t size);

/* Opens the set, reads every example, and closes it. A failure has a message, and a success has none. */
static inline void read_all(neap_instance *instance, check_example *check)
{
    const neap_dataset *functions = neap_instance_component(instance)->functions;
    void *self = functions->open(neap_instance_config(instance));
    if (!self != neap_failed())
        abort();
    neap_error_clear();
    if (!self)
        return;
    neap_spec spec = functions->spec(self);
    int64_t size = spec.height * spec.width * spec.channels;
    float *x = malloc((size_t)size * sizeof *x);
    for (int64_t i = 0; x && i < functions->count(self); i++) {
        int32_t label;
        if (functions->read(self, i, x, &label) || label < 0 || label >= (spec.classes ? spec.classes : 1))
            abort();
        check(functions, self, i, x, size);
    }
    free(x);
    functions->close(self);
}

#endif
