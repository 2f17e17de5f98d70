/*
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3;
 * SC 2011).
 *
 * Each number is a function of (seed, stream, sample, position) alone: picture i of a seed does not depend on its
 * batch, the number of threads or the instruction set, and a run resumes from its step number.
 */
#ifndef NEAP_RANDOM_H
#define NEAP_RANDOM_H

#include <stdint.h>

typedef struct neap_random {
    uint64_t seed;
    uint64_t stream;
} neap_random;

/* One block: key and counter as in Random123. */
void neap_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* An independent stream for a purpose ("noise", "time") or a number (a step, an epoch). */
neap_random neap_random_fork(neap_random parent, const char *purpose);
neap_random neap_random_at(neap_random parent, uint64_t index);

/* Fills count numbers of one sample, from position 0. Uniforms lie in [0, 1), multiples of 2^-24; normals come from
 * the Box-Muller transform, without fused operations, so they have the same bits on every machine. */
void neap_random_uniform(neap_random random, uint64_t sample, int64_t count, float *out);
void neap_random_normal(neap_random random, uint64_t sample, int64_t count, float *out);

/* A number in [0, bound), bound from 1 to 2^32; without bias. */
uint32_t neap_random_below(neap_random random, uint64_t sample, uint64_t bound);

/* Entry `index` of a random permutation of [0, count), in constant memory (cycle walking on a Feistel network), so the
 * order of an epoch needs no state. */
int64_t neap_random_permuted(neap_random random, int64_t count, int64_t index);

#endif
