/*
 * PNG, by libpng's simplified interface, which needs no jump. It writes no text, so the text chunks (W3C PNG, 11.3.3)
 * are put behind the header here.
 */
#include <string.h>

#include <png.h>
#include <zlib.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/output.h"
#include "io/picture.h"
#include "io/text.h"

/* The signature and the IHDR chunk. */
#define HEAD_BYTES 33
#define MOST_KEY 79

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

/* Alpha is asked for and then left out: without it, libpng would blend with a background. */
static neap_tensor *read_image(png_image *image, const char *name)
{
    if (neap_picture_check_size(name, image->width, image->height) < 0)
        return NULL;
    bool color = image->format & PNG_FORMAT_FLAG_COLOR;
    image->format = color ? PNG_FORMAT_RGBA : PNG_FORMAT_GA;
    image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    unsigned char *pixels = decode(image, name);
    neap_tensor *picture = NULL;
    if (pixels)
        picture = neap_picture_from_bytes(pixels, image->height, image->width, color ? 3 : 1, color ? 4 : 2);
    neap_free(pixels);
    return picture;
}

neap_tensor *neap_png_parse(const char *name, const void *bytes, size_t size)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, size))
        return neap_fail_null("%s: expected a PNG picture: %s", name, image.message);
    neap_tensor *picture = read_image(&image, name);
    png_image_free(&image);
    return picture;
}

neap_tensor *neap_png_load(const char *path)
{
    size_t size;
    void *bytes = neap_file_load(path, NEAP_PICTURE_BYTES, &size);
    neap_tensor *picture = bytes ? neap_png_parse(path, bytes, size) : NULL;
    neap_free(bytes);
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

/* What the format allows (W3C PNG, 11.3.3), and of that the part that is ASCII. */
static bool is_key(const char *key)
{
    size_t length = strlen(key);
    bool good = length >= 1 && length <= MOST_KEY && key[0] != ' ' && key[length - 1] != ' ';
    for (size_t i = 0; good && i < length; i++)
        good = key[i] >= ' ' && key[i] <= '~' && !(key[i] == ' ' && key[i + 1] == ' ');
    return good;
}

static int check_text(const char *path, const neap_pair *text, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        if (!is_key(text[i].key))
            return neap_fail("%s: expected a text key of 1 to %d printable ASCII characters with single spaces "
                             "between, got '%s'", path, MOST_KEY, text[i].key);
        if (!neap_text_is_utf8(text[i].value, strlen(text[i].value)))
            return neap_fail("%s: text '%s': expected UTF-8", path, text[i].key);
    }
    return 0;
}

static void put_u32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static int write_chunk(neap_output *out, const char type[4], const void *body, size_t size)
{
    unsigned char head[8], tail[4];
    put_u32(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    put_u32(tail, (uint32_t)crc32(crc32(0, head + 4, 4), body, (uInt)size));
    return neap_output_write(out, head, 8) < 0 || neap_output_write(out, body, size) < 0 ||
                   neap_output_write(out, tail, 4) < 0
               ? -1
               : 0;
}

/* tEXt is Latin-1; anything beyond ASCII goes into iTXt: no compression, no language, no translated key. */
static int write_pair(neap_output *out, const neap_pair *pair)
{
    static const char gap[5] = {0};
    bool plain = neap_text_is_ascii(pair->value);
    size_t between = plain ? 1 : sizeof gap, key = strlen(pair->key), value = strlen(pair->value);
    char *body = neap_calloc(key + between + value, 1);
    if (!body)
        return -1;
    memcpy(body, pair->key, key);
    memcpy(body + key, gap, between);
    memcpy(body + key + between, pair->value, value);
    int status = write_chunk(out, plain ? "tEXt" : "iTXt", body, key + between + value);
    neap_free(body);
    return status;
}

static int write_file(const char *path, const unsigned char *png, size_t size, const neap_pair *text, int pairs)
{
    neap_output out;
    int status = neap_output_open(&out, path);
    if (status == 0)
        status = neap_output_write(&out, png, HEAD_BYTES);
    for (int i = 0; status == 0 && i < pairs; i++)
        status = write_pair(&out, &text[i]);
    if (status == 0)
        status = neap_output_write(&out, png + HEAD_BYTES, size - HEAD_BYTES);
    return status < 0 ? neap_output_abandon(&out) : neap_output_commit(&out);
}

static unsigned char *encode(const char *path, neap_tensor *picture, size_t *size)
{
    static const png_uint_32 formats[] = {0, PNG_FORMAT_GRAY, 0, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .height = (png_uint_32)neap_dim(picture, 0),
                       .width = (png_uint_32)neap_dim(picture, 1),
                       .format = formats[neap_dim(picture, 2)]};
    unsigned char *pixels = neap_picture_to_bytes(path, picture);
    *size = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *png = pixels ? neap_calloc(*size, 1) : NULL;
    if (png && !png_image_write_to_memory(&image, png, size, 0, pixels, 0, NULL)) {
        neap_fail("%s: cannot be written: %s", path, image.message);
        neap_free(png);
        png = NULL;
    }
    neap_free(pixels);
    return png;
}

int neap_png_save(const char *path, neap_tensor *picture, const neap_pair *text, int pairs)
{
    size_t size;
    if (check_picture(path, picture) < 0 || check_text(path, text, pairs) < 0)
        return -1;
    unsigned char *png = encode(path, picture, &size);
    int status = png ? write_file(path, png, size, text, pairs) : -1;
    neap_free(png);
    return status;
}
