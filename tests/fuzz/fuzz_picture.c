/* Fuzz target: any bytes as PNG, the same with every checksum made right, as JPEG, as either, and as EXIF data. */
#include <zlib.h>

#include <neap/error.h>

#include "io/exif.h"
#include "io/jpeg.h"
#include "io/picture.h"
#include "io/png.h"
#include "replay.h"

#define MOST_PIXELS (1 << 20)

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Large pictures are no errors; they only take the time of many small ones. */
static bool png_is_large(const uint8_t *data, size_t size)
{
    return size >= 24 && (uint64_t)u32(data + 16) * u32(data + 20) > MOST_PIXELS;
}

static bool jpeg_is_large(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 9 <= size; i++)
        if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf &&
            (u32(data + i + 5) >> 16) * (u32(data + i + 5) & 0xffff) > MOST_PIXELS) /* height and width */
            return true;
    return false;
}

static void check_range(neap_tensor *x, float low)
{
    const float *values = x ? neap_data(x) : NULL;
    for (int64_t i = 0; x && i < neap_size(x); i++)
        if (!(values[i] >= low && values[i] <= 1))
            abort();
}

/* A picture of numbers in range, or a message. */
static void check(neap_tensor *x)
{
    if (!x != neap_failed())
        abort();
    check_range(x, -1);
    neap_error_clear();
}

/* Over white, and with its alpha apart. */
static void check_png(const uint8_t *data, size_t size)
{
    neap_tensor *alpha = NULL;
    check(neap_png_parse("fuzz", data, size, NULL));
    neap_tensor *x = neap_png_parse("fuzz", data, size, &alpha);
    check(x);
    check_range(x ? alpha : NULL, 0);
}

/* Otherwise hardly any change would come further than to the checksum. */
static void repair(uint8_t *png, size_t size)
{
    for (size_t at = 8; at + 12 <= size && u32(png + at) <= size - at - 12; at += 12 + u32(png + at)) {
        size_t length = u32(png + at);
        uint32_t sum = (uint32_t)crc32(0, png + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            png[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    neap_scope scope = neap_scope_open();
    uint8_t *copy = malloc(size + !size);
    if (copy && size)
        memcpy(copy, data, size);
    if (copy && !png_is_large(data, size)) {
        check_png(copy, size);
        repair(copy, size);
        check_png(copy, size);
    }
    if (copy && !jpeg_is_large(data, size)) {
        check(neap_jpeg_parse("fuzz", data, size));
        if (!png_is_large(data, size))
            check(neap_picture_parse("fuzz", data, size, NULL));
    }
    int orientation = neap_exif_orientation(data, size);
    if (orientation < 1 || orientation > 8)
        abort();
    free(copy);
    neap_scope_close(scope);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

#include "tests/core/io/encode_jpeg.h"
#include "tests/core/io/encode_png.h"

static const png_color colors[] = {{255, 0, 1}, {2, 254, 3}};
static const uint8_t seen[] = {0, 128};
static const png_form png_forms[] = {
    {.depth = 8, .type = PNG_COLOR_TYPE_RGB},
    {.depth = 16, .type = PNG_COLOR_TYPE_GRAY_ALPHA, .interlace = PNG_INTERLACE_ADAM7},
    {.depth = 1, .type = PNG_COLOR_TYPE_PALETTE, .palette = colors, .colors = 2, .transparent = seen,
     .transparents = 2},
};
static const jpeg_form jpeg_forms[] = {JPEG_GRAY, JPEG_PROGRESSIVE, JPEG_CMYK};
/* A little-endian directory of one entry, the orientation, 6. */
static const uint8_t exif[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};

enum { SIDE = 9, PNGS = 3, JPEGS = 3 };

/* Puts a head and the EXIF data, with so many bytes behind them, into a file at an offset. */
static size_t insert_exif(uint8_t *bytes, size_t size, size_t at, const char *head, size_t length, size_t behind)
{
    size_t whole = length + sizeof exif + behind;
    memmove(bytes + at + whole, bytes + at, size - at);
    memcpy(bytes + at, head, length);
    memcpy(bytes + at + length, exif, sizeof exif);
    return size + whole;
}

static size_t make_picture(int index, uint8_t *bytes)
{
    uint8_t pixels[SIDE * SIDE * 4];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i);
    if (index < PNGS) {
        png_file file = encode_png(&png_forms[index], SIDE, SIDE, pixels, SIDE * 4);
        memcpy(bytes, file.bytes, file.size);
        return index ? file.size : insert_exif(bytes, file.size, 33, "\0\0\0\x1a" "eXIf", 8, 4);
    }
    if (index == PNGS + JPEGS)
        return insert_exif(bytes, 0, 0, "", 0, 0);
    if (index > PNGS + JPEGS)
        return 0;
    jpeg_file file = encode_jpeg(jpeg_forms[index - PNGS], SIDE, SIDE, pixels);
    size_t size = file.size;
    memcpy(bytes, file.bytes, size);
    tjFree(file.bytes);
    return index > PNGS ? size : insert_exif(bytes, size, 2, "\xff\xe1\0\x22" "Exif\0", 10, 0);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_picture, 4000);
}

#endif
