/* JPEG decoding by TurboJPEG, the interface of libjpeg-turbo that returns errors instead of calling longjmp. */
#include <string.h>

#include <turbojpeg.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/exif.h"
#include "io/jpeg.h"
#include "io/picture_bytes.h"

typedef struct reader {
    tjhandle turbo;
    const char *name;
    const unsigned char *bytes;
    unsigned long size;
    int width, height, channels; /* channels as decoded: 1, 3, or 4 for CMYK */
} reader;

static int fail(const reader *r)
{
    return neap_fail("%s: expected a JPEG picture: %s", r->name, tjGetErrorStr2(r->turbo));
}

/* --- Segments before the pixels ----------------------------------------------------------------------------------- */

#define START_OF_SCAN 0xda
#define APP1 0xe1
#define APP14 0xee

/* The rest of the first segment of a marker that begins with a text, after that text; NULL for none. */
static const unsigned char *find_segment(const reader *r, int marker, const char *text, size_t length, size_t *size)
{
    const unsigned char *at = r->bytes + 2, *end = r->bytes + r->size;
    while (r->size > 2 && end - at >= 4 && at[0] == 0xff && at[1] != START_OF_SCAN) {
        size_t whole = (size_t)at[2] << 8 | at[3];
        if (at[1] == 0xff) { /* fill bytes may precede a marker */
            at++;
            continue;
        }
        if (whole < 2 || whole > (size_t)(end - at) - 2)
            return NULL;
        if (at[1] == marker && whole - 2 >= length && memcmp(at + 4, text, length) == 0) {
            *size = whole - 2 - length;
            return at + 4 + length;
        }
        at += 2 + whole;
    }
    return NULL;
}

static int orientation_of(const reader *r)
{
    size_t size;
    const unsigned char *tiff = find_segment(r, APP1, "Exif\0", 6, &size);
    return tiff ? neap_exif_orientation(tiff, size) : 1;
}

/* --- Pixels ------------------------------------------------------------------------------------------------------- */

static int read_header(reader *r)
{
    static const int channels[] = {[TJCS_RGB] = 3, [TJCS_YCbCr] = 3, [TJCS_GRAY] = 1, [TJCS_CMYK] = 4, [TJCS_YCCK] = 4};
    int sampling = -1, colors = -1; /* unchanged, without an error, for a file of tables only */
    if (tjDecompressHeader3(r->turbo, r->bytes, r->size, &r->width, &r->height, &sampling, &colors) < 0)
        return fail(r);
    if (colors < 0)
        return neap_fail("%s: expected a JPEG picture, got tables without a picture", r->name);
    r->channels = channels[colors];
    return neap_picture_check_size(r->name, r->width, r->height);
}

/* libjpeg fills missing or damaged parts with gray and warns; here this is an error. */
static unsigned char *read_pixels(const reader *r)
{
    static const int formats[] = {0, TJPF_GRAY, 0, TJPF_RGB, TJPF_CMYK};
    unsigned char *pixels = neap_calloc((size_t)r->height, (size_t)r->width * (size_t)r->channels);
    if (!pixels || tjDecompress2(r->turbo, r->bytes, r->size, pixels, r->width, 0, r->height, formats[r->channels],
                                 TJFLAG_STOPONWARNING) == 0)
        return pixels;
    fail(r);
    neap_free(pixels);
    return NULL;
}

/* CMYK to opaque RGBA in place. Adobe's programs, recognised by their APP14 segment, store inverted values. */
static void print_ink(const reader *r, unsigned char *pixels)
{
    size_t size;
    unsigned char flip = find_segment(r, APP14, "Adobe", 5, &size) ? 0 : 255;
    for (int64_t i = 0; i < (int64_t)r->height * r->width; i++, pixels += 4) {
        for (int c = 0; c < 3; c++)
            pixels[c] = (unsigned char)(((pixels[c] ^ flip) * (pixels[3] ^ flip) + 127) / 255);
        pixels[3] = 255;
    }
}

static neap_tensor *read_picture(const reader *r)
{
    unsigned char *bytes = read_pixels(r);
    neap_pixels pixels = {bytes, r->height, r->width, r->channels == 4 ? 3 : r->channels, r->channels, orientation_of(r)};
    if (bytes && r->channels == 4)
        print_ink(r, bytes);
    neap_tensor *picture = bytes ? neap_picture_from_pixels(&pixels, NULL) : NULL;
    neap_free(bytes);
    return picture;
}

bool neap_is_jpeg(const void *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

neap_tensor *neap_jpeg_parse(const char *name, const void *bytes, size_t size)
{
    if (size == 0)
        return neap_fail_null("%s: expected a JPEG picture, got nothing", name);
    reader r = {.turbo = tjInitDecompress(), .name = name, .bytes = bytes, .size = (unsigned long)size};
    if (!r.turbo)
        return neap_fail_null("%s: no memory to read it", name);
    neap_tensor *picture = read_header(&r) < 0 ? NULL : read_picture(&r);
    tjDestroy(r.turbo);
    return picture;
}
