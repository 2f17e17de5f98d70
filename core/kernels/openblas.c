/*
 * The matrix product by OpenBLAS (NEAP_GEMM=openblas): the reference in tests, and an alternative for users.
 *
 * OpenBLAS promises nothing about the order of its sums, so results may differ between numbers of threads. What it cannot
 * do (both strides of an operand above 1, bf16) our own kernel does.
 */
#include "openblas.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "openblas_library.h"

typedef int gemm_fn(const neap_kernels *kernels, const neap_gemm *g);

static gemm_fn *own_f32, *own_f64; /* our own, for what OpenBLAS cannot do */

/* An operand of m by n in OpenBLAS's terms: its order and leading dimension; false when neither stride is 1. */
typedef struct blas_operand {
    CBLAS_TRANSPOSE order;
    blasint leading;
} blas_operand;

static bool describe(int64_t m, int64_t n, int64_t row, int64_t col, blas_operand *out)
{
    if ((col == 1 || n == 1) && row >= n && row <= INT_MAX) {
        *out = (blas_operand){CblasNoTrans, (blasint)row};
        return true;
    }
    if ((row == 1 || m == 1) && col >= m && col <= INT_MAX) {
        *out = (blas_operand){CblasTrans, (blasint)col};
        return true;
    }
    return false;
}

static bool suits(const neap_gemm *g, blas_operand *a, blas_operand *b)
{
    const bool sized = g->m > 0 && g->n > 0 && g->k > 0 && g->m <= INT_MAX && g->n <= INT_MAX && g->k <= INT_MAX;
    return sized && g->c_row >= g->n && g->c_row <= INT_MAX && describe(g->m, g->k, g->a_row, g->a_col, a) &&
           describe(g->k, g->n, g->b_row, g->b_col, b);
}

#define ADD_BIAS(name, type)                                                                                        \
    static void name(const neap_gemm *g)                                                                            \
    {                                                                                                               \
        const type *bias = g->bias;                                                                                 \
        for (int64_t i = 0; bias && i < g->m; i++) {                                                                \
            type *row = (type *)g->c + i * g->c_row;                                                                \
            for (int64_t j = 0; j < g->n; j++) {                                                                    \
                row[j] += bias[j];                                                                                  \
            }                                                                                                       \
        }                                                                                                           \
        if (g->tile) {                                                                                              \
            g->tile(g->tile_user, 0, g->m, 0, g->n);                                                                \
        }                                                                                                           \
    }
ADD_BIAS(finish_f32, float)
ADD_BIAS(finish_f64, double)

static int gemm_f32(const neap_kernels *kernels, const neap_gemm *g)
{
    blas_operand a, b;
    if (g->bf16 || !suits(g, &a, &b)) {
        return own_f32(kernels, g);
    }
    const neap_openblas *blas = neap_openblas_library();
    if (!blas) {
        return -1;
    }
    blas->sgemm(CblasRowMajor, a.order, b.order, (blasint)g->m, (blasint)g->n, (blasint)g->k, 1.0f, g->a, a.leading,
                g->b, b.leading, g->accumulate ? 1.0f : 0.0f, g->c, (blasint)g->c_row);
    finish_f32(g);
    return 0;
}

static int gemm_f64(const neap_kernels *kernels, const neap_gemm *g)
{
    blas_operand a, b;
    if (!suits(g, &a, &b)) {
        return own_f64(kernels, g);
    }
    const neap_openblas *blas = neap_openblas_library();
    if (!blas) {
        return -1;
    }
    blas->dgemm(CblasRowMajor, a.order, b.order, (blasint)g->m, (blasint)g->n, (blasint)g->k, 1.0, g->a, a.leading,
                g->b, b.leading, g->accumulate ? 1.0 : 0.0, g->c, (blasint)g->c_row);
    finish_f64(g);
    return 0;
}

/* Product i of a batch. */
static neap_gemm nth(const neap_gemm *g, int64_t i, int64_t a_batch, int64_t b_batch, int64_t c_batch, size_t size)
{
    neap_gemm one = *g;
    one.a = (const char *)g->a + (size_t)(i * a_batch) * size;
    one.b = (const char *)g->b + (size_t)(i * b_batch) * size;
    one.c = (char *)g->c + (size_t)(i * c_batch) * size;
    return one;
}

static int each(gemm_fn *gemm, const neap_kernels *kernels, const neap_gemm *g, int64_t count, const int64_t batch[3],
                size_t size)
{
    for (int64_t i = 0; i < count; i++) {
        const neap_gemm one = nth(g, i, batch[0], batch[1], batch[2], size);
        if (gemm(kernels, &one) < 0) {
            return -1;
        }
    }
    return 0;
}

static int batch_f32(const neap_kernels *kernels, const neap_gemm *g, int64_t count, int64_t a_batch, int64_t b_batch,
                     int64_t c_batch)
{
    return each(gemm_f32, kernels, g, count, (const int64_t[]){a_batch, b_batch, c_batch}, sizeof(float));
}

static int batch_f64(const neap_kernels *kernels, const neap_gemm *g, int64_t count, int64_t a_batch, int64_t b_batch,
                     int64_t c_batch)
{
    return each(gemm_f64, kernels, g, count, (const int64_t[]){a_batch, b_batch, c_batch}, sizeof(double));
}

int neap_openblas_install(neap_kernels *table, neap_dtype dtype)
{
    if (!neap_openblas_library()) {
        return -1;
    }
    if (table->gemm == gemm_f32 || table->gemm == gemm_f64) {
        return 0; /* installed already: it would call itself */
    }
    if (dtype == NEAP_F32) {
        own_f32 = table->gemm;
        table->gemm = gemm_f32;
        table->gemm_batch = batch_f32;
    } else {
        own_f64 = table->gemm;
        table->gemm = gemm_f64;
        table->gemm_batch = batch_f64;
    }
    return 0;
}
