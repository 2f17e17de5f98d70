/* The assignment problem. Part of the plugin flow_matching. */
#ifndef NEAP_OBJECTIVE_ASSIGN_H
#define NEAP_OBJECTIVE_ASSIGN_H

#include <stdint.h>

/* Fills column[i] with a permutation of 0 to n - 1 for which the sum of cost[i * n + column[i]] is smallest; costs are
 * finite. Takes a time of order n^3. Returns 0, or -1 with a message. */
int assign_rows(const float *cost, int64_t n, int32_t *column);

#endif
