/*
 * For tests of pictures: tensors as levels, and what a decoder makes of damaged bytes.
 */
#ifndef NEAP_PICTURE_TEST_H
#define NEAP_PICTURE_TEST_H

#include <math.h>

#include "io/jpeg.h"
#include "io/picture.h"
#include "io/picture_bytes.h"
#include "io/png.h"
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

static inline neap_tensor *parse_png(const char *name, const void *bytes, size_t size)
{
    return neap_png_parse(name, bytes, size, NULL);
}

static inline neap_tensor *parse_picture(const char *name, const void *bytes, size_t size)
{
    return neap_picture_parse(name, bytes, size, NULL);
}

/* A TIFF structure as EXIF data hold it: one more entry, then the orientation, at these offsets. */
enum { EXIF_SIZE = 38, EXIF_DIRECTORY = 4, EXIF_COUNT = 8, EXIF_TAG = 22, EXIF_TYPE = 24, EXIF_VALUE = 30 };

static inline void make_exif(unsigned char exif[EXIF_SIZE], bool big, int orientation)
{
    static const unsigned char small_end[EXIF_SIZE] = {
        'I', 'I', '*', 0, 8, 0, 0, 0, 2, 0, /**/ 0x0f, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, /**/ 0x12, 1, 3, 0, 1, 0, 0, 0};
    static const unsigned char big_end[EXIF_SIZE] = {
        'M', 'M', 0, '*', 0, 0, 0, 8, 0, 2, /**/ 1, 0x0f, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, /**/ 1, 0x12, 0, 3, 0, 0, 0, 1};
    memcpy(exif, big ? big_end : small_end, EXIF_SIZE);
    exif[EXIF_VALUE + big] = (unsigned char)orientation;
}

/* Where the pixel at (y, x) of an upright picture stands in one of `height` rows as stored: for each orientation the
 * sides on which EXIF says that its first row and its first column are to be seen. */
static inline int stored_at(int orientation, int height, int width, int y, int x)
{
    static const char sides[][3] = {"tl", "tr", "br", "bl", "lt", "rt", "rb", "lb"};
    const char *side = sides[orientation - 1];
    bool turned = side[0] == 'l' || side[0] == 'r';
    int rows = turned ? width : height, columns = turned ? height : width; /* of the upright picture */
    int from_top[] = {y, rows - 1 - y}, from_left[] = {x, columns - 1 - x};
    int row = turned ? from_left[side[0] == 'r'] : from_top[side[0] == 'b'];
    int column = turned ? from_top[side[1] == 'b'] : from_left[side[1] == 'r'];
    return row * width + column;
}

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
