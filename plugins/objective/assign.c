/*
 * The assignment problem by shortest augmenting paths (Jonker and Volgenant 1987; the bookkeeping after Kuhn's
 * Hungarian method): rows join one by one, each along the cheapest path of reassignments, and prices of rows and
 * columns keep all reduced costs from falling below zero.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "assign.h"

/* Column n is where a path begins: the row that joins is thought to hold it. */
typedef struct problem {
    const float *cost;
    int64_t n;
    double *row_price, *column_price; /* [n], [n + 1] */
    double *distance;                 /* [n + 1]: of the shortest path so far to a column */
    int64_t *holder;                  /* [n + 1]: the row that has a column, or -1 */
    int64_t *before;                  /* [n + 1]: the column before it on that path */
    bool *reached;                    /* [n + 1] */
} problem;

/* Looks from a reached column's row at all others, and returns the nearest column that was not reached. */
static int64_t look_on(problem *p, int64_t from)
{
    const int64_t n = p->n, row = p->holder[from];
    int64_t nearest = -1;
    for (int64_t j = 0; j < n; j++) {
        if (p->reached[j])
            continue;
        double reduced = (double)p->cost[row * n + j] - p->row_price[row] - p->column_price[j];
        if (reduced < p->distance[j]) {
            p->distance[j] = reduced;
            p->before[j] = from;
        }
        if (nearest < 0 || p->distance[j] < p->distance[nearest])
            nearest = j;
    }
    return nearest;
}

/* Prices move by the way gone, so that the path costs nothing and what is left of other ways is measured from here. */
static void move_prices(problem *p, double by)
{
    for (int64_t j = 0; j <= p->n; j++)
        if (p->reached[j]) {
            p->row_price[p->holder[j]] += by;
            p->column_price[j] -= by;
        } else {
            p->distance[j] -= by;
        }
}

static void join(problem *p, int64_t row)
{
    int64_t at = p->n;
    for (int64_t j = 0; j <= p->n; j++) {
        p->distance[j] = INFINITY;
        p->reached[j] = false;
    }
    p->holder[at] = row;
    while (p->holder[at] >= 0) {
        p->reached[at] = true;
        int64_t next = look_on(p, at);
        move_prices(p, p->distance[next]);
        at = next;
    }
    for (; at != p->n; at = p->before[at])
        p->holder[at] = p->holder[p->before[at]];
}

int assign_rows(const float *cost, int64_t n, int32_t *column)
{
    const size_t room = (size_t)n + 1;
    problem p = {cost, n, neap_calloc(room, sizeof(double)), neap_calloc(room, sizeof(double)),
                 neap_calloc(room, sizeof(double)), neap_calloc(room, sizeof(int64_t)),
                 neap_calloc(room, sizeof(int64_t)), neap_calloc(room, sizeof(bool))};
    bool ready = p.row_price && p.column_price && p.distance && p.holder && p.before && p.reached;
    for (int64_t j = 0; ready && j <= n; j++)
        p.holder[j] = -1;
    for (int64_t i = 0; ready && i < n; i++)
        join(&p, i);
    for (int64_t j = 0; ready && j < n; j++)
        column[p.holder[j]] = (int32_t)j;
    neap_free(p.row_price);
    neap_free(p.column_price);
    neap_free(p.distance);
    neap_free(p.holder);
    neap_free(p.before);
    neap_free(p.reached);
    return ready ? 0 : -1;
}
