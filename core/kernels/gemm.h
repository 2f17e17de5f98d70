/* The matrix product for the other files of a set: with operands that are read, or rows that are written, by functions. */
#ifndef NEAP_KERNELS_GEMM_H
#define NEAP_KERNELS_GEMM_H

#include "product.h"

/* Writes where rows [row, row + rows) of C lie, in elements from C on. */
typedef void gemm_place_fn(const void *self, int64_t row, int64_t rows, int64_t *offset);

/* NULL members: as the strides say. */
typedef struct gemm_access {
    const gemm_reader *a, *b;
    gemm_place_fn *place;
    const void *placer;
} gemm_access;

/* `g` by product p, whatever g->bf16 says; -1 with a message where scratch memory is refused. */
int NEAP_VARIANT(neap_gemm_through)(const neap_product *p, const neap_gemm *g, const gemm_access *access);

#endif
