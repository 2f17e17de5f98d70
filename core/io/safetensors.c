/* Opens safetensors files and loads tensors from them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/elements.h"
#include "io/header.h"

struct neap_safetensors {
    neap_header header;
    char *name;
    void *mapping; /* NULL when the bytes are borrowed */
    size_t size;
};

static const neap_entry *entry_at(const neap_safetensors *file, int index)
{
    return index >= 0 && index < file->header.count ? &file->header.entries[index] : NULL;
}

/* --- Opening ----------------------------------------------------------------------------------------------------- */

neap_safetensors *neap_safetensors_parse(const char *name, const void *bytes, size_t size)
{
    neap_safetensors *file = neap_calloc(1, sizeof *file);
    if (!file)
        return NULL;
    file->name = neap_strdup(name);
    if (file->name && neap_header_parse(&file->header, name, bytes, size) == 0)
        return file;
    neap_safetensors_close(file);
    return NULL;
}

static int measure(const char *path, int descriptor, size_t *size)
{
    struct stat about;
    if (fstat(descriptor, &about) < 0)
        return neap_fail("%s: cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return neap_fail("%s: expected a file", path);
    *size = (size_t)about.st_size;
    return *size ? 0 : neap_fail("%s: expected at least 8 bytes, got 0", path);
}

static void *map(const char *path, size_t *size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return neap_fail_null("%s: cannot be read: %s", path, strerror(errno));
    void *bytes = MAP_FAILED;
    if (measure(path, descriptor, size) == 0) {
        bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (bytes == MAP_FAILED)
            neap_fail("%s: cannot be read: %s", path, strerror(errno));
    }
    close(descriptor);
    return bytes == MAP_FAILED ? NULL : bytes;
}

neap_safetensors *neap_safetensors_open(const char *path)
{
    size_t size;
    void *bytes = map(path, &size);
    if (!bytes)
        return NULL;
    neap_safetensors *file = neap_safetensors_parse(path, bytes, size);
    if (!file) {
        munmap(bytes, size);
        return NULL;
    }
    file->mapping = bytes;
    file->size = size;
    return file;
}

void neap_safetensors_close(neap_safetensors *file)
{
    if (!file)
        return;
    neap_header_free(&file->header);
    if (file->mapping)
        munmap(file->mapping, file->size);
    neap_free(file->name);
    neap_free(file);
}

/* --- What it holds ----------------------------------------------------------------------------------------------- */

int neap_safetensors_count(const neap_safetensors *file)
{
    return file->header.count;
}

const char *neap_safetensors_name(const neap_safetensors *file, int index)
{
    const neap_entry *e = entry_at(file, index);
    return e ? e->name : NULL;
}

int neap_safetensors_find(const neap_safetensors *file, const char *name)
{
    for (int i = 0; i < file->header.count; i++)
        if (strcmp(file->header.entries[i].name, name) == 0)
            return i;
    return -1;
}

neap_shape neap_safetensors_shape(const neap_safetensors *file, int index)
{
    const neap_entry *e = entry_at(file, index);
    return e ? e->shape : (neap_shape){0};
}

const char *neap_safetensors_dtype(const neap_safetensors *file, int index)
{
    const neap_entry *e = entry_at(file, index);
    return e ? e->dtype : NULL;
}

const void *neap_safetensors_bytes(const neap_safetensors *file, int index)
{
    const neap_entry *e = entry_at(file, index);
    return e ? file->header.data + e->begin : NULL;
}

int neap_safetensors_pairs(const neap_safetensors *file, const neap_pair **pairs)
{
    *pairs = file->header.pairs;
    return file->header.pairs_count;
}

const char *neap_safetensors_value(const neap_safetensors *file, const char *key)
{
    for (int i = 0; i < file->header.pairs_count; i++)
        if (strcmp(file->header.pairs[i].key, key) == 0)
            return file->header.pairs[i].value;
    return NULL;
}

/* --- Loading ----------------------------------------------------------------------------------------------------- */

static neap_tensor *load(const neap_safetensors *file, const neap_entry *e)
{
    const neap_element *element = neap_element_of_safetensors(e->dtype);
    if (!element)
        return neap_fail_null("expected a dtype that f32, f64, bf16, i32 or u8 holds, got %s; convert it in Python", e->dtype);
    return neap_element_tensor(element, e->shape, file->header.data + e->begin);
}

neap_tensor *neap_safetensors_load(const neap_safetensors *file, int index)
{
    const neap_entry *e = entry_at(file, index);
    if (!e)
        return neap_fail_null("%s: expected a tensor from 0 to %d, got %d", file->name, file->header.count - 1, index);
    neap_tensor *x = load(file, e);
    if (!x) {
        neap_fail_in(e->name);
        neap_fail_in(file->name);
    }
    return x;
}
