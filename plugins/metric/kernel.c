/*
 * Metric: the kernel distance (Binkowski et al. 2018, Demystifying MMD GANs, section 4): the squared maximum mean
 * discrepancy of features under the cubic kernel k(x, y) = (x.y / D + 1)^3. The estimate is unbiased, so it may be
 * negative for similar distributions. It uses all pairs and not the mean over random subsets.
 */
#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/ops.h>
#include <neap/parallel.h>

#include "evidence.h"

#define BLOCK 1024 /* rows a side: a block of products is 4 MiB */

typedef struct block {
    const float *products; /* [rows, columns] */
    int64_t columns;
    double scale;
    double sums[BLOCK]; /* of kernel values, by row */
} block;

static void add_rows(void *user, int64_t begin, int64_t end)
{
    block *b = user;
    for (int64_t i = begin; i < end; i++) {
        const float *x = b->products + i * b->columns;
        double sum = 0;
        for (int64_t j = 0; j < b->columns; j++) {
            double value = (double)x[j] * b->scale + 1;
            sum += value * value * value;
        }
        b->sums[i] = sum;
    }
}

/* Adds the kernel values of all pairs of a row of x and a row of y. */
static int add_block(neap_tensor *x, neap_tensor *y, double *sum)
{
    neap_tensor *products = neap_matmul_t(x, y, false, true);
    if (!products || neap_check_cancel() < 0)
        return -1;
    block b = {.products = neap_data(products), .columns = neap_dim(y, 0), .scale = 1.0 / (double)neap_dim(x, 1)};
    neap_parallel(neap_dim(x, 0), 16, add_rows, &b);
    for (int64_t i = 0; i < neap_dim(x, 0); i++)
        *sum += b.sums[i];
    return 0;
}

static neap_tensor *rows_from(neap_tensor *x, int64_t first)
{
    const int64_t end = first + BLOCK, count = neap_dim(x, 0);
    return neap_slice(x, 0, first, end < count ? end : count);
}

/* The sum over all pairs. Where x is y, a pair of different blocks is computed once and counted twice. */
static int sum_pairs(neap_tensor *x, neap_tensor *y, double *sum)
{
    *sum = 0;
    for (int64_t i = 0; i < neap_dim(x, 0); i += BLOCK)
        for (int64_t j = x == y ? i : 0; j < neap_dim(y, 0); j += BLOCK) {
            double part = 0;
            neap_scope scope = neap_scope_open();
            int status = add_block(rows_from(x, i), rows_from(y, j), &part);
            neap_scope_close(scope);
            if (status < 0)
                return -1;
            *sum += x == y && i != j ? 2 * part : part;
        }
    return 0;
}

/* The sum of k(x, x) over the rows, which the unbiased estimate excludes. */
static double diagonal(neap_tensor *x)
{
    const float *row = neap_data(x);
    const int64_t rows = neap_dim(x, 0), width = neap_dim(x, 1);
    double sum = 0;
    for (int64_t i = 0; row && i < rows; i++, row += width) {
        double square = 0;
        for (int64_t j = 0; j < width; j++)
            square += (double)row[j] * (double)row[j];
        double value = square / (double)width + 1;
        sum += value * value * value;
    }
    return sum;
}

static double off_diagonal_mean(double sum, neap_tensor *x)
{
    const double n = (double)neap_dim(x, 0);
    return (sum - diagonal(x)) / (n * (n - 1));
}

static int distance(neap_tensor *x, neap_tensor *y, double *score)
{
    double xx, yy, xy;
    if (sum_pairs(x, x, &xx) < 0 || sum_pairs(y, y, &yy) < 0 || sum_pairs(x, y, &xy) < 0)
        return -1;
    const double pairs = (double)neap_dim(x, 0) * (double)neap_dim(y, 0);
    *score = off_diagonal_mean(xx, x) + off_diagonal_mean(yy, y) - 2 * xy / pairs;
    return 0;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    (void)settings;
    if (evidence_features(samples, reference, 2) < 0)
        return -1;
    neap_scope scope = neap_scope_open();
    int status = distance(samples->features, reference->features, scores);
    neap_scope_close(scope);
    return status;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"kernel", NULL}, score, (const char *const[]){"lower"},
};

static const neap_param params[] = {NEAP_PARAMS_END};

NEAP_PLUGIN(kernel) = NEAP_ONE_COMPONENT("kernel", "1.0.0", "MIT",
                                         "Kernel distance of features: cubic, unbiased, over all pairs.", "metric/2",
                                         char, params, functions);
