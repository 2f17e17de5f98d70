/* Opens safetensors files and loads tensors from them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

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

typedef int read_fn(const uint8_t *from, void *to, int64_t count);

/* IEEE 754 binary16 to binary32. */
static float half(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff, word;
    float value;
    if (exponent == 0) {
        value = (float)fraction * 0x1p-24f;
        memcpy(&word, &value, sizeof word);
    } else {
        word = (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | fraction << 13;
    }
    word |= sign;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int read_halves(const uint8_t *from, void *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * i, sizeof bits);
        ((float *)to)[i] = half(bits);
    }
    return 0;
}

static int read_longs(const uint8_t *from, void *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t value;
        memcpy(&value, from + 8 * i, sizeof value);
        if (value < INT32_MIN || value > INT32_MAX)
            return neap_fail("expected numbers that fit i32, got %lld", (long long)value);
        ((int32_t *)to)[i] = (int32_t)value;
    }
    return 0;
}

/* What a dtype of files becomes; `read` is NULL where the bytes are copied. */
static const struct {
    const char *name;
    neap_dtype dtype;
    read_fn *read;
} loads[] = {
    {"F32", NEAP_F32, NULL}, {"F64", NEAP_F64, NULL}, {"BF16", NEAP_BF16, NULL},       {"I32", NEAP_I32, NULL},
    {"U8", NEAP_U8, NULL},   {"BOOL", NEAP_U8, NULL}, {"F16", NEAP_F32, read_halves}, {"I64", NEAP_I32, read_longs},
};

static int fill(neap_tensor *x, const neap_entry *e, const uint8_t *from, read_fn *read)
{
    void *to = neap_data(x);
    if (!to)
        return -1;
    if (read)
        return read(from, to, neap_size(x));
    memcpy(to, from, (size_t)(e->end - e->begin));
    return 0;
}

static neap_tensor *load(const neap_safetensors *file, const neap_entry *e)
{
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        if (strcmp(loads[i].name, e->dtype) != 0)
            continue;
        neap_tensor *x = neap_empty(loads[i].dtype, e->shape);
        return x && fill(x, e, file->header.data + e->begin, loads[i].read) == 0 ? x : NULL;
    }
    return neap_fail_null("expected F32, F64, BF16, F16, I32, I64, U8 or BOOL, got %s", e->dtype);
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
