/*
 * NumPy's array format, from memory: NumPy Enhancement Proposal 1.
 */
#ifndef NEAP_IO_NPY_H
#define NEAP_IO_NPY_H

#include <stdbool.h>
#include <stddef.h>

#include <neap/tensor.h>

#define NEAP_NPY_DTYPE 32

typedef struct neap_npy_header {
    char dtype[NEAP_NPY_DTYPE]; /* "<f4", "|u1", ...; "[" for a structured one */
    bool fortran;               /* the first axis is innermost */
    neap_shape shape;
    unsigned seen; /* while parsing: a bit per key */
} neap_npy_header;

/* Parses the dictionary between the length and the data; the caller zeroes *header. False, without a message, for other
 * text. */
bool neap_npy_read_header(const char *text, size_t size, neap_npy_header *header);

neap_tensor *neap_npy_parse(const char *name, const void *bytes, size_t size);

#endif
