/*
 * For tests of kernels: random numbers, and arrays between guard bands.
 */
#ifndef NEAP_KERNEL_TEST_H
#define NEAP_KERNEL_TEST_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* xorshift64*: small, and independent of the code under test. */
static uint64_t random_state = 88172645463325252u;

static inline uint32_t random_bits(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 2685821657736338717u >> 32);
}

static inline int64_t random_below(int64_t bound)
{
    return (int64_t)(random_bits() % (uint64_t)bound);
}

/* In [-1, 1), a multiple of 2^-23. */
static inline float random_unit(void)
{
    return (float)(random_bits() >> 8) / 8388608.0f - 1.0f;
}

/* An array with a band of canaries on either side. Every byte of a new one is a canary, so gaps between rows are guarded,
 * too; as a float or a double a canary is a NaN, which shows wherever it is read. */
#define GUARD_BYTES 512
#define CANARY 0xff

typedef struct guarded {
    unsigned char *block;
    size_t bytes;
    void *data;
} guarded;

/* `offset` bytes past a 64-byte boundary: kernels must not assume more than the alignment of an element. */
static inline guarded guarded_new(size_t bytes, size_t offset)
{
    guarded g = {.bytes = bytes};
    const size_t size = (bytes + offset + 2 * GUARD_BYTES + 63) / 64 * 64;
    g.block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(g.block);
    memset(g.block, CANARY, size);
    g.data = g.block + GUARD_BYTES + offset;
    return g;
}

static inline bool all_canaries(const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != CANARY) {
            return false;
        }
    }
    return true;
}

/* Are both bands as they were? */
static inline bool guarded_intact(const guarded *g)
{
    const unsigned char *data = g->data;
    return all_canaries(data - GUARD_BYTES, GUARD_BYTES) && all_canaries(data + g->bytes, GUARD_BYTES);
}

static inline void guarded_free(guarded *g)
{
    free(g->block);
    *g = (guarded){0};
}

/* The nearest bf16, ties to even, by arithmetic on the value rather than its bits. */
static inline float nearest_bf16(float x)
{
    uint32_t bits;
    float down, up;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t low = bits & 0xffff0000u, high = low + 0x10000u;
    memcpy(&down, &low, sizeof down);
    memcpy(&up, &high, sizeof up);
    const double below = (double)x - (double)down, above = (double)up - (double)x;
    const double a = below < 0 ? -below : below, b = above < 0 ? -above : above;
    if (a == b) {
        return low & 0x10000u ? up : down;
    }
    return a < b ? down : up;
}

#endif
