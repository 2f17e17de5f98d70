/*
 * Metric: precision and recall (Kynkaanniemi et al. 2019, Improved Precision and Recall Metric for Assessing
 * Generative Models, equations 1 and 2). A side's manifold is the union of balls around its rows; the radius of a
 * ball is the distance to the row's k-th nearest neighbour on the same side. Precision is the share of samples within
 * the reference's manifold, recall the share of the reference within the samples' manifold. Neighbours are exact,
 * computed in blocks of products.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/ops.h>
#include <neap/parallel.h>

#include "evidence.h"

#define BLOCK 1024 /* rows a side: a block of products is 4 MiB */
#define MAX_K 64

typedef struct config {
    int64_t k;
} config;

typedef struct side {
    neap_tensor *rows;
    const double *squares; /* [N]: squared lengths of the rows */
    double *nearest;       /* [N, k]: squared distances to the nearest other rows, ascending */
    bool *inside;          /* [N]: is the row within the other side's manifold? */
} side;

/* Products of the rows of `from` that begin at `first` with the rows of `to` that begin at `second`. */
typedef struct block {
    side *from;
    const side *to;
    const float *products; /* [rows, columns] */
    int64_t first, second, columns, k;
} block;

/* Rounding must not make a distance negative. */
static double squared(const block *b, int64_t i, int64_t j)
{
    double product = (double)b->products[i * b->columns + j];
    return fmax(0, b->from->squares[b->first + i] + b->to->squares[b->second + j] - 2 * product);
}

static void insert(double *nearest, int64_t k, double distance)
{
    int64_t at = k - 1;
    for (; at > 0 && nearest[at - 1] > distance; at--)
        nearest[at] = nearest[at - 1];
    nearest[at] = distance;
}

static void find_nearest(void *user, int64_t begin, int64_t end)
{
    const block *b = user;
    for (int64_t i = begin; i < end; i++) {
        double *nearest = b->from->nearest + (b->first + i) * b->k;
        for (int64_t j = 0; j < b->columns; j++) {
            double distance = squared(b, i, j);
            if (distance < nearest[b->k - 1] && b->first + i != b->second + j)
                insert(nearest, b->k, distance);
        }
    }
}

static void find_inside(void *user, int64_t begin, int64_t end)
{
    const block *b = user;
    for (int64_t i = begin; i < end; i++)
        for (int64_t j = 0; j < b->columns && !b->from->inside[b->first + i]; j++)
            b->from->inside[b->first + i] = squared(b, i, j) <= b->to->nearest[(b->second + j + 1) * b->k - 1];
}

static neap_tensor *rows_from(const side *s, int64_t first)
{
    const int64_t end = first + BLOCK, count = neap_dim(s->rows, 0);
    return neap_slice(s->rows, 0, first, end < count ? end : count);
}

static int visit_block(block *b, neap_range_fn *visit)
{
    neap_tensor *products = neap_matmul_t(rows_from(b->from, b->first), rows_from(b->to, b->second), false, true);
    if (!products || neap_check_cancel() < 0)
        return -1;
    b->products = neap_data(products);
    b->columns = neap_dim(products, 1);
    neap_parallel(neap_dim(products, 0), 8, visit, b);
    return 0;
}

/* Calls `visit` on the rows of each pair of blocks. */
static int visit_all(side *from, const side *to, int64_t k, neap_range_fn *visit)
{
    for (int64_t first = 0; first < neap_dim(from->rows, 0); first += BLOCK)
        for (int64_t second = 0; second < neap_dim(to->rows, 0); second += BLOCK) {
            block b = {.from = from, .to = to, .first = first, .second = second, .k = k};
            neap_scope scope = neap_scope_open();
            int status = visit_block(&b, visit);
            neap_scope_close(scope);
            if (status < 0)
                return -1;
        }
    return 0;
}

/* Squared distances are differences of products and lose digits to cancellation, so the mean of the reference is
 * subtracted. */
static int prepare(side *s, neap_tensor *features, neap_tensor *centre, int64_t k)
{
    const int columns[] = {1};
    const int64_t rows = neap_dim(features, 0);
    s->rows = neap_sub(features, centre);
    s->squares = neap_data(neap_sum(neap_square(neap_cast(s->rows, NEAP_F64)), columns, 1, false));
    s->nearest = neap_data(neap_full(NEAP_F64, neap_dims(rows, k), INFINITY));
    s->inside = neap_data(neap_zeros(NEAP_U8, neap_dims(rows)));
    return s->squares && s->nearest && s->inside ? 0 : -1;
}

static double share_inside(const side *s)
{
    const int64_t rows = neap_dim(s->rows, 0);
    int64_t inside = 0;
    for (int64_t i = 0; i < rows; i++)
        inside += s->inside[i];
    return (double)inside / (double)rows;
}

static int compare(neap_tensor *samples, neap_tensor *reference, int64_t k, double *scores)
{
    const int rows[] = {0};
    side a = {0}, b = {0};
    neap_tensor *centre = neap_mean(reference, rows, 1, true);
    if (prepare(&a, samples, centre, k) < 0 || prepare(&b, reference, centre, k) < 0)
        return -1;
    if (visit_all(&a, &a, k, find_nearest) < 0 || visit_all(&b, &b, k, find_nearest) < 0 ||
        visit_all(&a, &b, k, find_inside) < 0 || visit_all(&b, &a, k, find_inside) < 0)
        return -1;
    scores[0] = share_inside(&a);
    scores[1] = share_inside(&b);
    return 0;
}

static int score(const void *settings, const neap_evidence *samples, const neap_evidence *reference, double *scores)
{
    const config *c = settings;
    if (evidence_features(samples, reference, c->k + 1) < 0)
        return -1;
    neap_scope scope = neap_scope_open();
    int status = compare(samples->features, reference->features, c->k, scores);
    neap_scope_close(scope);
    return status;
}

static const neap_metric functions = {
    sizeof functions, (const char *const[]){"precision", "recall", NULL}, score, (const char *const[]){"higher", "higher"},
};

static const neap_param params[] = {
    NEAP_INT(config, k, 3, 1, MAX_K, "Neighbour whose distance is the radius of a ball."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(precision_recall) = NEAP_ONE_COMPONENT("precision_recall", "1.0.0", "MIT",
                                                   "Share of the samples in the reference's manifold, and the reverse.",
                                                   "metric/2", config, params, functions);
