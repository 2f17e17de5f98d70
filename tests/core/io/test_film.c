/* Animated PNG as neap writes it: chunk by chunk, frame by frame, and what is not written. */
#include "png_test.h"

enum { FRAMES = 3, HEIGHT = 5, WIDTH = 4, CHUNKS = 32 };

/* Frames of whole levels, no two of which are equal. */
static neap_tensor *frames_of(int channels)
{
    static float levels[FRAMES * HEIGHT * WIDTH * 4];
    for (int i = 0; i < FRAMES * HEIGHT * WIDTH * channels; i++)
        levels[i] = (float)(i * 7 % 256) / 127.5f - 1;
    return neap_from(NEAP_F32, neap_dims(FRAMES, HEIGHT, WIDTH, channels), levels);
}

static neap_tensor *frame(neap_tensor *frames, int number)
{
    neap_shape s = neap_shape_of(frames);
    return neap_reshape(neap_slice(frames, 0, number, number + 1), neap_dims(s.dim[1], s.dim[2], s.dim[3]));
}

/* All frames, each for as long. */
static int save_film(const char *path, neap_tensor *frames, double seconds, const neap_pair *text, int pairs)
{
    if (!frames)
        return -1;
    const neap_shape s = neap_shape_of(frames);
    neap_film *film = neap_film_open(path, s.dim[0], neap_dims(s.dim[1], s.dim[2], s.dim[3]), text, pairs);
    for (int i = 0; film && i < s.dim[0]; i++) {
        if (neap_film_add(film, frame(frames, i), seconds) < 0) {
            neap_film_abandon(film);
            return -1;
        }
    }
    return neap_film_close(film);
}

static unsigned char *read_film(chunk *chunks)
{
    size_t size;
    unsigned char *file = present(neap_file_load(in_folder("film"), 1 << 20, &size));
    read_chunks(file, size, chunks, CHUNKS);
    return file;
}

/* The next chunk of a type at or behind `at`. */
static const chunk *next(const chunk *at, const char *type)
{
    while (at->body && strcmp(at->type, type) != 0)
        at++;
    ck_assert_msg(at->body != NULL, "no chunk %s", type);
    return at;
}

/* --- Structure ---------------------------------------------------------------------------------------------------- */

START_TEST(structure)
{
    static const neap_pair text = {"Software", "neap"};
    chunk chunks[CHUNKS];
    ck_succeeds(save_film(in_folder("film"), frames_of(3), 0.08, &text, 1));
    unsigned char *file = read_film(chunks);
    ck_chunk(&chunks[0], "IHDR", "\0\0\0\4\0\0\0\5\10\2\0\0\0", 13); /* 4 x 5, 8 bits, RGB */
    ck_chunk(&chunks[1], "tEXt", "Software\0neap", 13);
    ck_chunk(&chunks[2], "acTL", "\0\0\0\3\0\0\0\0", 8); /* 3 frames, for ever */
    const chunk *at = next(chunks, "fcTL");
    ck_chunk(at, "fcTL", "\0\0\0\0\0\0\0\4\0\0\0\5\0\0\0\0\0\0\0\0\0\120\3\350\0\0", 26); /* 80 of 1000 */
    ck_assert_str_eq(at[1].type, "IDAT");
    ck_chunk(&at[2], "fcTL", "\0\0\0\1\0\0\0\4\0\0\0\5\0\0\0\0\0\0\0\0\0\120\3\350\0\0", 26);
    ck_assert_str_eq(at[3].type, "fdAT");
    ck_assert_uint_eq(u32(at[3].body), 2);
    ck_chunk(&at[4], "fcTL", "\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\0\0\0\0\0\0\120\3\350\0\0", 26);
    ck_assert_str_eq(at[5].type, "fdAT");
    ck_assert_uint_eq(u32(at[5].body), 4);
    ck_chunk(&at[6], "IEND", NULL, 0);
    ck_assert_ptr_null(at[7].body);
    neap_free(file);
}
END_TEST

START_TEST(the_first_frame_is_a_plain_picture)
{
    for (int channels = 1; channels <= 3; channels += 2) {
        neap_tensor *frames = frames_of(channels);
        ck_succeeds(save_film(in_folder("film"), frames, 1, NULL, 0));
        ck_same_tensor(neap_picture_load(in_folder("film"), NULL), frame(frames, 0));
    }
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static size_t put(unsigned char *to, const char *type, const unsigned char *body, size_t size)
{
    const unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16),
                                     (unsigned char)(size >> 8), (unsigned char)size};
    memcpy(to, length, 4);
    memcpy(to + 4, type, 4);
    memcpy(to + 8, body, size);
    uint32_t crc = png_crc(to + 4, size + 4);
    for (int i = 0; i < 4; i++)
        to[8 + size + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
    return size + 12;
}

/* The data of a later frame, put into a plain file behind the film's own header. */
static neap_tensor *decode(const unsigned char *file, const chunk *data)
{
    static unsigned char plain[4096];
    size_t size = 33; /* signature and IHDR */
    memcpy(plain, file, size);
    size += put(plain + size, "IDAT", data->body + 4, data->size - 4);
    size += put(plain + size, "IEND", plain, 0);
    return neap_png_parse("frame", plain, size, NULL);
}

START_TEST(every_frame)
{
    chunk chunks[CHUNKS];
    neap_tensor *frames = frames_of(3);
    ck_succeeds(save_film(in_folder("film"), frames, 1, NULL, 0));
    unsigned char *file = read_film(chunks);
    const chunk *second = next(chunks, "fdAT"), *third = next(second + 1, "fdAT");
    ck_same_tensor(decode(file, second), frame(frames, 1));
    ck_same_tensor(decode(file, third), frame(frames, 2));
    neap_free(file);
}
END_TEST

/* Noise does not compress, so its data come in several chunks, and each has its number. */
START_TEST(large_frames)
{
    static chunk chunks[4096];
    size_t size;
    neap_random random = {.seed = 1, .stream = 2};
    neap_tensor *noise = neap_randn(random, 0, neap_dims(2, 300, 300, 3));
    ck_succeeds(save_film(in_folder("film"), noise, 1, NULL, 0));
    unsigned char *file = present(neap_file_load(in_folder("film"), 1 << 24, &size));
    read_chunks(file, size, chunks, 4096);
    uint32_t sequence = 0;
    int parts = 0;
    for (const chunk *at = chunks; at->body; at++) {
        bool data = strcmp(at->type, "fdAT") == 0;
        if (data || strcmp(at->type, "fcTL") == 0)
            ck_assert_uint_eq(u32(at->body), sequence++);
        parts += data;
    }
    ck_assert_int_gt(parts, 1);
    neap_free(file);
    ck_picture_is(neap_picture_load(in_folder("film"), NULL), 300, 300, 3);
}
END_TEST

/* --- Refusals ----------------------------------------------------------------------------------------------------- */

START_TEST(no_films)
{
    static const struct {
        int64_t frames;
        neap_shape shape;
        const char *message;
    } rows[] = {
        {2, {2, {4, 4}}, "expected frames [height, width, 1, 3 or 4] for a film, got [4, 4]"},
        {2, {3, {4, 4, 2}}, "expected frames [height, width, 1, 3 or 4] for a film, got [4, 4, 2]"},
        {0, {3, {4, 4, 1}}, "expected frames for a film, got none"},
        {-1, {3, {4, 4, 1}}, "expected frames for a film, got none"},
        {1, {3, {4, 0, 3}}, "expected at most 65536 pixels a side and 268435456 in all, got 0 x 4"},
        {1, {3, {INT64_MAX, 4, 3}},
         "expected at most 65536 pixels a side and 268435456 in all, got 4 x 9223372036854775807"},
        {70000, {3, {64, 32, 4}}, NULL},
        {131073, {3, {64, 32, 4}},
         "expected at most 268435456 pixels in all frames of a film, got 131073 frames of 32 x 64"},
        {INT64_MAX, {3, {1, 1, 1}},
         "expected at most 268435456 pixels in all frames of a film, got 9223372036854775807 frames of 1 x 1"},
    };
    const char *path = in_folder("film");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].message) {
            ck_succeeds(neap_film_check(path, rows[i].frames, rows[i].shape));
            continue;
        }
        ck_fails_with(neap_film_check(path, rows[i].frames, rows[i].shape), saying("%s: %s", path, rows[i].message));
        ck_fails_with(neap_film_open(path, rows[i].frames, rows[i].shape, NULL, 0) ? 0 : -1,
                      saying("%s: %s", path, rows[i].message));
    }
    float x[] = {0, 1, 0, NAN};
    ck_fails_with(save_film(path, neap_from(NEAP_F32, neap_dims(2, 2, 1, 1), x), 1, NULL, 0),
                  saying("%s: expected numbers for a picture, got NaN at element 1", path));
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

static neap_film *open_film(int frames)
{
    return present(neap_film_open(in_folder("film"), frames, neap_dims(HEIGHT, WIDTH, 3), NULL, 0));
}

START_TEST(frames_that_do_not_fit)
{
    const char *path = in_folder("film");
    neap_tensor *frames = frames_of(3), *first = frame(frames, 0);
    neap_film *film = open_film(2);
    ck_fails_with(neap_film_add(film, frame(frames_of(1), 0), 1),
                  saying("%s: expected f32 [5, 4, 3] for a frame, got f32 [5, 4, 1]", path));
    ck_fails_with(neap_film_add(film, first, 1), saying("%s: a frame was not written before", path));
    ck_fails_with(neap_film_close(film), saying("%s: a frame was not written before", path));
    film = open_film(2);
    ck_fails_with(neap_film_add(film, neap_zeros(NEAP_U8, neap_dims(HEIGHT, WIDTH, 3)), 1),
                  saying("%s: expected f32 [5, 4, 3] for a frame, got u8 [5, 4, 3]", path));
    neap_film_abandon(film);
    film = open_film(2);
    ck_succeeds(neap_film_add(film, first, 1));
    ck_fails_with(neap_film_close(film), saying("%s: expected 2 frames, got 1", path));
    film = open_film(1);
    ck_succeeds(neap_film_add(film, first, 1));
    ck_fails_with(neap_film_add(film, first, 1), saying("%s: expected 1 frames, got more", path));
    neap_film_abandon(film);
    neap_film_abandon(NULL);
    neap_fail("an op says why there is no frame");
    ck_fails_with(neap_film_close(NULL), "an op says why there is no frame");
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

START_TEST(frames_of_their_own_length)
{
    chunk chunks[CHUNKS];
    neap_tensor *frames = frames_of(3);
    neap_film *film = open_film(2);
    ck_succeeds(neap_film_add(film, frame(frames, 0), 0.25));
    ck_succeeds(neap_film_add(film, frame(frames, 1), 65.535));
    ck_assert_int_eq(folder_items(), 1); /* the file beside the one that it will be */
    ck_succeeds(neap_film_close(film));
    unsigned char *file = read_film(chunks);
    const chunk *control = next(chunks, "fcTL");
    ck_assert_uint_eq(u32(control->body + 20), 250u << 16 | 1000);
    ck_assert_uint_eq(u32(next(control + 1, "fcTL")->body + 20), 65535u << 16 | 1000);
    neap_free(file);
}
END_TEST

START_TEST(delays)
{
    static const double wrong[] = {0, -1, 0.0009, 65.536, INFINITY, NAN};
    const char *path = in_folder("film");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_fails_with(save_film(path, frames_of(1), wrong[i], NULL, 0),
                      saying("%s: expected 0.001 to 65.535 seconds a frame, got %g", path, wrong[i]));
    ck_assert_int_eq(folder_items(), 0);
    ck_succeeds(save_film(path, frames_of(1), 0.001, NULL, 0));
    ck_succeeds(save_film(path, frames_of(1), 65.535, NULL, 0));
}
END_TEST

START_TEST(the_old_file_stands)
{
    const char *path = write_file("film", "old", 3), *below = in_folder("none/film");
    ck_fails_with(save_film(below, frames_of(3), 1, NULL, 0),
                  saying("%s: cannot be written: %s", below, strerror(ENOENT)));
    limit_files(200); /* within the second frame */
    ck_fails_with(save_film(path, frames_of(3), 1, NULL, 0),
                  saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static bool save(void)
{
    static const neap_pair text = {"Software", "neap"};
    const char *path = in_folder("film");
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(2, 3, 4, 3));
    bool saved = !save_film(path, x, 0.1, &text, 1);
    neap_scope_close(scope);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(path, "old", 3) != saved);
    ck_assert_int_eq(folder_items(), 1);
    write_file("film", "old", 3);
    return saved;
}

START_TEST(no_memory)
{
    write_file("film", "old", 3);
    refuse_each(save);
}
END_TEST

int main(void)
{
    return RUN_SUITE("film", structure, the_first_frame_is_a_plain_picture, every_frame, large_frames, no_films, frames_that_do_not_fit,
                     frames_of_their_own_length, delays,
                     the_old_file_stands, no_memory);
}
