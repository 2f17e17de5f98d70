/* JPEG, made here with TurboJPEG: gray, colour, progressive; and damaged files, which must not end the process. */
#include "encode_jpeg.h"
#include "picture_test.h"

enum { WIDTH = 24, HEIGHT = 16 };

/* Levels that change slowly, each channel in its way. */
static void paint(unsigned char *pixels, double *levels, int channels)
{
    for (int i = 0; i < HEIGHT * WIDTH * channels; i++) {
        int c = i % channels, x = i / channels % WIDTH, y = i / channels / WIDTH;
        levels[i] = pixels[i] = (unsigned char)(c == 0 ? 8 * x + 3 * y : c == 1 ? 250 - 10 * x : 100 + 9 * y);
    }
}

static jpeg_file painted(jpeg_form as)
{
    unsigned char pixels[HEIGHT * WIDTH * 4];
    double levels[HEIGHT * WIDTH * 4];
    paint(pixels, levels, as.components);
    return encode_jpeg(as, WIDTH, HEIGHT, pixels);
}

static const jpeg_form gray = JPEG_GRAY, color = JPEG_COLOR, fine = JPEG_PROGRESSIVE;

/* At the best quality the 64 coefficients of a block are rounded to whole numbers, an error of 1/12 each in square and
 * so of 0.3 levels in a pixel; rounding to levels and the way to RGB (a factor of up to 1.8) keep that far below 4. */
#define TOLERANCE 4

START_TEST(pictures)
{
    const jpeg_form forms[] = {gray, color, fine};
    for (int i = 0; i < 3; i++) {
        unsigned char pixels[HEIGHT * WIDTH * 3];
        double levels[HEIGHT * WIDTH * 3];
        paint(pixels, levels, forms[i].components);
        jpeg_file f = encode_jpeg(forms[i], WIDTH, HEIGHT, pixels);
        neap_tensor *x = neap_jpeg_load(write_file("file", f.bytes, f.size));
        ck_picture_is(x, HEIGHT, WIDTH, forms[i].components);
        ck_levels(x, levels, TOLERANCE);
        tjFree(f.bytes);
    }
}
END_TEST

START_TEST(four_channels)
{
    jpeg_file f = painted((jpeg_form)JPEG_CMYK);
    ck_fails_with(!neap_jpeg_parse("f", f.bytes, f.size),
                  "f: expected a JPEG picture: Unsupported color conversion request");
    tjFree(f.bytes);
}
END_TEST

/* What the library would fill with gray is refused. */
START_TEST(truncated)
{
    const jpeg_form forms[] = {gray, fine};
    for (int i = 0; i < 2; i++) {
        jpeg_file f = painted(forms[i]);
        for (size_t size = 0; size < f.size; size++)
            ck_assert_msg(!decodes(neap_jpeg_parse, f.bytes, size), "%zu of %lu bytes", size, f.size);
        ck_assert(decodes(neap_jpeg_parse, f.bytes, f.size));
        tjFree(f.bytes);
    }
}
END_TEST

/* There are no checksums, so many a change makes another picture; none may do more than that. */
START_TEST(corrupt)
{
    const jpeg_form forms[] = {gray, color, fine};
    for (int i = 0; i < 3; i++) {
        jpeg_file f = painted(forms[i]);
        int refused = 0;
        for (size_t at = 0; at < f.size; at++)
            for (int bit = 0; bit < 8; bit += 3) {
                f.bytes[at] ^= (unsigned char)(1 << bit);
                refused += !decodes(neap_jpeg_parse, f.bytes, f.size);
                f.bytes[at] ^= (unsigned char)(1 << bit);
            }
        ck_assert_int_gt(refused, 0);
        tjFree(f.bytes);
    }
}
END_TEST

/* The frame header: its marker, its length, the depth, and then height and width. */
START_TEST(absurd_sizes)
{
    static const uint16_t sizes[][2] = {{16400, 16400}, {65500, 65500}};
    jpeg_file f = painted(gray);
    unsigned char *frame = present(memmem(f.bytes, f.size, "\xff\xc0", 2));
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++) {
            frame[5 + 2 * k] = (unsigned char)(sizes[i][k] >> 8);
            frame[6 + 2 * k] = (unsigned char)sizes[i][k];
        }
        ck_fails_with(!neap_jpeg_parse("f", f.bytes, f.size),
                      saying("f: expected at most 65536 pixels a side and 268435456 in all, got %d x %d", sizes[i][1],
                             sizes[i][0]));
    }
    memset(frame + 5, 0, 4); /* libjpeg refuses this one */
    ck_fails_saying(!neap_jpeg_parse("f", f.bytes, f.size), "f: expected a JPEG picture: ");
    tjFree(f.bytes);
}
END_TEST

START_TEST(no_pictures)
{
    const char *absent = in_folder("absent"), *empty = write_file("empty", "", 0);
    const char *text = write_file("text", "P6 1", 4);
    ck_fails_with(!neap_jpeg_load(absent), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
    ck_fails_with(!neap_jpeg_load(empty), saying("%s: expected a JPEG picture, got nothing", empty));
    ck_fails_with(!neap_jpeg_load(text),
                  saying("%s: expected a JPEG picture: Not a JPEG file: starts with 0x50 0x36", text));
}
END_TEST

static bool load(void)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_jpeg_load(in_folder("file"));
    neap_scope_close(scope);
    return x;
}

START_TEST(no_memory)
{
    jpeg_file f = painted(color);
    write_file("file", f.bytes, f.size);
    tjFree(f.bytes);
    refuse_each(load);
}
END_TEST

int main(void)
{
    return RUN_SUITE("jpeg", pictures, four_channels, truncated, corrupt, absurd_sizes, no_pictures, no_memory);
}
