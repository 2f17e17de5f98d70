/*
 * For tests of pictures: tensors as levels, and what a decoder makes of damaged bytes.
 */
#ifndef NEAP_PICTURE_TEST_H
#define NEAP_PICTURE_TEST_H

#include <math.h>

#include "io/picture.h"
#include "io_test.h"

/* Of a picture in [-1, 1] there are 256 levels; the nearest one is at most half a level away. */
#define LEVEL (2 / 255.0)

static inline void ck_picture_is(neap_tensor *picture, int64_t height, int64_t width, int64_t channels)
{
    char text[NEAP_SHAPE_TEXT];
    present(picture);
    ck_assert_str_eq(neap_shape_text(neap_shape_of(picture), text),
                     saying("[%d, %d, %d]", (int)height, (int)width, (int)channels));
    ck_assert_int_eq(neap_dtype_of(picture), NEAP_F32);
}

/* Every element against its level from 0 to 255, with so many levels between them at most. */
static inline void ck_levels(neap_tensor *picture, const double *levels, double tolerance)
{
    const float *x = neap_data(picture);
    for (int64_t i = 0; i < neap_size(picture); i++) {
        double level = ((double)x[i] + 1) * 127.5;
        ck_assert_msg(fabs(level - levels[i]) <= tolerance, "element %d: expected level %g, got %g", (int)i, levels[i],
                      level);
    }
}

/* PNG, annex D: the checksum of a chunk, bit by bit. */
static inline uint32_t png_crc(const unsigned char *at, size_t size)
{
    uint32_t c = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        c ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
    }
    return ~c;
}

typedef neap_tensor *parse_fn(const char *name, const void *bytes, size_t size);

/* A picture of numbers in range, or none and a message; never anything else. Is there a picture? */
static inline bool decodes(parse_fn *parse, const unsigned char *bytes, size_t size)
{
    neap_scope scope = neap_scope_open();
    unsigned char *copy = present(neap_calloc(size, 1)); /* so that a sanitizer sees each byte read beyond */
    memcpy(copy, bytes, size);
    neap_tensor *picture = parse("f", copy, size);
    neap_free(copy);
    bool sound = !picture == neap_failed() && (picture || strncmp(neap_error_message(), "f: expected ", 12) == 0);
    const float *x = picture ? neap_data(picture) : NULL;
    for (int64_t i = 0; x && i < neap_size(picture); i++)
        sound &= x[i] >= -1 && x[i] <= 1;
    if (!sound)
        ck_abort_msg("of %zu bytes: %s", size, picture ? "a picture out of range" : neap_error_message());
    neap_error_clear();
    neap_scope_close(scope);
    return picture;
}

#endif
