/*
 * The header of a safetensors file: padded to eight bytes, with the tensors ordered by descending element size, so that all
 * are aligned.
 */
#include "io/saved.h"

#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/header.h"

size_t neap_saved_bytes(const neap_saved_tensor *entry)
{
    return (size_t)neap_shape_size(entry->shape) * neap_dtype_size(entry->dtype);
}

static int by_alignment(const void *left, const void *right)
{
    const neap_saved_tensor *a = left, *b = right;
    const size_t wide = neap_dtype_size(a->dtype), other = neap_dtype_size(b->dtype);
    return wide != other ? (wide > other ? -1 : 1) : strcmp(a->name, b->name);
}

/* --- Checks ------------------------------------------------------------------------------------------------------ */

static int check_tensor(const neap_saved_tensor *entry, int index)
{
    const char *name = entry->name;
    if (!name || !*name)
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
    return strcmp(((const neap_saved_tensor *)left)->name, ((const neap_saved_tensor *)right)->name);
}

static int check_tensors(neap_saved_tensor *sorted, int count)
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

static void add_entry(neap_text *t, const neap_saved_tensor *entry, size_t at)
{
    neap_text_add(t, ",");
    neap_text_add_json(t, entry->name);
    neap_text_add(t, ":{\"dtype\":\"%s\",\"shape\":[", neap_header_dtype(entry->dtype));
    for (int i = 0; i < entry->shape.rank; i++)
        neap_text_add(t, "%s%lld", i ? "," : "", (long long)entry->shape.dim[i]);
    neap_text_add(t, "],\"data_offsets\":[%zu,%zu]}", at, at + neap_saved_bytes(entry));
}

static void make_header(neap_saved *saved)
{
    neap_text *t = &saved->header;
    size_t at = 0;
    add_metadata(t, saved->metadata, saved->pairs);
    for (int i = 0; i < saved->count; i++) {
        add_entry(t, &saved->tensors[i], at);
        at += neap_saved_bytes(&saved->tensors[i]);
    }
    neap_text_add(t, "}");
    while (!t->failed && t->length % 8)
        neap_text_add(t, " ");
}

int neap_saved_write_header(const neap_saved *saved, neap_output *out)
{
    uint8_t length[8];
    const neap_text *header = &saved->header;
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)header->length >> 8 * i);
    return neap_output_write(out, length, sizeof length) < 0 ? -1 : neap_output_write(out, header->bytes, header->length);
}

int neap_saved_write_tensor(neap_output *out, neap_tensor *x)
{
    const size_t size = (size_t)neap_size(x) * neap_dtype_size(neap_dtype_of(x));
    if (size == 0)
        return 0;
    if (neap_is_contiguous(x))
        return neap_output_write(out, neap_data(x), size);
    void *buffer = neap_buffer_new(size);
    int status = buffer && neap_read(x, neap_dtype_of(x), buffer) == 0 ? neap_output_write(out, buffer, size) : -1;
    neap_buffer_free(buffer);
    return status;
}

/* --- All of it --------------------------------------------------------------------------------------------------- */

static int check_order(const neap_saved *saved)
{
    for (int i = 1; i < saved->count; i++)
        if (neap_dtype_size(saved->tensors[i].dtype) > neap_dtype_size(saved->tensors[i - 1].dtype))
            return neap_fail("'%s': expected tensors in the order of descending element sizes", saved->tensors[i].name);
    return 0;
}

static int check_names(const neap_saved *saved)
{
    neap_saved_tensor *sorted = neap_calloc((size_t)saved->count + 1, sizeof *sorted);
    if (sorted && saved->count)
        memcpy(sorted, saved->tensors, (size_t)saved->count * sizeof *sorted);
    const int status = sorted ? check_tensors(sorted, saved->count) : -1;
    neap_free(sorted);
    return status;
}

int neap_saved_prepare(neap_saved *saved, bool sort)
{
    if (check_names(saved) < 0 || check_pairs(saved->metadata, saved->pairs) < 0)
        return -1;
    if (sort && saved->count)
        qsort(saved->tensors, (size_t)saved->count, sizeof *saved->tensors, by_alignment);
    else if (!sort && check_order(saved) < 0)
        return -1;
    make_header(saved);
    if (saved->header.failed)
        return -1;
    if (saved->header.length > NEAP_HEADER_BYTES)
        return neap_fail("header: expected at most %d bytes, got %zu", NEAP_HEADER_BYTES, saved->header.length);
    return 0;
}
