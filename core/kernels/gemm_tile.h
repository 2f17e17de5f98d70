/* The register tile of a set: MR rows by NV vectors. 24 accumulators fill the 32 registers of AVX-512, 12 the 16 of others. */
#ifndef NEAP_KERNELS_GEMM_TILE_H
#define NEAP_KERNELS_GEMM_TILE_H

#include "product.h"
#include "simd.h"

#define MR 6
#define NV (VLEN == 16 ? 4 : 2)
#define NR (NV * VLEN)

/* A neap_product's multiply. A word is a pair of bf16 in sets for bf16 alone, a real in others. */
void NEAP_VARIANT(neap_gemm_multiply)(const gemm_block *g);

#endif
