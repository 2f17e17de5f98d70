/*
 * OpenBLAS, loaded when it is wanted and not before: what it does as it is loaded takes time and addresses, and where a limit
 * leaves too few of them it tries for ever.
 */
#ifndef NEAP_KERNELS_OPENBLAS_LIBRARY_H
#define NEAP_KERNELS_OPENBLAS_LIBRARY_H

#include <cblas.h>

/* LAPACK's symmetric eigenvalue problem by divide and conquer; matrices are column-major. */
typedef void neap_dsyevd(const char *vectors, const char *triangle, const blasint *n, double *a, const blasint *leading,
                         double *values, double *work, const blasint *work_size, blasint *integers,
                         const blasint *integers_size, blasint *status);

typedef struct neap_openblas {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(cblas_dgemm) *dgemm;
    neap_dsyevd *dsyevd; /* NULL where the library was built without LAPACK */
    __typeof__(openblas_set_num_threads) *set_threads;
    __typeof__(openblas_get_config) *config;
} neap_openblas;

/* NULL with a message where it is not installed or does not fit. Its number of threads is neap_threads(). */
const neap_openblas *neap_openblas_library(void);

#endif
