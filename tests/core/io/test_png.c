/* PNG as neap writes it: levels, clamping, alpha, the text chunks by their bytes; and what is not written. */
#include <png.h>

#include "png_test.h"

static neap_tensor *load(void)
{
    return neap_picture_load(in_folder("file"), NULL);
}

/* --- There and back ----------------------------------------------------------------------------------------------- */

START_TEST(every_level)
{
    static float levels[256 * 3];
    for (int i = 0; i < 256 * 3; i++)
        levels[i] = (float)(i % 256) / 127.5f - 1;
    for (int channels = 1; channels <= 3; channels += 2) {
        neap_tensor *x = neap_from(NEAP_F32, neap_dims(16, 16, channels), levels);
        ck_succeeds(neap_png_save(in_folder("file"), x, NULL, 0));
        ck_same_tensor(load(), x);
    }
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(between_levels)
{
    enum { SIZE = 5 * 7 * 3 };
    float x[SIZE];
    for (int i = 0; i < SIZE; i++)
        x[i] = (float)sin(i); /* anywhere between -1 and 1 */
    ck_succeeds(neap_png_save(in_folder("file"), neap_from(NEAP_F32, neap_dims(5, 7, 3), x), NULL, 0));
    neap_tensor *y = load();
    ck_picture_is(y, 5, 7, 3);
    const float *got = neap_data(y);
    for (int i = 0; i < SIZE; i++) /* half a level, and the rounding of floats near 1 */
        ck_assert_double_le(fabs((double)x[i] - (double)got[i]), LEVEL / 2 + 1e-6);
}
END_TEST

START_TEST(clamping)
{
    static const float x[] = {-1, 1, -1.001f, 1.001f, -30, 1e30f, -INFINITY, INFINITY};
    static const float clamped[] = {-1, 1, -1, 1, -1, 1, -1, 1};
    ck_succeeds(neap_png_save(in_folder("file"), neap_from(NEAP_F32, neap_dims(2, 4, 1), x), NULL, 0));
    ck_same_tensor(load(), neap_from(NEAP_F32, neap_dims(2, 4, 1), clamped));
}
END_TEST

START_TEST(views)
{
    neap_tensor *line = neap_arange(NEAP_F32, -1, 0.08, 24);
    neap_tensor *x = neap_permute(neap_reshape(line, neap_dims(2, 4, 3)), (int[]){1, 0, 2});
    ck_assert(!neap_is_contiguous(x));
    ck_succeeds(neap_png_save(in_folder("file"), x, NULL, 0));
    neap_tensor *turned = load();
    ck_succeeds(neap_png_save(in_folder("file"), neap_contiguous(x), NULL, 0));
    ck_same_tensor(load(), turned);
}
END_TEST

/* Alpha is written, and read over white or apart; apart, the colours are those that were saved, even of what is unseen. */
START_TEST(alpha)
{
    static const float x[] = {-1, 0.2f, 1, 1, /**/ 0.6f, -0.2f, -0.6f, -1, /**/ 1, 1, 1, 0.2f};
    static const double colors[] = {0, 153, 255, 204, 102, 51, 255, 255, 255}; /* 127.5 (x + 1) */
    static const unsigned char bytes[] = {0, 153, 255, 255, 204, 102, 51, 0, 255, 255, 255, 153};
    unsigned char got[12];
    ck_succeeds(neap_png_save(in_folder("file"), neap_from(NEAP_F32, neap_dims(1, 3, 4), x), NULL, 0));
    static const double over_white[] = {0, 153, 255, 255, 255, 255, 255, 255, 255};
    neap_tensor *seen, *y = neap_picture_load(in_folder("file"), &seen);
    ck_picture_is(y, 1, 3, 3);
    ck_levels(y, colors, 1e-4); /* whole levels, and the rounding of floats near 255 */
    ck_same_tensor(seen, neap_from(NEAP_F32, neap_dims(1, 3, 1), (float[]){1, 0, 0.6f}));
    ck_levels(load(), over_white, 1e-4);
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_file(&image, in_folder("file")));
    ck_assert_uint_eq(image.format, PNG_FORMAT_RGBA);
    ck_assert(png_image_finish_read(&image, NULL, got, 0, NULL));
    ck_assert_mem_eq(got, bytes, sizeof bytes);
}
END_TEST

/* --- Texts ------------------------------------------------------------------------------------------------------- */

static char longest_key[80];

START_TEST(texts)
{
    memset(longest_key, 'k', 79);
    const neap_pair pairs[] = {
        {"Software", "neap"}, {"Comment", ""}, {"Title", "\xe2\x98\xbe"}, {"A b~!", "two\nlines"}, {longest_key, "1"},
        {"Source", "caf\xe9"},
    };
    chunk chunks[16];
    size_t size;
    ck_succeeds(neap_png_save(in_folder("file"), neap_zeros(NEAP_F32, neap_dims(2, 3, 3)), pairs, 6));
    unsigned char *file = present(neap_file_load(in_folder("file"), 1 << 20, &size));
    read_chunks(file, size, chunks, 16);
    ck_chunk(&chunks[0], "IHDR", "\0\0\0\3\0\0\0\2\10\2\0\0\0", 13); /* 3 x 2, 8 bits, RGB */
    ck_chunk(&chunks[1], "tEXt", "Software\0neap", 13);
    ck_chunk(&chunks[2], "tEXt", "Comment\0", 8);
    ck_chunk(&chunks[3], "iTXt", "Title\0\0\0\0\0\xe2\x98\xbe", 13); /* beyond ASCII it is UTF-8, uncompressed */
    ck_chunk(&chunks[4], "tEXt", "A b~!\0two\nlines", 15);
    ck_assert_uint_eq(chunks[5].size, 81);
    ck_chunk(&chunks[6], "tEXt", "Source\0caf\xe9", 11); /* not UTF-8: Latin-1, as far as the format knows */
    const chunk *last = &chunks[7];
    while (last[1].body)
        last++;
    ck_chunk(last, "IEND", NULL, 0);
    ck_assert_str_eq(last[-1].type, "IDAT");
    neap_free(file);
    ck_picture_is(load(), 2, 3, 3);
}
END_TEST

START_TEST(bad_texts)
{
    const char *path = in_folder("file");
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(1, 1, 1));
    memset(longest_key, 'k', 79);
    const char *const keys[] = {"", saying("%sk", longest_key), "cl\xc3\xa9", "a\n", "a\x7f", " a", "a ", "a  b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char key[128];
        snprintf(key, sizeof key, "%s", keys[i]);
        ck_fails_with(neap_png_save(path, x, &(neap_pair){key, "v"}, 1),
                      saying("%s: expected a text key of 1 to 79 printable ASCII characters with single spaces "
                             "between, got '%s'", path, key));
    }
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

/* --- Refusals ----------------------------------------------------------------------------------------------------- */

START_TEST(no_pictures)
{
    static const struct {
        neap_dtype dtype;
        neap_shape shape;
        const char *message;
    } rows[] = {
        {NEAP_F32, {2, {4, 4}}, "expected f32 [height, width, 1, 3 or 4] for a picture, got f32 [4, 4]"},
        {NEAP_F32, {4, {1, 4, 4, 1}}, "expected f32 [height, width, 1, 3 or 4] for a picture, got f32 [1, 4, 4, 1]"},
        {NEAP_F32, {3, {4, 4, 2}}, "expected f32 [height, width, 1, 3 or 4] for a picture, got f32 [4, 4, 2]"},
        {NEAP_F32, {3, {4, 4, 0}}, "expected f32 [height, width, 1, 3 or 4] for a picture, got f32 [4, 4, 0]"},
        {NEAP_U8, {3, {4, 4, 3}}, "expected f32 [height, width, 1, 3 or 4] for a picture, got u8 [4, 4, 3]"},
        {NEAP_F32, {3, {0, 4, 3}}, "expected at most 65536 pixels a side and 268435456 in all, got 4 x 0"},
        {NEAP_F32, {3, {4, 0, 3}}, "expected at most 65536 pixels a side and 268435456 in all, got 0 x 4"},
        {NEAP_F32, {3, {1, 65537, 1}}, "expected at most 65536 pixels a side and 268435456 in all, got 65537 x 1"},
    };
    const char *path = in_folder("file");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_fails_with(neap_png_save(path, neap_zeros(rows[i].dtype, rows[i].shape), NULL, 0),
                      saying("%s: %s", path, rows[i].message));
    neap_fail("an op says why there is no picture");
    ck_fails_with(neap_png_save(path, NULL, NULL, 0), "an op says why there is no picture");
    float x[] = {0, 1, NAN, 0};
    ck_fails_with(neap_png_save(path, neap_from(NEAP_F32, neap_dims(2, 2, 1), x), NULL, 0),
                  saying("%s: expected numbers for a picture, got NaN at element 2", path));
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

START_TEST(the_old_file_stands)
{
    const char *path = write_file("file", "old", 3), *below = in_folder("none/file");
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(8, 8, 3));
    ck_fails_with(neap_png_save(below, x, NULL, 0), saying("%s: cannot be written: %s", below, strerror(ENOENT)));
    limit_files(40); /* within the text */
    ck_fails_with(neap_png_save(path, x, &(neap_pair){"Title", "a title that does not fit"}, 1),
                  saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static bool save_and_load(void)
{
    static const neap_pair pairs[] = {{"Software", "neap"}, {"Title", "\xe2\x98\xbe"}};
    const char *path = in_folder("file");
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(3, 4, 3));
    bool saved = !neap_png_save(path, x, pairs, 2);
    bool done = saved && neap_picture_load(path, NULL);
    neap_scope_close(scope);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(path, "old", 3) != saved);
    ck_assert_int_eq(folder_items(), 1);
    write_file("file", "old", 3);
    return done;
}

static bool load_with_alpha(void)
{
    neap_tensor *seen;
    neap_scope scope = neap_scope_open();
    bool done = neap_picture_load(in_folder("file"), &seen) && seen;
    neap_scope_close(scope);
    return done;
}

START_TEST(no_memory)
{
    write_file("file", "old", 3);
    refuse_each(save_and_load);
    ck_succeeds(neap_png_save(in_folder("file"), neap_zeros(NEAP_F32, neap_dims(3, 4, 4)), NULL, 0));
    refuse_each(load_with_alpha);
}
END_TEST

int main(void)
{
    return RUN_SUITE("png", every_level, between_levels, clamping, views, alpha, texts, bad_texts, no_pictures,
                     the_old_file_stands, no_memory);
}
