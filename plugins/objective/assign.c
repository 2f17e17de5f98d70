/*
 * The assignment problem by the algorithm of Jonker and Volgenant (1987, A Shortest Augmenting Path Algorithm for Dense
 * and Sparse Linear Assignment Problems). Columns have prices, and a row holds a column that is among the cheapest for
 * it at those prices. Most rows find one by bidding; each of the rest joins along the shortest path of reassignments.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "assign.h"

#define ROUNDS 2       /* of bidding */
#define MOST_BIDS 8    /* for each free row and round: rounding may let two rows outbid each other for ever */

typedef struct problem {
    const float *cost;
    int64_t n;
    double *price;    /* [n], of columns */
    double *distance; /* [n]: of the shortest path so far from the row that joins to a column */
    int64_t *holder;  /* [n]: the row that has a column, or -1 */
    int64_t *held;    /* [n]: the column that a row has, or -1 */
    int64_t *before;  /* [n]: the row before a column on that path */
    int64_t *order;   /* [n]: columns; those that the path has reached stand at the end */
    int64_t *free;    /* [n]: rows without a column */
} problem;

static double reduced(const problem *p, int64_t row, int64_t column)
{
    return (double)p->cost[row * p->n + column] - p->price[column];
}

static void hold(problem *p, int64_t row, int64_t column)
{
    p->held[row] = column;
    p->holder[column] = row;
}

/* --- Bidding ------------------------------------------------------------------------------------------------------ */

typedef struct bid {
    int64_t best, second; /* columns */
    double value, next;   /* their reduced costs */
} bid;

static bid look_around(const problem *p, int64_t row)
{
    bid b = {-1, -1, INFINITY, INFINITY};
    for (int64_t j = 0; j < p->n; j++) {
        const double value = reduced(p, row, j);
        if (value < b.value)
            b = (bid){j, b.best, value, b.value};
        else if (value < b.next) {
            b.second = j;
            b.next = value;
        }
    }
    return b;
}

/* The row takes its cheapest column, whose price falls until its second choice would do as well. Gives the row that
 * had it, or -1; *again where that one may bid at once, for the price has changed. */
static int64_t take(problem *p, int64_t row, bool *again)
{
    const bid b = look_around(p, row);
    const bool cheaper = b.value < b.next && b.second >= 0;
    const bool other = !cheaper && p->holder[b.best] >= 0 && b.second >= 0;
    const int64_t column = other ? b.second : b.best, loser = p->holder[column];
    if (cheaper)
        p->price[column] -= b.next - b.value;
    hold(p, row, column);
    if (loser >= 0)
        p->held[loser] = -1;
    *again = cheaper;
    return loser;
}

/* Every free row bids once, and on, for as long as one loses its column to it; gives how many are left without. */
static int64_t bid_round(problem *p, int64_t count)
{
    int64_t left = 0, bids = MOST_BIDS * count;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = p->free[i];
        for (bool again = true; row >= 0 && again && bids > 0; bids--)
            row = take(p, row, &again);
        if (row >= 0)
            p->free[left++] = row;
    }
    return left;
}

/* --- Shortest paths ----------------------------------------------------------------------------------------------- */

/* The nearest of the columns that were not reached, put among those that were. */
static int64_t reach(problem *p, int64_t *left)
{
    int64_t at = 0;
    for (int64_t k = 1; k < *left; k++)
        if (p->distance[p->order[k]] < p->distance[p->order[at]])
            at = k;
    const int64_t column = p->order[at];
    p->order[at] = p->order[--*left];
    p->order[*left] = column;
    return column;
}

/* From a reached column's row to all columns that were not. */
static void look_on(problem *p, int64_t column, int64_t left)
{
    const int64_t row = p->holder[column];
    const double way = p->distance[column] - reduced(p, row, column);
    for (int64_t k = 0; k < left; k++) {
        const int64_t j = p->order[k];
        const double distance = way + reduced(p, row, j);
        if (distance < p->distance[j]) {
            p->distance[j] = distance;
            p->before[j] = row;
        }
    }
}

/* The columns that were reached before the last become dearer by what they were nearer. */
static void move_prices(problem *p, int64_t left, int64_t last)
{
    for (int64_t k = left; k < p->n; k++)
        p->price[p->order[k]] += p->distance[p->order[k]] - p->distance[last];
}

static void join(problem *p, int64_t row)
{
    int64_t left = p->n, column, next;
    for (int64_t j = 0; j < p->n; j++) {
        p->distance[j] = reduced(p, row, j);
        p->before[j] = row;
        p->order[j] = j;
    }
    for (column = reach(p, &left); p->holder[column] >= 0; column = reach(p, &left))
        look_on(p, column, left);
    move_prices(p, left, column);
    for (int64_t from = -1; from != row; column = next) {
        from = p->before[column];
        next = p->held[from];
        hold(p, from, column);
    }
}

/* --- All of it ---------------------------------------------------------------------------------------------------- */

static void solve(problem *p)
{
    int64_t count = p->n;
    for (int64_t i = 0; i < p->n; i++) {
        p->holder[i] = p->held[i] = -1;
        p->free[i] = i;
    }
    for (int round = 0; round < ROUNDS && count > 0; round++)
        count = bid_round(p, count);
    for (int64_t i = 0; i < count; i++)
        join(p, p->free[i]);
}

int assign_rows(const float *cost, int64_t n, int32_t *column)
{
    double *reals = neap_calloc(2 * (size_t)n + 1, sizeof *reals);
    int64_t *numbers = neap_calloc(5 * (size_t)n + 1, sizeof *numbers);
    problem p = {cost, n, reals, reals + n, numbers, numbers + n, numbers + 2 * n, numbers + 3 * n, numbers + 4 * n};
    const bool ready = reals && numbers;
    if (ready)
        solve(&p);
    for (int64_t i = 0; ready && i < n; i++)
        column[i] = (int32_t)p.held[i];
    neap_free(reals);
    neap_free(numbers);
    return ready ? 0 : -1;
}
