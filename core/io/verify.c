/* Reads a safetensors file back: see verify.h. */
#include "io/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/header.h"

#define LENGTH_BYTES 8

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static int read_all(int descriptor, uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(descriptor, bytes + at, size - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return neap_fail("cannot be read: %s", strerror(errno));
        if (got == 0)
            return neap_fail("expected at least %zu bytes, got %zu", size, at);
        at += (size_t)got;
    }
    return 0;
}

/* The length in the file must be that of the bytes read, so that the parser stays within them. */
static int check_length(const uint8_t *bytes, size_t length)
{
    uint64_t claimed = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        claimed = claimed << 8 | bytes[i];
    return claimed == length ? 0 : neap_fail("header: expected a length of %zu bytes, got %llu", length,
                                             (unsigned long long)claimed);
}

static int parse(int descriptor, size_t length, neap_header *header, uint8_t *bytes)
{
    struct stat about;
    if (fstat(descriptor, &about) < 0)
        return neap_fail("cannot be read: %s", strerror(errno));
    if (read_all(descriptor, bytes, LENGTH_BYTES + length) < 0 || check_length(bytes, length) < 0)
        return -1;
    return neap_header_parse(header, "read back", bytes, (size_t)about.st_size);
}

/* --- Comparing ---------------------------------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
    return strcmp(((const neap_entry *)left)->name, ((const neap_entry *)right)->name);
}

static int check_entry(const neap_header *header, const neap_saved_tensor *wanted, uint64_t begin, uint64_t end)
{
    const neap_entry key = {.name = (char *)(uintptr_t)wanted->name};
    const neap_entry *e = bsearch(&key, header->entries, (size_t)header->count, sizeof key, by_name);
    if (!e)
        return neap_fail("'%s' is missing", wanted->name);
    bool same = strcmp(e->dtype, neap_header_dtype(wanted->dtype)) == 0 &&
                neap_shape_equal(e->shape, wanted->shape) && e->begin == begin && e->end == end;
    return same ? 0 : neap_fail("'%s': dtype, shape or data_offsets differ from those written", wanted->name);
}

static int check_tensors(neap_header *header, const neap_saved *saved)
{
    uint64_t at = 0;
    if (header->count != saved->count)
        return neap_fail("expected %d tensors, got %d", saved->count, header->count);
    qsort(header->entries, (size_t)header->count, sizeof *header->entries, by_name);
    for (int i = 0; i < saved->count; i++) {
        uint64_t end = at + neap_saved_bytes(&saved->tensors[i]);
        if (check_entry(header, &saved->tensors[i], at, end) < 0)
            return -1;
        at = end;
    }
    return 0;
}

static const char *value_of(const neap_pair *pairs, int count, const char *key)
{
    for (int i = 0; i < count; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return pairs[i].value;
    return NULL;
}

/* "format" is added unless given. */
static int check_metadata(const neap_header *header, const neap_saved *saved)
{
    int expected = saved->pairs + !value_of(saved->metadata, saved->pairs, "format");
    if (header->pairs_count != expected)
        return neap_fail("expected %d entries of metadata, got %d", expected, header->pairs_count);
    for (int i = 0; i < saved->pairs; i++) {
        const char *value = value_of(header->pairs, header->pairs_count, saved->metadata[i].key);
        if (!value || strcmp(value, saved->metadata[i].value) != 0)
            return neap_fail("metadata '%s' differs from what was written", saved->metadata[i].key);
    }
    return 0;
}

int neap_saved_verify(const neap_output *out, const neap_saved *saved)
{
    neap_header header = {0};
    if (out->held < 0)
        return 0;
    uint8_t *bytes = neap_calloc(LENGTH_BYTES + saved->header.length, 1);
    bool good = bytes && parse(out->held, saved->header.length, &header, bytes) == 0 &&
                check_tensors(&header, saved) == 0 && check_metadata(&header, saved) == 0;
    neap_header_free(&header);
    neap_free(bytes);
    if (good)
        return 0;
    neap_fail_in("read back");
    return neap_fail_in(out->path);
}
