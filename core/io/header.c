/*
 * Reads the header of a safetensors file, at least as strictly as the format's reference, so that later reads need no
 * checks. Rules in the order of the format's description: length, UTF-8, one JSON object, offsets without gaps or
 * overlaps, sizes equal to those of shape and dtype, no bytes left over.
 */
#include "io/header.h"

#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/jansson.h"
#include "io/text.h"

#define LENGTH_BYTES 8

static const struct {
    const char *name;
    int bits;
} dtypes[] = {
    {"F64", 64}, {"F32", 32}, {"F16", 16}, {"BF16", 16}, {"I64", 64}, {"I32", 32},     {"I16", 16},     {"I8", 8},
    {"U64", 64}, {"U32", 32}, {"U16", 16}, {"U8", 8},    {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8},
};

static const char *known_dtype(const char *name, int *bits)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0) {
            *bits = dtypes[i].bits;
            return dtypes[i].name;
        }
    return NULL;
}

const char *neap_header_dtype(neap_dtype dtype)
{
    static const char *const spellings[NEAP_DTYPE_COUNT] = {
        [NEAP_F32] = "F32", [NEAP_F64] = "F64", [NEAP_BF16] = "BF16", [NEAP_I32] = "I32", [NEAP_U8] = "U8",
    };
    return spellings[dtype];
}

int neap_header_bits(const char *dtype)
{
    int bits = 0;
    return known_dtype(dtype, &bits) ? bits : 0;
}

/* --- One entry --------------------------------------------------------------------------------------------------- */

static int read_shape(neap_entry *e, const json_t *list)
{
    if (!json_is_array(list))
        return neap_fail("'%s': expected a shape", e->name);
    if (json_array_size(list) > NEAP_MAX_RANK)
        return neap_fail("'%s': expected at most %d axes, got %zu", e->name, NEAP_MAX_RANK, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *size = json_array_get(list, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return neap_fail("'%s': shape: expected whole numbers from 0", e->name);
        e->shape.dim[e->shape.rank++] = json_integer_value(size);
    }
    return 0;
}

static int read_offsets(neap_entry *e, const json_t *list)
{
    const json_t *begin = json_array_get(list, 0), *end = json_array_get(list, 1);
    if (json_array_size(list) != 2 || !json_is_integer(begin) || !json_is_integer(end) || json_integer_value(begin) < 0)
        return neap_fail("'%s': data_offsets: expected two whole numbers from 0", e->name);
    if (json_integer_value(end) < json_integer_value(begin))
        return neap_fail("'%s': data_offsets: expected an end after %lld, got %lld", e->name,
                         (long long)json_integer_value(begin), (long long)json_integer_value(end));
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    return 0;
}

/* Elements of the shape times bits of the dtype must equal the bytes between the offsets. */
static int check_size(const neap_entry *e, int bits)
{
    uint64_t total = (uint64_t)bits / 8;
    char text[NEAP_SHAPE_TEXT];
    bool fits = true;
    for (int i = 0; i < e->shape.rank; i++)
        fits = fits && !__builtin_mul_overflow(total, (uint64_t)e->shape.dim[i], &total);
    if (fits && total == e->end - e->begin)
        return 0;
    return neap_fail("'%s': %s of %s does not fill the bytes from %llu to %llu", e->name,
                     neap_shape_text(e->shape, text), e->dtype, (unsigned long long)e->begin, (unsigned long long)e->end);
}

static int read_entry(neap_entry *e, const char *name, const json_t *value)
{
    int bits = 0;
    if (strlen(name) > NEAP_HEADER_NAME)
        return neap_fail("a name: expected at most %d bytes, got %zu", NEAP_HEADER_NAME, strlen(name));
    if (!(e->name = neap_strdup(name)))
        return -1;
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    if (!json_is_object(value) || json_object_size(value) != 3)
        return neap_fail("'%s': expected dtype, shape and data_offsets", name);
    if (!(e->dtype = known_dtype(dtype, &bits)))
        return neap_fail("'%s': unknown dtype '%s'", name, dtype ? dtype : "");
    if (read_shape(e, json_object_get(value, "shape")) < 0 || read_offsets(e, json_object_get(value, "data_offsets")) < 0)
        return -1;
    return check_size(e, bits);
}

/* --- All of them ------------------------------------------------------------------------------------------------- */

static int read_metadata(neap_header *h, json_t *object)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return neap_fail("__metadata__: expected an object");
    h->pairs = neap_calloc(json_object_size(object) + 1, sizeof *h->pairs);
    if (!h->pairs)
        return -1;
    json_object_foreach(object, key, value) {
        if (!json_is_string(value))
            return neap_fail("__metadata__: '%s': expected text", key);
        neap_pair pair = {neap_strdup(key), neap_strdup(json_string_value(value))};
        h->pairs[h->pairs_count++] = pair;
        if (!pair.key || !pair.value)
            return -1;
    }
    return 0;
}

static int read_entries(neap_header *h, json_t *object)
{
    const char *key;
    json_t *value;
    size_t count = json_object_size(object) - (json_object_get(object, "__metadata__") != NULL);
    if (count > NEAP_HEADER_ENTRIES)
        return neap_fail("expected at most %d tensors, got %zu", NEAP_HEADER_ENTRIES, count);
    h->entries = neap_calloc(count + 1, sizeof *h->entries);
    if (!h->entries)
        return -1;
    json_object_foreach(object, key, value) {
        int status = strcmp(key, "__metadata__") == 0 ? read_metadata(h, value)
                                                      : read_entry(&h->entries[h->count++], key, value);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int by_begin(const void *left, const void *right)
{
    const neap_entry *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static int check_cover(const neap_header *h, uint64_t size)
{
    uint64_t at = 0;
    for (int i = 0; i < h->count; i++) {
        const neap_entry *e = &h->entries[i];
        if (e->begin != at)
            return neap_fail("'%s': data_offsets: expected to begin at %llu, got %llu", e->name, (unsigned long long)at,
                             (unsigned long long)e->begin);
        at = e->end;
    }
    return at == size ? 0
                      : neap_fail("expected %llu bytes of data, got %llu", (unsigned long long)at, (unsigned long long)size);
}

static int read_object(neap_header *h, const char *text, size_t length)
{
    json_error_t error;
    neap_json_begin();
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    int status = object && !neap_json_refused() ? read_entries(h, object)
                                                : neap_fail("header: %s at byte %d", error.text, error.position);
    json_decref(object);
    return status;
}

static uint64_t length_of(const uint8_t *bytes)
{
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    return length;
}

/* Checks the length, and that a JSON object follows. */
static bool begins_well(const uint8_t *bytes, size_t size)
{
    return size > LENGTH_BYTES && bytes[LENGTH_BYTES] == '{' && length_of(bytes) <= NEAP_HEADER_BYTES;
}

static int parse(neap_header *h, const uint8_t *bytes, size_t size)
{
    if (size < LENGTH_BYTES)
        return neap_fail("expected at least %d bytes, got %zu", LENGTH_BYTES, size);
    uint64_t length = length_of(bytes);
    if (length > NEAP_HEADER_BYTES)
        return neap_fail("header: expected at most %d bytes, got %llu", NEAP_HEADER_BYTES, (unsigned long long)length);
    if (length > size - LENGTH_BYTES)
        return neap_fail("header: expected %llu bytes, got %zu", (unsigned long long)length, size - LENGTH_BYTES);
    const char *text = (const char *)bytes + LENGTH_BYTES;
    if (!neap_text_is_utf8(text, length))
        return neap_fail("header: expected UTF-8");
    if (length == 0 || *text != '{')
        return neap_fail("header: expected one JSON object");
    if (read_object(h, text, length) < 0)
        return -1;
    qsort(h->entries, (size_t)h->count, sizeof *h->entries, by_begin);
    h->data = bytes + LENGTH_BYTES + length;
    return check_cover(h, size - LENGTH_BYTES - length);
}

int neap_header_parse(neap_header *h, const char *name, const uint8_t *bytes, size_t size)
{
    *h = (neap_header){0};
    if (!begins_well(bytes, size) && neap_refuse_foreign(name, NEAP_FILE_SAFETENSORS, bytes, size) < 0)
        return -1;
    if (parse(h, bytes, size) == 0)
        return 0;
    neap_header_free(h);
    return neap_fail_in(name);
}

void neap_header_free(neap_header *h)
{
    for (int i = 0; i < h->count; i++)
        neap_free(h->entries[i].name);
    for (int i = 0; i < h->pairs_count; i++) {
        neap_free((char *)(uintptr_t)h->pairs[i].key);
        neap_free((char *)(uintptr_t)h->pairs[i].value);
    }
    neap_free(h->entries);
    neap_free(h->pairs);
    *h = (neap_header){0};
}
