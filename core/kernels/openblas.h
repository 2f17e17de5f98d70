/*
 * OpenBLAS in place of our matrix product, on request.
 */
#ifndef NEAP_KERNELS_OPENBLAS_H
#define NEAP_KERNELS_OPENBLAS_H

#include "kernels.h"

/* Replaces gemm and gemm_batch of a table for f32 or f64. The rest of the table stays. -1 with a message where OpenBLAS cannot
 * be loaded. */
int neap_openblas_install(neap_kernels *table, neap_dtype dtype);

#endif
