/*
 * Uniforms, normals, streams and permutations from Philox.
 *
 * Counter: {block, sample's low half, stream's low half, stream's high half}; key: the seed. A sample's high half,
 * where it is not zero, selects another stream. Floats are computed with sums, products, quotients and square roots,
 * whose rounding IEEE 754 fixes; this file must be compiled without contraction to fused operations.
 */
#include <math.h>
#include <string.h>

#include "hash.h"
#include "philox.h"

#define LANES NEAP_PHILOX_LANES
#define PER_CALL (4 * LANES)

static uint64_t low_words(const uint32_t w[4])
{
    return (uint64_t)w[1] << 32 | w[0];
}

static neap_random derive(neap_random parent, uint64_t key, uint64_t index)
{
    uint32_t keys[2] = {(uint32_t)key, (uint32_t)(key >> 32)}, out[4];
    uint32_t counter[4] = {(uint32_t)parent.stream, (uint32_t)(parent.stream >> 32), (uint32_t)index, (uint32_t)(index >> 32)};
    neap_philox(keys, counter, out);
    return (neap_random){parent.seed, low_words(out)};
}

/* The key is the FNV-1a hash of the name. */
neap_random neap_random_fork(neap_random parent, const char *purpose)
{
    return derive(parent, neap_hash(NEAP_HASH_START, purpose, strlen(purpose)), 0);
}

neap_random neap_random_at(neap_random parent, uint64_t index)
{
    return derive(parent, UINT64_C(0x6e65617061740001), index);
}

typedef struct position {
    uint32_t key[2], counter[4];
} position;

static position start(neap_random random, uint64_t sample)
{
    if (sample >> 32)
        random = derive(random, UINT64_C(0x6e65617068690002), sample >> 32);
    return (position){{(uint32_t)random.seed, (uint32_t)(random.seed >> 32)},
                      {0, (uint32_t)sample, (uint32_t)random.stream, (uint32_t)(random.stream >> 32)}};
}

/* Fills `out` by whole calls of `make`, the last through a buffer; element i of block b is number 4 b + i. */
static void fill(neap_random random, uint64_t sample, int64_t count, float *out,
                 void (*make)(uint32_t words[4][LANES], float *numbers))
{
    position at = start(random, sample);
    uint32_t words[4][LANES];
    float numbers[PER_CALL];
    for (int64_t i = 0; i < count; i += PER_CALL, at.counter[0] += LANES) {
        neap_philox_lanes(at.key, at.counter, words);
        make(words, numbers);
        memcpy(out + i, numbers, sizeof(float) * (size_t)(count - i < PER_CALL ? count - i : PER_CALL));
    }
}

static void make_uniforms(uint32_t words[4][LANES], float *numbers)
{
    for (int lane = 0; lane < LANES; lane++)
        for (int w = 0; w < 4; w++)
            numbers[4 * lane + w] = (float)(words[w][lane] >> 8) * 0x1p-24f;
}

void neap_random_uniform(neap_random random, uint64_t sample, int64_t count, float *out)
{
    fill(random, sample, count, out, make_uniforms);
}

/* ln of u in (0, 1): u = 2^e m with m in [sqrt(1/2), sqrt(2)), ln m = 2 artanh(s), s = (m - 1) / (m + 1). */
static inline float log_unit(float u)
{
    uint32_t bits;
    memcpy(&bits, &u, sizeof bits);
    const int32_t e = (int32_t)(bits - UINT32_C(0x3f3504f3)) >> 23;
    bits -= (uint32_t)e << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    const float f = m - 1, s = f / (m + 1), z = s * s;
    const float tail = z * (0.666666667f + z * (0.4f + z * (0.285714286f + z * 0.222222222f)));
    return (float)e * 0.693147181f + (f - s * (f - tail));
}

/* Sine and cosine of 2 pi u: u = n / 4 + r, |r| <= 1/8, Taylor in 2 pi r, then the quarter turn. */
static inline void turn(float u, float *sine, float *cosine)
{
    const float a = u * 4;
    const int32_t n = (int32_t)(a + 0.5f);
    const float x = (a - (float)n) * 1.57079633f, z = x * x;
    const float s = x * (1 + z * (-0.166666667f + z * (8.33333333e-3f + z * (-1.98412698e-4f + z * 2.75573192e-6f))));
    const float c = 1 + z * (-0.5f + z * (4.16666667e-2f + z * (-1.38888889e-3f + z * 2.48015873e-5f)));
    const float swap_s = n & 1 ? c : s, swap_c = n & 1 ? s : c;
    *sine = n & 2 ? -swap_s : swap_s;
    *cosine = (n + 1) & 2 ? -swap_c : swap_c;
}

/* Box and Muller (1958): two uniforms give two normals. The first uniform is shifted by half a step, away from 0. */
static void make_normals(uint32_t words[4][LANES], float *numbers)
{
    for (int lane = 0; lane < LANES; lane++)
        for (int w = 0; w < 4; w += 2) {
            const float u = ((float)(words[w][lane] >> 8) + 0.5f) * 0x1p-24f;
            const float radius = sqrtf(-2 * log_unit(u));
            float s, c;
            turn((float)(words[w + 1][lane] >> 8) * 0x1p-24f, &s, &c);
            numbers[4 * lane + w] = radius * c;
            numbers[4 * lane + w + 1] = radius * s;
        }
}

void neap_random_normal(neap_random random, uint64_t sample, int64_t count, float *out)
{
    fill(random, sample, count, out, make_normals);
}

/* The high half of word times bound is uniform once words in the short last interval are drawn again (Lemire, Fast Random
 * Integer Generation in an Interval, 2019). */
uint32_t neap_random_below(neap_random random, uint64_t sample, uint64_t bound)
{
    position at = start(random, sample);
    const uint64_t reject = (UINT64_C(1) << 32) % bound;
    uint32_t words[4];
    for (;; at.counter[0]++) {
        neap_philox(at.key, at.counter, words);
        for (int w = 0; w < 4; w++) {
            const uint64_t product = (uint64_t)words[w] * bound;
            if ((uint32_t)product >= reject)
                return (uint32_t)(product >> 32);
        }
    }
}

/* One pass of a balanced Feistel network over 2 * half bits; a round's function is a Philox block. */
static uint64_t scramble(const position *at, int half, uint64_t value)
{
    const uint64_t mask = (UINT64_C(1) << half) - 1;
    uint64_t left = value >> half, right = value & mask;
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t out[4];
        const uint32_t counter[4] = {(uint32_t)right, round, at->counter[2], at->counter[3]};
        neap_philox(at->key, counter, out);
        const uint64_t next = (left ^ out[0]) & mask;
        left = right;
        right = next;
    }
    return left << half | right;
}

int64_t neap_random_permuted(neap_random random, int64_t count, int64_t index)
{
    const position at = start(random, 0);
    int half = 1;
    while (half < 31 && (INT64_C(1) << 2 * half) < count)
        half++;
    uint64_t value = (uint64_t)index;
    do
        value = scramble(&at, half, value);
    while (value >= (uint64_t)count);
    return (int64_t)value;
}
