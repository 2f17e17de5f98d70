/*
 * Linear algebra that needs LAPACK, which OpenBLAS holds. The library is loaded by the first call that wants it.
 */
#ifndef NEAP_LINALG_H
#define NEAP_LINALG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Eigenvalues of the symmetric matrix a [n, n], in ascending order to values [n]. Overwrites a: with the eigenvectors, one a
 * row in the order of the values, where `vectors` is true. -1 with a message where OpenBLAS cannot be loaded or the iteration
 * does not converge.
 */
int neap_eigenvalues_symmetric(double *a, int64_t n, double *values, bool vectors);

#endif
