/*
 * The header of a safetensors file, parsed and checked whole.
 */
#ifndef NEAP_IO_HEADER_H
#define NEAP_IO_HEADER_H

#include <neap/io.h>

/* Limits of readers, and therefore of writers. */
#define NEAP_HEADER_BYTES 100000000
#define NEAP_HEADER_ENTRIES 1000000
#define NEAP_HEADER_NAME 1024

typedef struct neap_entry {
    char *name;        /* owned */
    const char *dtype; /* as in the file, static */
    neap_shape shape;
    uint64_t begin, end; /* within the data */
} neap_entry;

typedef struct neap_header {
    neap_entry *entries; /* by begin */
    int count;
    neap_pair *pairs; /* metadata; strings owned */
    int pairs_count;
    const uint8_t *data; /* the start of the data, inside the file's bytes */
} neap_header;

/* `name` begins messages. On failure there is nothing to free. */
int neap_header_parse(neap_header *header, const char *name, const uint8_t *bytes, size_t size);
void neap_header_free(neap_header *header);

/* The name in files of a dtype of the core. */
const char *neap_header_dtype(neap_dtype dtype);
/* Bits of one element, by the name of its dtype in files; 0 for an unknown one. */
int neap_header_bits(const char *dtype);

#endif
