/*
 * PNG by libpng's simplified interface, which needs no longjmp. It writes no text chunks, so they are inserted after
 * the header here (W3C PNG, 11.3.3).
 */
#include "io/png.h"

#include <string.h>

#include <png.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/exif.h"
#include "io/output.h"
#include "io/picture_bytes.h"
#include "io/png_chunk.h"

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static unsigned char *decode(png_image *image, const char *name)
{
    size_t bytes = PNG_IMAGE_SIZE(*image);
    unsigned char *pixels = neap_calloc(bytes, 1);
    if (pixels && png_image_finish_read(image, NULL, pixels, 0, NULL))
        return pixels;
    neap_fail("%s: expected a PNG picture: %s", name, image->message);
    neap_free(pixels);
    return NULL;
}

/* The eXIf chunk may precede or follow the pixels; libpng's simplified interface ignores it. */
static int orientation_of(const unsigned char *bytes, size_t size)
{
    size_t at = NEAP_PNG_SIGNATURE;
    while (size >= 12 && at <= size - 12) {
        size_t length = neap_png_get_u32(bytes + at);
        if (length > size - at - 12)
            break;
        if (memcmp(bytes + at + 4, "eXIf", 4) == 0)
            return neap_exif_orientation(bytes + at + 8, length);
        at += 12 + length;
    }
    return 1;
}

static neap_tensor *read_image(png_image *image, const char *name, int orientation, neap_tensor **alpha)
{
    static const png_uint_32 formats[2][2] = {{PNG_FORMAT_GRAY, PNG_FORMAT_GA}, {PNG_FORMAT_RGB, PNG_FORMAT_RGBA}};
    if (neap_picture_check_size(name, image->width, image->height) < 0)
        return NULL;
    bool color = image->format & PNG_FORMAT_FLAG_COLOR, seen = image->format & PNG_FORMAT_FLAG_ALPHA;
    int channels = color ? 3 : 1;
    image->format = formats[color][seen];
    image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    unsigned char *bytes = decode(image, name);
    neap_pixels pixels = {bytes, image->height, image->width, channels, channels + seen, orientation};
    neap_tensor *picture = bytes ? neap_picture_from_pixels(&pixels, alpha) : NULL;
    neap_free(bytes);
    return picture;
}

bool neap_is_png(const void *bytes, size_t size)
{
    return size >= NEAP_PNG_SIGNATURE && memcmp(bytes, "\x89PNG\r\n\x1a\n", NEAP_PNG_SIGNATURE) == 0;
}

neap_tensor *neap_png_parse(const char *name, const void *bytes, size_t size, neap_tensor **alpha)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, size))
        return neap_fail_null("%s: expected a PNG picture: %s", name, image.message);
    neap_tensor *picture = read_image(&image, name, orientation_of(bytes, size), alpha);
    png_image_free(&image);
    return picture;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static int check_picture(const char *path, neap_tensor *picture)
{
    if (!picture)
        return -1;
    neap_shape shape = neap_shape_of(picture);
    int64_t channels = neap_dim(picture, 2);
    char text[NEAP_SHAPE_TEXT];
    if (neap_dtype_of(picture) != NEAP_F32 || shape.rank != 3 || (channels != 1 && channels != 3 && channels != 4))
        return neap_fail("%s: expected f32 [height, width, 1, 3 or 4] for a picture, got %s %s", path,
                         neap_dtype_name(neap_dtype_of(picture)), neap_shape_text(shape, text));
    return neap_picture_check_size(path, shape.dim[1], shape.dim[0]);
}

static int write_file(const char *path, const unsigned char *png, size_t size, const neap_pair *text, int pairs)
{
    neap_output out;
    int status = neap_output_open(&out, path);
    if (status == 0)
        status = neap_output_write(&out, png, NEAP_PNG_HEAD);
    if (status == 0)
        status = neap_png_write_text(&out, text, pairs);
    if (status == 0)
        status = neap_output_write(&out, png + NEAP_PNG_HEAD, size - NEAP_PNG_HEAD);
    return status < 0 ? neap_output_abandon(&out) : neap_output_commit(&out);
}

unsigned char *neap_png_encode(const char *path, const unsigned char *pixels, int64_t height, int64_t width,
                               int64_t channels, size_t *size)
{
    static const png_uint_32 formats[] = {0, PNG_FORMAT_GRAY, 0, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .height = (png_uint_32)height,
                       .width = (png_uint_32)width,
                       .format = formats[channels]};
    *size = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *png = neap_calloc(*size, 1);
    if (!png || png_image_write_to_memory(&image, png, size, 0, pixels, 0, NULL))
        return png;
    neap_fail("%s: cannot be written: %s", path, image.message);
    neap_free(png);
    return NULL;
}

static unsigned char *encode(const char *path, neap_tensor *picture, size_t *size)
{
    unsigned char *pixels = neap_picture_to_bytes(path, picture), *png = NULL;
    if (pixels)
        png = neap_png_encode(path, pixels, neap_dim(picture, 0), neap_dim(picture, 1), neap_dim(picture, 2), size);
    neap_free(pixels);
    return png;
}

int neap_png_save(const char *path, neap_tensor *picture, const neap_pair *text, int pairs)
{
    size_t size;
    if (check_picture(path, picture) < 0 || neap_png_check_text(path, text, pairs) < 0)
        return -1;
    unsigned char *png = encode(path, picture, &size);
    int status = png ? write_file(path, png, size, text, pairs) : -1;
    neap_free(png);
    return status;
}

unsigned char *neap_png_bytes(neap_tensor *picture, size_t *size)
{
    return check_picture("picture", picture) < 0 ? NULL : encode("picture", picture, size);
}

unsigned char *neap_picture_bytes(neap_tensor *picture)
{
    return check_picture("picture", picture) < 0 ? NULL : neap_picture_to_bytes("picture", picture);
}
