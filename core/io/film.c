/*
 * Animated PNG (W3C PNG, third edition, 11.3.6): acTL holds the number of frames, fcTL precedes each frame, and the
 * second and later frames have fdAT chunks, with a sequence number, in place of IDAT. Readers of plain PNG show the
 * first frame.
 */
#include <math.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "io/picture_bytes.h"
#include "io/png.h"
#include "io/png_chunk.h"

/* A delay is a fraction of two 16-bit numbers; the denominator is 1000. */
#define TICKS 1000
#define MOST_TICKS 65535

struct neap_film {
    neap_output out;
    int64_t frames, added;
    neap_shape frame;  /* [height, width, channels] */
    uint32_t sequence; /* of the next fcTL or fdAT */
    bool failed;       /* a frame could not be written; the file will be abandoned */
};

/* --- Chunks ------------------------------------------------------------------------------------------------------- */

static int write_count(neap_film *f)
{
    unsigned char body[8] = {0}; /* 0 repetitions: endless */
    neap_png_put_u32(body, (uint32_t)f->frames);
    return neap_png_write_chunk(&f->out, "acTL", body, sizeof body);
}

/* Each frame fills the whole picture and replaces the one before it. */
static int write_control(neap_film *f, uint32_t ticks)
{
    unsigned char body[26] = {0};
    neap_png_put_u32(body, f->sequence++);
    neap_png_put_u32(body + 4, (uint32_t)f->frame.dim[1]);
    neap_png_put_u32(body + 8, (uint32_t)f->frame.dim[0]);
    neap_png_put_u32(body + 20, ticks << 16 | TICKS);
    return neap_png_write_chunk(&f->out, "fcTL", body, sizeof body);
}

static int write_data(neap_film *f, const unsigned char *body, size_t size)
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

/* Writes all chunks of the first frame between header and end, with fcTL before the data; only the data of the others.
 * */
static int write_chunks(neap_film *f, const unsigned char *png, size_t size, uint32_t ticks)
{
    int status = 0;
    const bool first = f->added == 0;
    bool controlled = false;
    for (size_t at = NEAP_PNG_HEAD; status == 0 && at < size;) {
        size_t body = neap_png_get_u32(png + at);
        bool data = memcmp(png + at + 4, "IDAT", 4) == 0, end = memcmp(png + at + 4, "IEND", 4) == 0;
        if (data && !controlled) {
            status = write_control(f, ticks);
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

/* --- Checks ------------------------------------------------------------------------------------------------------- */

int neap_film_check(const char *path, int64_t frames, neap_shape frame)
{
    char text[NEAP_SHAPE_TEXT];
    const int64_t channels = frame.rank == 3 ? frame.dim[2] : 0;
    if (channels != 1 && channels != 3 && channels != 4)
        return neap_fail("%s: expected frames [height, width, 1, 3 or 4] for a film, got %s", path,
                         neap_shape_text(frame, text));
    if (neap_picture_check_size(path, frame.dim[1], frame.dim[0]) < 0)
        return -1;
    if (frames < 1)
        return neap_fail("%s: expected frames for a film, got none", path);
    if (frames > NEAP_PICTURE_PIXELS / (frame.dim[0] * frame.dim[1]))
        return neap_fail("%s: expected at most %lld pixels in all frames of a film, got %lld frames of %lld x %lld", path,
                         (long long)NEAP_PICTURE_PIXELS, (long long)frames, (long long)frame.dim[1],
                         (long long)frame.dim[0]);
    return 0;
}

static int check_frame(const neap_film *f, neap_tensor *frame)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!frame)
        return -1;
    if (neap_dtype_of(frame) != NEAP_F32 || !neap_shape_equal(neap_shape_of(frame), f->frame))
        return neap_fail("%s: expected f32 %s for a frame, got %s %s", f->out.path, neap_shape_text(f->frame, want),
                         neap_dtype_name(neap_dtype_of(frame)), neap_shape_text(neap_shape_of(frame), got));
    if (f->added == f->frames)
        return neap_fail("%s: expected %lld frames, got more", f->out.path, (long long)f->frames);
    return 0;
}

static int check_delay(const char *path, double seconds)
{
    if (seconds >= 1.0 / TICKS && seconds <= (double)MOST_TICKS / TICKS)
        return 0;
    return neap_fail("%s: expected %g to %g seconds a frame, got %g", path, 1.0 / TICKS, (double)MOST_TICKS / TICKS,
                     seconds);
}

/* --- Frames ------------------------------------------------------------------------------------------------------- */

static int write_head(neap_film *f, const neap_pair *text, int pairs)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const unsigned char colors[] = {[1] = 0, [3] = 2, [4] = 6}; /* grey, RGB, RGB with alpha */
    unsigned char body[13] = {[8] = 8, [9] = colors[f->frame.dim[2]]}; /* 8 bits a channel */
    neap_png_put_u32(body, (uint32_t)f->frame.dim[1]);
    neap_png_put_u32(body + 4, (uint32_t)f->frame.dim[0]);
    if (neap_output_write(&f->out, signature, sizeof signature) < 0 ||
        neap_png_write_chunk(&f->out, "IHDR", body, sizeof body) < 0 || neap_png_write_text(&f->out, text, pairs) < 0)
        return -1;
    return write_count(f);
}

neap_film *neap_film_open(const char *path, int64_t frames, neap_shape frame, const neap_pair *text, int pairs)
{
    if (neap_film_check(path, frames, frame) < 0 || neap_png_check_text(path, text, pairs) < 0)
        return NULL;
    neap_film *film = neap_calloc(1, sizeof *film);
    if (!film)
        return NULL;
    *film = (neap_film){.frames = frames, .frame = frame};
    if (neap_output_open(&film->out, path) == 0 && write_head(film, text, pairs) == 0)
        return film;
    neap_film_abandon(film);
    return NULL;
}

static int write_frame(neap_film *f, neap_tensor *frame, uint32_t ticks)
{
    size_t size;
    const int64_t *dim = f->frame.dim;
    unsigned char *pixels = neap_picture_to_bytes(f->out.path, frame), *png = NULL;
    if (pixels)
        png = neap_png_encode(f->out.path, pixels, dim[0], dim[1], dim[2], &size);
    int status = png ? write_chunks(f, png, size, ticks) : -1;
    neap_free(png);
    neap_free(pixels);
    return status;
}

/* Fails after an earlier failure. */
static int refuse(const neap_film *film)
{
    return !film || neap_failed() ? -1 : neap_fail("%s: a frame was not written before", film->out.path);
}

int neap_film_add(neap_film *film, neap_tensor *frame, double seconds)
{
    if (!film || film->failed)
        return refuse(film);
    film->failed = check_frame(film, frame) < 0 || check_delay(film->out.path, seconds) < 0 ||
                   write_frame(film, frame, (uint32_t)lrint(seconds * TICKS)) < 0;
    film->added += !film->failed;
    return film->failed ? -1 : 0;
}

/* --- The end ------------------------------------------------------------------------------------------------------ */

int neap_film_close(neap_film *film)
{
    if (!film)
        return -1;
    int status = film->failed ? refuse(film) : 0;
    if (status == 0 && film->added < film->frames)
        status = neap_fail("%s: expected %lld frames, got %lld", film->out.path, (long long)film->frames,
                           (long long)film->added);
    if (status == 0)
        status = neap_png_write_chunk(&film->out, "IEND", "", 0);
    status = status < 0 ? neap_output_abandon(&film->out) : neap_output_commit(&film->out);
    neap_free(film);
    return status;
}

void neap_film_abandon(neap_film *film)
{
    if (film)
        neap_output_abandon(&film->out);
    neap_free(film);
}
