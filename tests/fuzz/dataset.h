/* For fuzz targets of data sets: files in memory, and the reading of every example. */
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

/* Memory for all parts of one example that the spec has, of exactly their sizes, so that a sanitizer sees a write beyond. */
static inline neap_example parts_of(const neap_spec *spec)
{
    const neap_extent *e = &spec->picture;
    neap_example parts = {.size = sizeof parts,
                          .x = malloc((size_t)(spec->height * spec->width * spec->channels) * sizeof *parts.x)};
    parts.label = spec->classes ? malloc(sizeof *parts.label) : NULL;
    parts.text = spec->text ? malloc((size_t)spec->text) : NULL;
    parts.length = spec->text ? malloc(sizeof *parts.length) : NULL;
    parts.picture = e->channels ? malloc((size_t)(e->height * e->width * e->channels) * sizeof *parts.picture) : NULL;
    return parts;
}

static inline void free_parts(neap_example parts)
{
    free(parts.x);
    free(parts.label);
    free(parts.text);
    free(parts.length);
    free(parts.picture);
}

/* Reads example i twice: with every part that the spec has, and with none but x. All parts are in range. */
static inline void read_example(const neap_dataset *functions, void *self, int64_t i, const neap_spec *spec, neap_example parts)
{
    const neap_example picture_alone = {.size = sizeof picture_alone, .x = parts.x};
    if (parts.label)
        *parts.label = 0;
    if (parts.length)
        *parts.length = 0;
    if (functions->read(self, i, &picture_alone) || functions->read(self, i, &parts))
        abort();
    if (parts.label && (*parts.label < -1 || *parts.label >= spec->classes))
        abort();
    if (parts.length && (*parts.length < 0 || *parts.length > spec->text))
        abort();
}

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
    neap_spec spec = {.size = sizeof spec};
    if (functions->spec(self, &spec))
        abort();
    neap_example parts = parts_of(&spec);
    for (int64_t i = 0; parts.x && i < functions->count(self); i++) {
        read_example(functions, self, i, &spec, parts);
        check(functions, self, i, parts.x, spec.height * spec.width * spec.channels);
    }
    free_parts(parts);
    functions->close(self);
}

#endif
