/*
 * Writes safetensors files: a header padded to eight bytes, then the tensors, ordered by descending element size and
 * then by name, so that all are aligned and the same tensors give the same bytes. The header is read back before the
 * file replaces another.
 */
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/header.h"
#include "io/output.h"
#include "io/text.h"
#include "io/verify.h"

static size_t bytes_of(neap_tensor *x)
{
    return (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x));
}

static int by_alignment(const void *left, const void *right)
{
    const neap_named_tensor *a = left, *b = right;
    size_t wide = neap_dtype_size(neap_dtype_of(a->tensor)), other = neap_dtype_size(neap_dtype_of(b->tensor));
    return wide != other ? (wide > other ? -1 : 1) : strcmp(a->name, b->name);
}

/* --- Checks ------------------------------------------------------------------------------------------------------ */

static int check_tensor(const neap_named_tensor *entry, int index)
{
    const char *name = entry->name;
    if (!name || !*name || !entry->tensor)
        return neap_fail("tensor %d: expected a name and a tensor", index);
    if (strlen(name) > NEAP_HEADER_NAME)
        return neap_fail("tensor %d: expected a name of at most %d bytes, got %zu", index, NEAP_HEADER_NAME,
                         strlen(name));
    if (!neap_text_is_utf8(name, strlen(name)))
        return neap_fail("tensor %d: expected a name in UTF-8", index);
    return strcmp(name, "__metadata__") ? 0 : neap_fail("'%s': the format reserves this name", name);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const neap_named_tensor *)left)->name, ((const neap_named_tensor *)right)->name);
}

static int check_tensors(neap_named_tensor *sorted, int count)
{
    if (count > NEAP_HEADER_ENTRIES)
        return neap_fail("expected at most %d tensors, got %d", NEAP_HEADER_ENTRIES, count);
    for (int i = 0; i < count; i++)
        if (check_tensor(&sorted[i], i) < 0)
            return -1;
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int i = 1; i < count; i++)
        if (strcmp(sorted[i].name, sorted[i - 1].name) == 0)
            return neap_fail("'%s': the name is given twice", sorted[i].name);
    return 0;
}

static int check_pairs(const neap_pair *metadata, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        const char *key = metadata[i].key, *value = metadata[i].value;
        if (!neap_text_is_utf8(key, strlen(key)) || !neap_text_is_utf8(value, strlen(value)))
            return neap_fail("metadata %d: expected UTF-8", i);
        for (int k = 0; k < i; k++)
            if (strcmp(key, metadata[k].key) == 0)
                return neap_fail("metadata '%s' is given twice", key);
    }
    return 0;
}

/* --- The header -------------------------------------------------------------------------------------------------- */

/* Other tools read "format"; metadata copied from another file may contain it already. */
static void add_metadata(neap_text *t, const neap_pair *metadata, int pairs)
{
    bool given = false;
    for (int i = 0; i < pairs; i++)
        given |= strcmp(metadata[i].key, "format") == 0;
    neap_text_add(t, "{\"__metadata__\":{%s", given ? "" : "\"format\":\"pt\"");
    for (int i = 0; i < pairs; i++) {
        neap_text_add(t, i || !given ? "," : "");
        neap_text_add_json(t, metadata[i].key);
        neap_text_add(t, ":");
        neap_text_add_json(t, metadata[i].value);
    }
    neap_text_add(t, "}");
}

static void add_entry(neap_text *t, const neap_named_tensor *entry, size_t at)
{
    neap_shape shape = neap_shape_of(entry->tensor);
    neap_text_add(t, ",");
    neap_text_add_json(t, entry->name);
    neap_text_add(t, ":{\"dtype\":\"%s\",\"shape\":[", neap_header_dtype(neap_dtype_of(entry->tensor)));
    for (int i = 0; i < shape.rank; i++)
        neap_text_add(t, "%s%lld", i ? "," : "", (long long)shape.dim[i]);
    neap_text_add(t, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes_of(entry->tensor));
}

static void make_header(neap_saved *saved)
{
    neap_text *t = &saved->header;
    size_t at = 0;
    add_metadata(t, saved->metadata, saved->pairs);
    for (int i = 0; i < saved->count; i++) {
        add_entry(t, &saved->tensors[i], at);
        at += bytes_of(saved->tensors[i].tensor);
    }
    neap_text_add(t, "}");
    while (!t->failed && t->length % 8)
        neap_text_add(t, " ");
}

/* --- Writing ----------------------------------------------------------------------------------------------------- */

static int write_header(neap_output *out, const neap_text *header)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)header->length >> 8 * i);
    return neap_output_write(out, length, sizeof length) < 0 ? -1 : neap_output_write(out, header->bytes, header->length);
}

/* Writes one tensor through a buffer, in row-major order for any strides. */
static int write_tensor(neap_output *out, neap_tensor *x)
{
    size_t size = bytes_of(x);
    if (size == 0)
        return 0;
    if (neap_is_contiguous(x))
        return neap_output_write(out, neap_data(x), size);
    void *buffer = neap_buffer_new(size);
    int status = buffer && neap_read(x, neap_dtype_of(x), buffer) == 0 ? neap_output_write(out, buffer, size) : -1;
    neap_buffer_free(buffer);
    return status;
}

static int write_all(neap_output *out, const neap_saved *saved)
{
    int status = write_header(out, &saved->header);
    for (int i = 0; status == 0 && i < saved->count; i++)
        status = write_tensor(out, saved->tensors[i].tensor);
    return status;
}

static int write_file(const char *path, const neap_saved *saved)
{
    neap_output out;
    if (neap_output_open(&out, path) < 0 || write_all(&out, saved) < 0 || neap_output_flush(&out) < 0 ||
        neap_saved_verify(&out, saved) < 0)
        return neap_output_abandon(&out);
    return neap_output_commit(&out);
}

/* Checks the contents of a file, sorts the tensors and makes the header. */
static int prepare(neap_saved *saved, neap_named_tensor *sorted)
{
    if (check_tensors(sorted, saved->count) < 0 || check_pairs(saved->metadata, saved->pairs) < 0)
        return -1;
    qsort(sorted, (size_t)saved->count, sizeof *sorted, by_alignment);
    saved->tensors = sorted;
    make_header(saved);
    if (saved->header.failed)
        return -1;
    if (saved->header.length > NEAP_HEADER_BYTES)
        return neap_fail("header: expected at most %d bytes, got %zu", NEAP_HEADER_BYTES, saved->header.length);
    return 0;
}

/* The list that prepare sorts. */
static neap_named_tensor *copy_of(const neap_named_tensor *tensors, int count)
{
    neap_named_tensor *copy = neap_calloc((size_t)count + 1, sizeof *copy);
    if (copy && count)
        memcpy(copy, tensors, (size_t)count * sizeof *tensors);
    return copy;
}

int neap_safetensors_save(const char *path, const neap_named_tensor *tensors, int count, const neap_pair *metadata,
                          int pairs)
{
    neap_saved saved = {.count = count, .metadata = metadata, .pairs = pairs};
    neap_named_tensor *sorted = copy_of(tensors, count);
    int status = sorted ? prepare(&saved, sorted) : -1;
    if (status == 0)
        status = write_file(path, &saved);
    neap_free(saved.header.bytes);
    neap_free(sorted);
    return status < 0 ? neap_fail_in("safetensors") : 0;
}

int64_t neap_safetensors_size(const neap_named_tensor *tensors, int count, const neap_pair *metadata, int pairs)
{
    neap_saved saved = {.count = count, .metadata = metadata, .pairs = pairs};
    neap_named_tensor *sorted = copy_of(tensors, count);
    int status = sorted ? prepare(&saved, sorted) : -1;
    int64_t size = 8 + (int64_t)saved.header.length;
    for (int i = 0; status == 0 && i < count; i++)
        size += (int64_t)bytes_of(sorted[i].tensor);
    neap_free(saved.header.bytes);
    neap_free(sorted);
    return status < 0 ? neap_fail_in("safetensors") : size;
}
