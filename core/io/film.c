/*
 * Animated PNG (W3C PNG, third edition, 11.3.6): acTL says how many frames there are, fcTL stands before each of them,
 * and what a plain file has in IDAT the second and later frames have in fdAT, behind a running number. Readers that
 * know nothing of this show the first frame.
 */
#include <math.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/picture.h"
#include "io/png.h"

/* A delay is a fraction of two 16-bit numbers; thousandths of a second serve. */
#define TICKS 1000
#define MOST_TICKS 65535

typedef struct film {
    neap_output out;
    const char *path;
    const unsigned char *pixels;
    int64_t frames, height, width, channels;
    uint32_t ticks;    /* of each frame */
    uint32_t sequence; /* of the next fcTL or fdAT */
} film;

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* --- Chunks ------------------------------------------------------------------------------------------------------- */

static int write_count(film *f)
{
    unsigned char body[8] = {0}; /* no number of rounds: for ever */
    neap_png_put_u32(body, (uint32_t)f->frames);
    return neap_png_write_chunk(&f->out, "acTL", body, sizeof body);
}

/* Each frame fills the whole picture and replaces the one before it. */
static int write_control(film *f)
{
    unsigned char body[26] = {0};
    neap_png_put_u32(body, f->sequence++);
    neap_png_put_u32(body + 4, (uint32_t)f->width);
    neap_png_put_u32(body + 8, (uint32_t)f->height);
    neap_png_put_u32(body + 20, f->ticks << 16 | TICKS);
    return neap_png_write_chunk(&f->out, "fcTL", body, sizeof body);
}

static int write_data(film *f, const unsigned char *body, size_t size)
{
    unsigned char *numbered = neap_calloc(size + 4, 1);
    if (!numbered)
        return -1;
    neap_png_put_u32(numbered, f->sequence++);
    memcpy(numbered + 4, body, size);
    int status = neap_png_write_chunk(&f->out, "fdAT", numbered, size + 4);
    neap_free(numbered);
    return status;
}

/* Of the first frame all chunks behind the header but the end, with its control before the data; of the others the
 * data alone. */
static int write_chunks(film *f, const unsigned char *png, size_t size, bool first)
{
    int status = 0;
    bool controlled = false;
    for (size_t at = NEAP_PNG_HEAD; status == 0 && at < size;) {
        size_t body = get_u32(png + at);
        bool data = memcmp(png + at + 4, "IDAT", 4) == 0, end = memcmp(png + at + 4, "IEND", 4) == 0;
        if (data && !controlled) {
            status = write_control(f);
            controlled = true;
        }
        if (status == 0 && first && !end)
            status = neap_output_write(&f->out, png + at, body + 12);
        else if (status == 0 && data)
            status = write_data(f, png + at + 8, body);
        at += body + 12;
    }
    return status;
}

/* --- Frames ------------------------------------------------------------------------------------------------------- */

static int write_head(film *f, const unsigned char *png, const neap_pair *text, int pairs)
{
    if (neap_output_write(&f->out, png, NEAP_PNG_HEAD) < 0 || neap_png_write_text(&f->out, text, pairs) < 0)
        return -1;
    return write_count(f);
}

static int write_frame(film *f, int64_t number, const neap_pair *text, int pairs)
{
    size_t size;
    const unsigned char *pixels = f->pixels + number * f->height * f->width * f->channels;
    unsigned char *png = neap_png_encode(f->path, pixels, f->height, f->width, f->channels, &size);
    int status = png && (number || write_head(f, png, text, pairs) == 0) ? write_chunks(f, png, size, number == 0) : -1;
    neap_free(png);
    return status;
}

static int write_film(film *f, const neap_pair *text, int pairs)
{
    int status = neap_output_open(&f->out, f->path);
    for (int64_t i = 0; status == 0 && i < f->frames; i++)
        status = write_frame(f, i, text, pairs);
    if (status == 0)
        status = neap_png_write_chunk(&f->out, "IEND", "", 0);
    return status < 0 ? neap_output_abandon(&f->out) : neap_output_commit(&f->out);
}

/* --- Checks ------------------------------------------------------------------------------------------------------- */

static int check_frames(const char *path, neap_tensor *frames)
{
    if (!frames)
        return -1;
    neap_shape s = neap_shape_of(frames);
    int64_t channels = neap_dim(frames, 3);
    char text[NEAP_SHAPE_TEXT];
    if (neap_dtype_of(frames) != NEAP_F32 || s.rank != 4 || s.dim[0] < 1 ||
        (channels != 1 && channels != 3 && channels != 4))
        return neap_fail("%s: expected f32 [frames, height, width, 1, 3 or 4] for a film, got %s %s", path,
                         neap_dtype_name(neap_dtype_of(frames)), neap_shape_text(s, text));
    if (neap_picture_check_size(path, s.dim[2], s.dim[1]) < 0)
        return -1;
    if (s.dim[0] > NEAP_PICTURE_PIXELS / (s.dim[1] * s.dim[2]))
        return neap_fail("%s: expected at most %lld pixels in all frames, got %s", path, (long long)NEAP_PICTURE_PIXELS,
                         neap_shape_text(s, text));
    return 0;
}

static int check_delay(const char *path, double seconds)
{
    if (seconds >= 1.0 / TICKS && seconds <= (double)MOST_TICKS / TICKS)
        return 0;
    return neap_fail("%s: expected %g to %g seconds a frame, got %g", path, 1.0 / TICKS, (double)MOST_TICKS / TICKS,
                     seconds);
}

int neap_apng_save(const char *path, neap_tensor *frames, double seconds_per_frame, const neap_pair *text, int pairs)
{
    if (check_frames(path, frames) < 0 || check_delay(path, seconds_per_frame) < 0 ||
        neap_png_check_text(path, text, pairs) < 0)
        return -1;
    unsigned char *pixels = neap_picture_to_bytes(path, frames);
    film f = {.path = path, .pixels = pixels, .ticks = (uint32_t)lrint(seconds_per_frame * TICKS),
              .frames = neap_dim(frames, 0), .height = neap_dim(frames, 1), .width = neap_dim(frames, 2),
              .channels = neap_dim(frames, 3)};
    int status = pixels ? write_film(&f, text, pairs) : -1;
    neap_free(pixels);
    return status;
}
