/*
 * The assignment problem by the algorithm of Jonker and Volgenant (1987, A Shortest Augmenting Path Algorithm for
 * Dense and Sparse Linear Assignment Problems). Columns have prices; every assigned row has a column of least reduced
 * cost, cost minus price. Most rows get one by bidding; each remaining row is added along the shortest path of
 * reassignments.
 */
#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "assign.h"

#define ROUNDS 2   /* of bidding */
#define MAX_BIDS 8 /* per free row and round: with rounding errors two rows might outbid each other for ever */

typedef struct problem {
    const float *cost;
    int64_t n;
    double *price;      /* [n], of columns */
    double *distance;   /* [n]: length of the shortest known path from the row that is added to a column */
    int64_t *row_of;    /* [n]: the row assigned to a column, or -1 */
    int64_t *column_of; /* [n]: the column assigned to a row, or -1 */
    int64_t *previous;  /* [n]: the row before a column on that path */
    int64_t *order;     /* [n]: columns; those that were reached are at the end */
    int64_t *free;      /* [n]: rows without a column */
} problem;

static double reduced(const problem *p, int64_t row, int64_t column)
{
    return (double)p->cost[row * p->n + column] - p->price[column];
}

static void assign(problem *p, int64_t row, int64_t column)
{
    p->column_of[row] = column;
    p->row_of[column] = row;
}

/* --- Bidding ------------------------------------------------------------------------------------------------------ */

typedef struct bid {
    int64_t best, second; /* columns */
    double value, next;   /* their reduced costs */
} bid;

static bid find_bid(const problem *p, int64_t row)
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

/* Assigns its cheapest column to the row and lowers the column's price until the second choice is as good. Returns
 * the row that loses the column, or -1. *again: the price has changed, so the loser may bid at once. */
static int64_t place_bid(problem *p, int64_t row, bool *again)
{
    const bid b = find_bid(p, row);
    const bool cheaper = b.value < b.next && b.second >= 0;
    const bool other = !cheaper && p->row_of[b.best] >= 0 && b.second >= 0;
    const int64_t column = other ? b.second : b.best, loser = p->row_of[column];
    if (cheaper)
        p->price[column] -= b.next - b.value;
    assign(p, row, column);
    if (loser >= 0)
        p->column_of[loser] = -1;
    *again = cheaper;
    return loser;
}

/* Every free row bids, then each row that loses its column to the bid. Returns the number of rows left without a
 * column. */
static int64_t bid_round(problem *p, int64_t count)
{
    int64_t left = 0, bids = MAX_BIDS * count;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = p->free[i];
        for (bool again = true; row >= 0 && again && bids > 0; bids--)
            row = place_bid(p, row, &again);
        if (row >= 0)
            p->free[left++] = row;
    }
    return left;
}

/* --- Shortest paths ----------------------------------------------------------------------------------------------- */

/* Moves the nearest column that was not reached yet to those that were; returns it. */
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

/* Extends the paths from a reached column's row to all columns that were not reached. */
static void extend(problem *p, int64_t column, int64_t left)
{
    const int64_t row = p->row_of[column];
    const double base = p->distance[column] - reduced(p, row, column);
    for (int64_t k = 0; k < left; k++) {
        const int64_t j = p->order[k];
        const double distance = base + reduced(p, row, j);
        if (distance < p->distance[j]) {
            p->distance[j] = distance;
            p->previous[j] = row;
        }
    }
}

/* Lowers the price of each reached column by how much nearer it is than the last, which raises its reduced cost as
 * much. */
static void move_prices(problem *p, int64_t left, int64_t last)
{
    for (int64_t k = left; k < p->n; k++)
        p->price[p->order[k]] += p->distance[p->order[k]] - p->distance[last];
}

static void add_row(problem *p, int64_t row)
{
    int64_t left = p->n, column, next;
    for (int64_t j = 0; j < p->n; j++) {
        p->distance[j] = reduced(p, row, j);
        p->previous[j] = row;
        p->order[j] = j;
    }
    for (column = reach(p, &left); p->row_of[column] >= 0; column = reach(p, &left))
        extend(p, column, left);
    move_prices(p, left, column);
    for (int64_t from = -1; from != row; column = next) {
        from = p->previous[column];
        next = p->column_of[from];
        assign(p, from, column);
    }
}

/* --- The algorithm ------------------------------------------------------------------------------------------------ */

static void solve(problem *p)
{
    int64_t count = p->n;
    for (int64_t i = 0; i < p->n; i++) {
        p->row_of[i] = p->column_of[i] = -1;
        p->free[i] = i;
    }
    for (int round = 0; round < ROUNDS && count > 0; round++)
        count = bid_round(p, count);
    for (int64_t i = 0; i < count; i++)
        add_row(p, p->free[i]);
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
        column[i] = (int32_t)p.column_of[i];
    neap_free(reals);
    neap_free(numbers);
    return ready ? 0 : -1;
}
