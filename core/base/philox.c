/* Philox4x32-10, block by block and many at a time. */
#include "philox.h"

#define MULTIPLIER_0 UINT32_C(0xD2511F53)
#define MULTIPLIER_1 UINT32_C(0xCD9E8D57)
#define WEYL_0 UINT32_C(0x9E3779B9)
#define WEYL_1 UINT32_C(0xBB67AE85)
#define ROUNDS 10

void neap_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint64_t p0 = (uint64_t)MULTIPLIER_0 * a, p1 = (uint64_t)MULTIPLIER_1 * c;
        a = (uint32_t)(p1 >> 32) ^ b ^ (key[0] + i * WEYL_0);
        b = (uint32_t)p1;
        c = (uint32_t)(p0 >> 32) ^ d ^ (key[1] + i * WEYL_1);
        d = (uint32_t)p0;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

void neap_philox_lanes(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4][NEAP_PHILOX_LANES])
{
    for (uint32_t lane = 0; lane < NEAP_PHILOX_LANES; lane++) {
        uint32_t a = counter[0] + lane, b = counter[1], c = counter[2], d = counter[3];
        for (uint32_t i = 0; i < ROUNDS; i++) {
            const uint64_t p0 = (uint64_t)MULTIPLIER_0 * a, p1 = (uint64_t)MULTIPLIER_1 * c;
            a = (uint32_t)(p1 >> 32) ^ b ^ (key[0] + i * WEYL_0);
            b = (uint32_t)p1;
            c = (uint32_t)(p0 >> 32) ^ d ^ (key[1] + i * WEYL_1);
            d = (uint32_t)p0;
        }
        out[0][lane] = a, out[1][lane] = b, out[2][lane] = c, out[3][lane] = d;
    }
}
