/* Bytes of pictures: see picture.h. */
#include "io/picture.h"

#include <math.h>

#include <neap/error.h>
#include <neap/memory.h>

int neap_picture_check_size(const char *name, int64_t width, int64_t height)
{
    if (width < 1 || height < 1 || width > NEAP_PICTURE_SIDE || height > NEAP_PICTURE_SIDE ||
        width * height > NEAP_PICTURE_PIXELS)
        return neap_fail("%s: expected at most %d pixels a side and %lld in all, got %lld x %lld", name,
                         NEAP_PICTURE_SIDE, (long long)NEAP_PICTURE_PIXELS, (long long)width, (long long)height);
    return 0;
}

neap_tensor *neap_picture_from_bytes(const unsigned char *bytes, int64_t height, int64_t width, int channels,
                                     int stride)
{
    neap_tensor *picture = neap_empty(NEAP_F32, neap_dims(height, width, channels));
    float *to = neap_data(picture);
    if (!to)
        return NULL;
    for (int64_t pixel = 0; pixel < height * width; pixel++, bytes += stride)
        for (int c = 0; c < channels; c++)
            *to++ = (float)bytes[c] / 127.5f - 1;
    return picture;
}

static unsigned char byte_of(float x)
{
    return (unsigned char)lrintf((fminf(fmaxf(x, -1), 1) + 1) * 127.5f);
}

static int convert(const char *name, const float *from, int64_t count, unsigned char *to)
{
    for (int64_t i = 0; i < count; i++) {
        if (isnan(from[i]))
            return neap_fail("%s: expected numbers for a picture, got NaN at element %lld", name, (long long)i);
        to[i] = byte_of(from[i]);
    }
    return 0;
}

unsigned char *neap_picture_to_bytes(const char *name, neap_tensor *picture)
{
    int64_t count = neap_size(picture);
    float *values = neap_calloc((size_t)count, sizeof *values);
    unsigned char *bytes = values ? neap_calloc((size_t)count, 1) : NULL;
    if (!bytes || neap_read(picture, NEAP_F32, values) < 0 || convert(name, values, count, bytes) < 0) {
        neap_free(bytes);
        bytes = NULL;
    }
    neap_free(values);
    return bytes;
}
