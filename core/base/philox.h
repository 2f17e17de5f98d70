/* Many Philox blocks at a time, for random.c. */
#ifndef NEAP_BASE_PHILOX_H
#define NEAP_BASE_PHILOX_H

#include <neap/random.h>

#define NEAP_PHILOX_LANES 16

/* Blocks counter[0], counter[0] + 1, ...: out[w][i] is word w of block i. */
void neap_philox_lanes(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4][NEAP_PHILOX_LANES]);

#endif
