/* The assignment problem. Part of the plugin flow_matching. */
#ifndef NEAP_OBJECTIVE_ASSIGN_H
#define NEAP_OBJECTIVE_ASSIGN_H

#include <stdint.h>

/* Fills `column` with the permutation of 0 to n - 1 that minimises the sum of cost[i * n + column[i]]; costs are
 * finite. Time is O(n^3). Returns 0, or -1 with a message. */
int assign_rows(const float *cost, int64_t n, int32_t *column);

#endif
