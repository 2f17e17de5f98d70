/* Hashes of contents, the parts that follow from them, and colours of backgrounds. Part of the plugins emoji, folder and
 * captioned_shapes. */
#ifndef NEAP_DATASET_CONTENT_H
#define NEAP_DATASET_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <neap/error.h>
#include <neap/registry.h>

/* FNV-1a with 64 bits (Fowler, Noll, Vo). Start with CONTENT_EMPTY. */
#define CONTENT_EMPTY UINT64_C(0xcbf29ce484222325)
static inline uint64_t content_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Does an example belong to the test part? A function of its hash and the share alone, so that other examples change
 * nothing. The hash is mixed first (Steele, Lea, Flood 2014, SplitMix), since FNV leaves the upper bits of short texts
 * similar. */
static inline bool content_is_test(uint64_t hash, double share)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((hash ^ hash >> 31) >> 11) * 0x1p-53 < share;
}

/* The values of the parameter `split`. */
enum { CONTENT_TRAIN, CONTENT_TEST };
static const char *const content_splits[] = {[CONTENT_TRAIN] = "train", [CONTENT_TEST] = "test", NULL};

/* What `part` of a data set with this parameter does. */
static inline int content_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    (void)draw, (void)count;
    return neap_instance_set_text(instance, "split", content_splits[part == NEAP_PART_TEST ? CONTENT_TEST : CONTENT_TRAIN]);
}

static inline int content_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* "white", "black", "grey" or "#rrggbb". Returns 0, or -1 with a message. */
static inline int content_color(const char *text, uint8_t rgb[3])
{
    static const struct {
        const char *name, *digits;
    } names[] = {{"white", "#ffffff"}, {"black", "#000000"}, {"grey", "#808080"}};
    const char *at = text ? text : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        at = strcmp(at, names[i].name) == 0 ? names[i].digits : at;
    bool good = strlen(at) == 7 && *at == '#';
    for (int i = 0; good && i < 3; i++) {
        const int high = content_digit(at[1 + 2 * i]), low = content_digit(at[2 + 2 * i]);
        good = high >= 0 && low >= 0;
        rgb[i] = (uint8_t)(high * 16 + low);
    }
    return good ? 0 : neap_fail("background: expected white, black, grey or #rrggbb, got '%s'", text ? text : "");
}

#endif
