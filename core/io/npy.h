/*
 * NumPy's array format, from memory: NumPy Enhancement Proposal 1.
 */
#ifndef NEAP_IO_NPY_H
#define NEAP_IO_NPY_H

#include <neap/tensor.h>

neap_tensor *neap_npy_parse(const char *name, const void *bytes, size_t size);

#endif
