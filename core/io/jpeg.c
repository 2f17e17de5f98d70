/*
 * JPEG, read only. libjpeg reports a failure by leaving through a jump; it lands in decode, below, and no jump crosses
 * a function of ours that owns anything.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/picture.h"

typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf leave;
    const char *name;
    unsigned char *pixels; /* owned */
} reader;

static void leave(j_common_ptr jpeg)
{
    reader *r = jpeg->client_data;
    char why[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, why);
    neap_fail("%s: expected a JPEG picture: %s", r->name, why);
    longjmp(r->leave, 1);
}

/* libjpeg fills what is missing with gray and only warns; a picture that is cut off is an error here. */
static void warn(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER))
        leave(jpeg);
}

static void read_pixels(reader *r)
{
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    size_t row = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
    r->pixels = neap_calloc(jpeg->output_height, row);
    while (r->pixels && jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW to = r->pixels + row * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &to, 1);
    }
}

static int decode(reader *r, const void *bytes, size_t size)
{
    if (setjmp(r->leave))
        return -1;
    jpeg_create_decompress(&r->jpeg);
    jpeg_mem_src(&r->jpeg, bytes, (unsigned long)size);
    jpeg_read_header(&r->jpeg, TRUE);
    if (neap_picture_check_size(r->name, r->jpeg.image_width, r->jpeg.image_height) < 0)
        return -1;
    r->jpeg.out_color_space = r->jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&r->jpeg);
    read_pixels(r);
    if (!r->pixels)
        return -1;
    jpeg_finish_decompress(&r->jpeg);
    return 0;
}

neap_tensor *neap_jpeg_parse(const char *name, const void *bytes, size_t size)
{
    reader r = {.name = name};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.errors.error_exit = leave;
    r.errors.emit_message = warn;
    r.jpeg.client_data = &r;
    neap_tensor *picture = NULL;
    if (decode(&r, bytes, size) == 0)
        picture = neap_picture_from_bytes(r.pixels, r.jpeg.output_height, r.jpeg.output_width,
                                          r.jpeg.output_components, r.jpeg.output_components);
    jpeg_destroy_decompress(&r.jpeg);
    neap_free(r.pixels);
    return picture;
}

neap_tensor *neap_jpeg_load(const char *path)
{
    size_t size;
    void *bytes = neap_file_load(path, NEAP_PICTURE_BYTES, &size);
    neap_tensor *picture = bytes ? neap_jpeg_parse(path, bytes, size) : NULL;
    neap_free(bytes);
    return picture;
}
