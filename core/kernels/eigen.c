/* Eigenvalues by LAPACK: see linalg.h. */
#include <limits.h>

#include <neap/error.h>
#include <neap/linalg.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include "openblas_library.h"

/* LAPACK's matrices are column-major, which a symmetric one does not notice; eigenvectors come as columns, our rows. */
static blasint solve(const neap_openblas *blas, const char *vectors, blasint n, double *a, double *values)
{
    double work_size = 0;
    blasint integers_size = 0, status = 0;
    const blasint ask = -1;
    blas->dsyevd(vectors, "U", &n, a, &n, values, &work_size, &ask, &integers_size, &ask, &status);
    const blasint size = (blasint)work_size;
    double *work = neap_calloc((size_t)size + 1, sizeof *work);
    blasint *integers = neap_calloc((size_t)integers_size + 1, sizeof *integers);
    blas->set_threads(1); /* with more, LAPACK adds in an order that depends on their number */
    if (work && integers)
        blas->dsyevd(vectors, "U", &n, a, &n, values, work, &size, integers, &integers_size, &status);
    blas->set_threads(neap_threads());
    neap_free(work);
    neap_free(integers);
    return status;
}

int neap_eigenvalues_symmetric(double *a, int64_t n, double *values, bool vectors)
{
    if (!a || !values || n < 1 || n > INT_MAX)
        return neap_fail("eigenvalues: expected a matrix of 1 to %d rows, got %lld", INT_MAX, (long long)n);
    const neap_openblas *blas = neap_openblas_library();
    if (!blas)
        return -1;
    if (!blas->dsyevd)
        return neap_fail("eigenvalues: this OpenBLAS was built without LAPACK");
    const blasint status = solve(blas, vectors ? "V" : "N", (blasint)n, a, values);
    if (neap_failed())
        return -1;
    return status == 0 ? 0 : neap_fail("eigenvalues: no convergence (LAPACK's status %d)", (int)status);
}
