/* JPEG, made here with TurboJPEG: gray, colour, progressive, ink, turned by EXIF; and damaged files, which must not end the process. */
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
        neap_tensor *x = neap_picture_load(write_file("file", f.bytes, f.size), NULL);
        ck_picture_is(x, HEIGHT, WIDTH, forms[i].components);
        ck_levels(x, levels, TOLERANCE);
        tjFree(f.bytes);
    }
}
END_TEST

/* --- Ink ---------------------------------------------------------------------------------------------------------- */

/* The first segment of a marker, at its length. */
static unsigned char *find_segment(const jpeg_file *f, int marker)
{
    unsigned char *at = f->bytes + 2;
    while (at + 4 <= f->bytes + f->size && at[1] != marker)
        at += 2 + (at[2] << 8 | at[3]);
    ck_assert(at + 4 <= f->bytes + f->size);
    return at + 2;
}

enum { COUNT = HEIGHT * WIDTH };

static void ck_ink(const jpeg_file *f, const double *levels)
{
    neap_tensor *x = neap_picture_load(write_file("file", f->bytes, f->size), NULL);
    ck_picture_is(x, HEIGHT, WIDTH, 3);
    ck_levels(x, levels, TOLERANCE);
}

/* TurboJPEG writes YCCK with Adobe's mark, so what it is given counts as Adobe's: 255 where there is no ink. On white paper
 * a colour reflects its own share of what black leaves. */
START_TEST(ink)
{
    unsigned char pixels[4 * COUNT];
    double painted_levels[4 * COUNT], levels[3 * COUNT];
    paint(pixels, painted_levels, 4);
    for (int i = 0; i < COUNT; i++)
        for (int c = 0; c < 3; c++)
            levels[3 * i + c] = painted_levels[4 * i + c] * painted_levels[4 * i + 3] / 255;
    jpeg_file f = encode_jpeg((jpeg_form)JPEG_CMYK, WIDTH, HEIGHT, pixels);
    ck_ink(&f, levels);
    tjFree(f.bytes);
}
END_TEST

/* Equal inks i are Y = 255 - i, Cb = Cr = 128 in the file, and its fourth channel is black. With the mark changed to say that
 * nothing was transformed these are cyan, magenta and yellow; without the mark 255 is all of the ink. */
START_TEST(ink_as_it_is)
{
    unsigned char pixels[4 * COUNT];
    double adobe[3 * COUNT], plain[3 * COUNT];
    for (int i = 0; i < COUNT; i++) {
        int each = 4 * (i % WIDTH) + 100, black = 6 * (i / WIDTH) + 90;
        memset(pixels + 4 * i, each, 3);
        pixels[4 * i + 3] = (unsigned char)black;
        const int stored[] = {255 - each, 128, 128};
        for (int c = 0; c < 3; c++) {
            adobe[3 * i + c] = stored[c] * black / 255.0;
            plain[3 * i + c] = (255 - stored[c]) * (255 - black) / 255.0;
        }
    }
    jpeg_file f = encode_jpeg((jpeg_form)JPEG_CMYK, WIDTH, HEIGHT, pixels);
    unsigned char *mark = find_segment(&f, 0xee);
    ck_assert_mem_eq(mark + 2, "Adobe", 5);
    ck_assert_int_eq(mark[13], 2); /* transformed */
    mark[13] = 0;
    ck_ink(&f, adobe);
    mark[2] = 'B';
    ck_ink(&f, plain);
    tjFree(f.bytes);
}
END_TEST

/* --- Turned ------------------------------------------------------------------------------------------------------- */

/* The file with a segment behind its first mark; good until the next call. */
static jpeg_file with_segment(const jpeg_file *f, int marker, const void *body, size_t size)
{
    static unsigned char bytes[1 << 16];
    ck_assert_uint_le(f->size + 4 + size, sizeof bytes);
    const unsigned char head[] = {0xff, 0xd8, 0xff, (unsigned char)marker, (unsigned char)((size + 2) >> 8),
                                  (unsigned char)(size + 2)};
    memcpy(bytes, head, 6);
    memcpy(bytes + 6, body, size);
    memcpy(bytes + 6 + size, f->bytes + 2, f->size - 2);
    return (jpeg_file){bytes, f->size + 4 + size};
}

static jpeg_file with_exif(const jpeg_file *f, bool big, int orientation)
{
    unsigned char body[6 + EXIF_SIZE] = "Exif\0";
    make_exif(body + 6, big, orientation);
    return with_segment(f, 0xe1, body, sizeof body);
}

static void ck_turned(neap_tensor *x, const double *levels, int orientation)
{
    int height = orientation > 4 ? WIDTH : HEIGHT, width = orientation > 4 ? HEIGHT : WIDTH;
    double turned[HEIGHT * WIDTH * 3];
    for (int i = 0; i < HEIGHT * WIDTH; i++)
        memcpy(turned + 3 * i, levels + 3 * stored_at(orientation, HEIGHT, WIDTH, i / width, i % width),
               3 * sizeof *turned);
    ck_picture_is(x, height, width, 3);
    ck_levels(x, turned, TOLERANCE);
}

START_TEST(orientations)
{
    unsigned char pixels[HEIGHT * WIDTH * 3];
    double levels[HEIGHT * WIDTH * 3];
    paint(pixels, levels, 3);
    jpeg_file f = encode_jpeg(color, WIDTH, HEIGHT, pixels);
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int big = 0; big <= 1; big++) {
            jpeg_file turned = with_exif(&f, big, orientation);
            ck_turned(neap_jpeg_parse("f", turned.bytes, turned.size), levels, orientation);
        }
    jpeg_file other = with_segment(&f, 0xe1, "http://ns.adobe.com/xap/1.0/", 29); /* XMP has the same marker */
    ck_turned(neap_jpeg_parse("f", other.bytes, other.size), levels, 1);
    jpeg_file turned = with_exif(&f, false, 6); /* a mark may stand behind fill bytes, which are 0xff */
    memmove(turned.bytes + 3, turned.bytes + 2, turned.size - 2);
    ck_turned(neap_jpeg_parse("f", turned.bytes, turned.size + 1), levels, 6);
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
    ck_fails_with(!neap_picture_load(absent, NULL), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
    ck_fails_with(!neap_picture_load(empty, NULL), saying("%s: expected a PNG or JPEG picture, got an empty file", empty));
    ck_fails_with(!neap_jpeg_parse("f", "\xff\xd8\xff\xd9", 4),
                  "f: expected a JPEG picture, got tables without a picture");
    ck_fails_with(!neap_jpeg_parse("f", "", 0), "f: expected a JPEG picture, got nothing");
    ck_fails_with(!neap_jpeg_parse("f", "P6 1", 4), "f: expected a JPEG picture: Not a JPEG file: starts with 0x50 0x36");
}
END_TEST

static bool load(void)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_picture_load(in_folder("file"), NULL);
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
    return RUN_SUITE("jpeg", pictures, ink, ink_as_it_is, orientations, truncated, corrupt, absurd_sizes, no_pictures, no_memory);
}
