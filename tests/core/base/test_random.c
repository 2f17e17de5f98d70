/*
 * Philox against the vectors published with Random123; uniforms and normals against a double-precision Box-Muller over
 * the same words, their moments, and a frozen checksum that every compiler and instruction set must meet.
 */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <neap/random.h>

/* kat_vectors of Random123, the three lines "philox4x32 10". */
static const struct answer {
    uint32_t counter[4], key[2], want[4];
} answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(known_answers)
{
    uint32_t got[4];
    neap_philox(answers[_i].key, answers[_i].counter, got);
    ck_assert_mem_eq(got, answers[_i].want, sizeof got);
}
END_TEST

static const neap_random source = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

/* The words behind numbers 4 block to 4 block + 3 of a sample below 2^32. */
static void words_of(neap_random r, uint32_t sample, uint32_t block, uint32_t words[4])
{
    const uint32_t key[2] = {(uint32_t)r.seed, (uint32_t)(r.seed >> 32)};
    const uint32_t counter[4] = {block, sample, (uint32_t)r.stream, (uint32_t)(r.stream >> 32)};
    neap_philox(key, counter, words);
}

START_TEST(uniforms_are_the_words)
{
    enum { COUNT = 4000 };
    float got[COUNT];
    uint32_t words[4];
    neap_random_uniform(source, 7, COUNT, got);
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i % 4 == 0) {
            words_of(source, 7, i / 4, words);
        }
        const float want = ldexpf((float)(words[i % 4] >> 8), -24);
        ck_assert_msg(got[i] == want && got[i] >= 0 && got[i] < 1, "number %u", i);
    }
}
END_TEST

/* The angle's cosine and sine, the radius' logarithm and root and the product each err by a few rounding units of the
 * radius, which is at most 6: 2e-6 allows four of them at the largest radius. */
START_TEST(normals_are_box_muller)
{
    enum { COUNT = 200000 };
    float *got = malloc(COUNT * sizeof *got);
    double worst = 0;
    neap_random_normal(source, 3, COUNT, got);
    for (uint32_t block = 0; block < COUNT / 4; block++) {
        uint32_t words[4];
        words_of(source, 3, block, words);
        for (int pair = 0; pair < 4; pair += 2) {
            const double u = ((words[pair] >> 8) + 0.5) / 16777216, turn = (words[pair + 1] >> 8) / 16777216.0;
            const double radius = sqrt(-2 * log(u)), angle = 2 * acos(-1) * turn;
            /* Half a step is lost where u is rounded to 24 bits: d radius = du / (u radius). */
            const double lost = 0x1p-25 / (u * (radius > 1e-4 ? radius : 1e-4));
            const double off[2] = {fabs(radius * cos(angle) - (double)got[4 * block + pair]),
                                   fabs(radius * sin(angle) - (double)got[4 * block + pair + 1])};
            for (int i = 0; i < 2; i++) {
                ck_assert_msg(off[i] <= 2e-6 + (u > 0.25 ? lost : 0), "block %u: off by %g", block, off[i]);
                worst = off[i] > worst && u <= 0.25 ? off[i] : worst;
            }
        }
    }
    ck_assert_double_gt(worst, 0);
    free(got);
}
END_TEST

/* Moments of 4 million numbers; the bounds are five standard errors. */
START_TEST(moments)
{
    enum { SAMPLES = 1000, COUNT = 4000 };
    static float x[COUNT];
    const double n = (double)SAMPLES * COUNT;
    double sum[5] = {0}, uniform[3] = {0}, beyond = 0;
    for (uint64_t s = 0; s < SAMPLES; s++) {
        neap_random_normal(source, s, COUNT, x);
        for (int i = 0; i < COUNT; i++) {
            const double v = (double)x[i];
            sum[1] += v, sum[2] += v * v, sum[3] += v * v * v, sum[4] += v * v * v * v;
            beyond += fabs(v) > 3;
        }
        neap_random_uniform(source, s, COUNT, x);
        for (int i = 0; i < COUNT; i++) {
            uniform[1] += (double)x[i], uniform[2] += (double)x[i] * (double)x[i];
        }
    }
    const double error = 5 / sqrt(n);
    ck_assert_double_le(fabs(sum[1] / n), error);
    ck_assert_double_le(fabs(sum[2] / n - 1), error * sqrt(2));
    ck_assert_double_le(fabs(sum[3] / n), error * sqrt(15));
    ck_assert_double_le(fabs(sum[4] / n - 3), error * sqrt(96));
    ck_assert_double_le(fabs(beyond / n - 0.0026997961), error * sqrt(0.0027));
    ck_assert_double_le(fabs(uniform[1] / n - 0.5), error * sqrt(1.0 / 12));
    ck_assert_double_le(fabs(uniform[2] / n - 1.0 / 3), error * sqrt(4.0 / 45));
}
END_TEST

/* Any prefix of a sample is the same, whatever count was asked for; and nothing past it is written. */
START_TEST(prefixes)
{
    enum { LONG = 1000 };
    float whole[2][LONG], part[LONG + 1];
    neap_random_uniform(source, 5, LONG, whole[0]);
    neap_random_normal(source, 5, LONG, whole[1]);
    for (int64_t count = 0; count < LONG; count += count < 140 ? 1 : 61) {
        for (int normal = 0; normal < 2; normal++) {
            memset(part, 0xff, sizeof part);
            (normal ? neap_random_normal : neap_random_uniform)(source, 5, count, part);
            ck_assert_mem_eq(part, whole[normal], (size_t)count * sizeof *part);
            ck_assert(isnan(part[count]));
        }
    }
}
END_TEST

static bool same_numbers(neap_random a, uint64_t sample_a, neap_random b, uint64_t sample_b)
{
    float x[64], y[64];
    int equal = 0;
    neap_random_uniform(a, sample_a, 64, x);
    neap_random_uniform(b, sample_b, 64, y);
    for (int i = 0; i < 64; i++) {
        equal += x[i] == y[i];
    }
    return equal > 2;
}

/* Samples on both sides of 2^32, forks and indices, and their children, are all unlike. */
START_TEST(streams_are_apart)
{
    const neap_random noise = neap_random_fork(source, "noise");
    const neap_random all[] = {source, noise, neap_random_fork(source, "time"), neap_random_fork(source, ""),
                               neap_random_fork(noise, "noise"), neap_random_at(source, 0), neap_random_at(source, 1),
                               neap_random_at(source, UINT64_C(1) << 32), neap_random_at(noise, 1),
                               {source.seed + 1, source.stream}, {source.seed, source.stream + 1}};
    const uint64_t samples[] = {0, 1, 2, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(1) << 63};
    enum { STREAMS = sizeof all / sizeof *all, SAMPLES = sizeof samples / sizeof *samples };
    for (int i = 0; i < STREAMS * SAMPLES; i++) {
        for (int j = 0; j < i; j++) {
            ck_assert_msg(!same_numbers(all[i / SAMPLES], samples[i % SAMPLES], all[j / SAMPLES], samples[j % SAMPLES]),
                          "%d and %d", i, j);
        }
    }
    ck_assert(same_numbers(noise, 3, neap_random_fork(source, "noise"), 3));
}
END_TEST

/* 65536 draws over ten values: each count within five standard deviations. */
START_TEST(below)
{
    int counts[10] = {0};
    for (uint64_t i = 0; i < 65536; i++) {
        const uint32_t x = neap_random_below(source, i, 10);
        ck_assert_uint_lt(x, 10);
        counts[x]++;
    }
    for (int i = 0; i < 10; i++) {
        ck_assert_int_le(abs(counts[i] - 6554), 5 * 77);
    }
    /* Without rejection one word in four would be surplus, and half of these numbers multiples of three. */
    int multiples = 0;
    for (uint64_t i = 0; i < 9000; i++) {
        multiples += neap_random_below(source, i, UINT64_C(3) << 30) % 3 == 0;
    }
    ck_assert_int_le(abs(multiples - 3000), 5 * 45);
    int high = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_uint_eq(neap_random_below(source, i, 1), 0);
        ck_assert_uint_lt(neap_random_below(source, i, UINT64_C(3000000000)), 3000000000u);
        high += neap_random_below(source, i, UINT64_C(1) << 32) >> 31;
    }
    ck_assert_int_le(abs(high - 500), 80);
}
END_TEST

START_TEST(permutations)
{
    static const int64_t counts[] = {1, 2, 3, 4, 5, 16, 17, 100, 1000, 4096, 60000};
    const int64_t count = counts[_i];
    char *seen = calloc((size_t)count, 1);
    int64_t fixed = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = neap_random_permuted(source, count, i);
        ck_assert(at >= 0 && at < count);
        ck_assert_msg(!seen[at], "%d twice", (int)at);
        seen[at] = 1;
        fixed += at == i;
    }
    /* A random permutation has one fixed point on average; ten have a chance of one in ten million. */
    ck_assert(count < 16 || fixed < 10);
    free(seen);
}
END_TEST

/* Over many seeds every one of the permutations of three comes, each about as often; and the first of many entries is
 * spread over all places. Bounds: six standard deviations. */
START_TEST(permutations_are_uniform)
{
    enum { SEEDS = 12000, COUNT = 1000 };
    int orders[9] = {0}, thirds[3] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const neap_random r = {seed, 1};
        orders[3 * neap_random_permuted(r, 3, 0) + neap_random_permuted(r, 3, 1)]++;
        thirds[neap_random_permuted(r, COUNT, 0) * 3 / COUNT]++;
    }
    for (int i = 0; i < 9; i++) {
        const int want = i % 4 == 0 ? 0 : SEEDS / 6;
        ck_assert_msg(abs(orders[i] - want) <= (want ? 6 * 41 : 0), "order %d: %d", i, orders[i]);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_le(abs(thirds[i] - SEEDS / 3), 6 * 52);
    }
}
END_TEST

/* FNV-1a over the bits of a million numbers, recorded once from this code. A change means that no old run can be
 * repeated: the version of the numbers must then be said in the release notes. */
static uint64_t checksum(void (*draw)(neap_random, uint64_t, int64_t, float *))
{
    enum { COUNT = 10000 };
    static float x[COUNT];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint64_t s = 0; s < 100; s++) {
        draw(source, s << 31, COUNT, x);
        for (int i = 0; i < COUNT; i++) {
            uint32_t bits;
            memcpy(&bits, &x[i], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

START_TEST(frozen)
{
    ck_assert_uint_eq(checksum(neap_random_uniform), UINT64_C(0xa92092853835aa01));
    ck_assert_uint_eq(checksum(neap_random_normal), UINT64_C(0xb3ae3d75ca2b3d91));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("random");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, known_answers, 0, 3);
    tcase_add_test(tests, uniforms_are_the_words);
    tcase_add_test(tests, normals_are_box_muller);
    tcase_add_test(tests, moments);
    tcase_add_test(tests, prefixes);
    tcase_add_test(tests, streams_are_apart);
    tcase_add_test(tests, below);
    tcase_add_loop_test(tests, permutations, 0, 11);
    tcase_add_test(tests, permutations_are_uniform);
    tcase_add_test(tests, frozen);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
