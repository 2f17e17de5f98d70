/* Orientation of pictures: see exif.h. TIFF 6.0, section 2: a header, then a directory of entries of 12 bytes. */
#include "io/exif.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HEADER 8
#define ENTRY 12
#define ORIENTATION 0x0112
#define SHORT 3

static uint32_t number(const unsigned char *at, int bytes, bool big)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[big ? i : bytes - 1 - i];
    return value;
}

int neap_exif_orientation(const unsigned char *tiff, size_t size)
{
    if (size < HEADER || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    bool big = *tiff == 'M';
    size_t at = number(tiff + 4, 4, big);
    if (at > size || size - at < 2)
        return 1;
    const unsigned char *entry = tiff + at + 2, *end = tiff + size;
    for (uint32_t left = number(tiff + at, 2, big); left > 0 && end - entry >= ENTRY; left--, entry += ENTRY) {
        uint32_t value = number(entry + 8, 2, big);
        if (number(entry, 2, big) == ORIENTATION && number(entry + 2, 2, big) == SHORT)
            return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}
