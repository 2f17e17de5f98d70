/* JPEG, read only, by TurboJPEG: the face of libjpeg-turbo that returns its errors instead of jumping out with them. */
#include <turbojpeg.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "io/picture.h"

typedef struct reader {
    tjhandle turbo;
    const char *name;
    const unsigned char *bytes;
    unsigned long size;
    int width, height, channels;
} reader;

static int fail(const reader *r)
{
    return neap_fail("%s: expected a JPEG picture: %s", r->name, tjGetErrorStr2(r->turbo));
}

static int read_header(reader *r)
{
    int sampling, colors;
    if (tjDecompressHeader3(r->turbo, r->bytes, r->size, &r->width, &r->height, &sampling, &colors) < 0)
        return fail(r);
    r->channels = colors == TJCS_GRAY ? 1 : 3;
    return neap_picture_check_size(r->name, r->width, r->height);
}

/* What is missing or damaged would be filled with gray and a warning: an error here. */
static unsigned char *read_pixels(const reader *r)
{
    unsigned char *pixels = neap_calloc((size_t)r->height, (size_t)r->width * (size_t)r->channels);
    int format = r->channels == 1 ? TJPF_GRAY : TJPF_RGB;
    if (!pixels || tjDecompress2(r->turbo, r->bytes, r->size, pixels, r->width, 0, r->height, format, TJFLAG_STOPONWARNING) == 0)
        return pixels;
    fail(r);
    neap_free(pixels);
    return NULL;
}

neap_tensor *neap_jpeg_parse(const char *name, const void *bytes, size_t size)
{
    if (size == 0)
        return neap_fail_null("%s: expected a JPEG picture, got nothing", name);
    reader r = {.turbo = tjInitDecompress(), .name = name, .bytes = bytes, .size = (unsigned long)size};
    if (!r.turbo)
        return neap_fail_null("%s: no memory to read it", name);
    unsigned char *pixels = read_header(&r) < 0 ? NULL : read_pixels(&r);
    neap_tensor *picture = pixels ? neap_picture_from_bytes(pixels, r.height, r.width, r.channels, r.channels) : NULL;
    neap_free(pixels);
    tjDestroy(r.turbo);
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
