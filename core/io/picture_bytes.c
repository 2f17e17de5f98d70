/* See picture_bytes.h. */
#include "io/picture_bytes.h"

#include <math.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

int neap_picture_check_size(const char *name, int64_t width, int64_t height)
{
    if (width < 1 || height < 1 || width > NEAP_PICTURE_SIDE || height > NEAP_PICTURE_SIDE ||
        width * height > NEAP_PICTURE_PIXELS)
        return neap_fail("%s: expected at most %d pixels a side and %lld in all, got %lld x %lld", name,
                         NEAP_PICTURE_SIDE, (long long)NEAP_PICTURE_PIXELS, (long long)width, (long long)height);
    return 0;
}

/* --- From bytes --------------------------------------------------------------------------------------------------- */

/* Position of the upright picture's pixels among the stored ones: the first, and the steps of a row and a column. */
typedef struct way {
    int64_t height, width, first, down, right;
} way;

/* For each EXIF orientation: whether stored rows are upright columns, and which of the two are stored backwards. */
static way way_of(const neap_pixels *p)
{
    static const struct {
        bool transposed, rows_back, columns_back;
    } turns[] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {0, 1, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {1, 0, 1}};
    int turn = p->orientation - 1;
    int64_t row = p->width, column = 1, first = 0;
    if (turns[turn].rows_back) {
        first += row * (p->height - 1);
        row = -row;
    }
    if (turns[turn].columns_back) {
        first += p->width - 1;
        column = -column;
    }
    return turns[turn].transposed ? (way){p->width, p->height, first, column, row}
                                  : (way){p->height, p->width, first, row, column};
}

/* Composed over white; exactly byte / 127.5 - 1 for opaque pixels. */
static float level(unsigned char byte, unsigned char alpha)
{
    return (float)(byte * alpha + 255 * (255 - alpha)) / (127.5f * 255) - 1;
}

static void fill(const neap_pixels *p, way w, float *colors, float *alphas)
{
    bool has_alpha = p->stride > p->channels;
    for (int64_t y = 0; y < w.height; y++)
        for (int64_t x = 0; x < w.width; x++) {
            const unsigned char *pixel = p->bytes + (w.first + y * w.down + x * w.right) * p->stride;
            unsigned char seen = has_alpha ? pixel[p->channels] : 255;
            for (int c = 0; c < p->channels; c++)
                *colors++ = level(pixel[c], alphas ? 255 : seen);
            if (alphas)
                *alphas++ = (float)seen / 255;
        }
}

neap_tensor *neap_picture_from_pixels(const neap_pixels *p, neap_tensor **alpha)
{
    way w = way_of(p);
    neap_tensor *picture = neap_empty(NEAP_F32, neap_dims(w.height, w.width, p->channels));
    bool apart = alpha && p->stride > p->channels;
    neap_tensor *seen = apart ? neap_empty(NEAP_F32, neap_dims(w.height, w.width, 1)) : NULL;
    float *colors = neap_data(picture), *alphas = neap_data(seen);
    if (!colors || (apart && !alphas))
        return NULL;
    if (alpha)
        *alpha = seen;
    fill(p, w, colors, alphas);
    return picture;
}

/* --- To bytes ----------------------------------------------------------------------------------------------------- */

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
