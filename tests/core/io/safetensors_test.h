/*
 * For tests of safetensors: files made in memory from their header and their data.
 */
#ifndef NEAP_SAFETENSORS_TEST_H
#define NEAP_SAFETENSORS_TEST_H

#include "io_test.h"

/* A block of exactly the file's size, so that a sanitizer sees each byte read beyond; there until the test ends. */
static inline uint8_t *file_bytes(uint64_t claimed, const char *header, size_t length, const void *data, size_t size)
{
    static uint8_t *kept[64];
    static int count;
    ck_assert_int_lt(count, 64);
    uint8_t *bytes = kept[count++] = present(neap_calloc(8 + length + size, 1));
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(claimed >> 8 * i);
    memcpy(bytes + 8, header, length);
    if (data)
        memcpy(bytes + 8 + length, data, size);
    return bytes;
}

static inline neap_safetensors *parse_data(const char *header, const void *data, size_t size)
{
    size_t length = strlen(header);
    return neap_safetensors_parse("f", file_bytes(length, header, length, data, size), 8 + length + size);
}

/* The usual case: zeros for data. */
static inline neap_safetensors *parse(const char *header, size_t size)
{
    return parse_data(header, NULL, size);
}

#define ENTRY(name, dtype, shape, offsets)                                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

#endif
