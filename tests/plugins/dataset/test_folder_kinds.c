/* The data set folder: pictures of every kind of PNG and JPEG, in colour and in grey, turned and transparent. */
#include "folder_test.h"

static void write_jpeg(const char *name, jpeg_form form, const unsigned char *pixels)
{
    const jpeg_file file = encode_jpeg(form, 24, 12, pixels);
    write_file(name, file.bytes, file.size);
    tjFree(file.bytes);
}

/* The bands on their side: a JPEG whose orientation says that its first row is the right side. */
static void write_turned(const char *name)
{
    static const unsigned char exif[] =
        "\xff\xd8\xff\xe1\0\x22" "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    unsigned char pixels[12 * 24 * 3], whole[8192];
    fill_bands(pixels);
    const jpeg_file file = encode_jpeg((jpeg_form)JPEG_COLOR, 24, 12, pixels);
    ck_assert_uint_lt(file.size, 8000);
    memcpy(whole, exif, 38);
    memcpy(whole + 38, file.bytes + 2, file.size - 2);
    write_file(name, whole, file.size + 36);
    tjFree(file.bytes);
}

/* The same bands from files of every kind, in colour. */
START_TEST(kinds_in_color)
{
    unsigned char pixels[12 * 24 * 3], cmyk[12 * 24 * 4], deep[12 * 24 * 6], index[12 * 24];
    fill_bands(pixels);
    for (int i = 0; i < 12 * 24; i++) {
        for (int c = 0; c < 3; c++)
            cmyk[4 * i + c] = pixels[3 * i + c], deep[6 * i + 2 * c] = deep[6 * i + 2 * c + 1] = pixels[3 * i + c];
        cmyk[4 * i + 3] = 255; /* no black, as Adobe stores it */
        index[i] = (unsigned char)(i % 24 / 8);
    }
    static const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
    const png_form indexed = {.depth = 8, .type = PNG_COLOR_TYPE_PALETTE, .palette = palette, .colors = 3};
    const png_form sixteen = {.depth = 16, .type = PNG_COLOR_TYPE_RGB};
    const png_file a = encode_png(&indexed, 24, 12, index, 24), b = encode_png(&sixteen, 24, 12, deep, 24 * 6);
    write_file("pictures/palette.png", a.bytes, a.size), write_file("pictures/sixteen.png", b.bytes, b.size);
    write_bands("pictures/interlaced.png");
    write_jpeg("pictures/plain.jpg", (jpeg_form)JPEG_COLOR, pixels);
    write_jpeg("pictures/progressive.JPEG", (jpeg_form)JPEG_PROGRESSIVE, pixels);
    write_jpeg("pictures/cmyk.jpg", (jpeg_form)JPEG_CMYK, cmyk);
    write_jpeg("pictures/named_otherwise.png", (jpeg_form)JPEG_COLOR, pixels);
    test_set s = opened(OPEN("rows", "12", "columns", "24"));
    ck_assert_int_eq(s.count, 7);
    for (int i = 0; i < 7; i++) {
        const test_example *e = example_of(s, i);
        check_color(s, e, 0.1, 0.1, 1, -1, -1), check_color(s, e, 0.5, 0.9, -1, 1, -1), check_color(s, e, 0.9, 0.5, -1, -1, 1);
    }
    close_set(s);
    s = opened(OPEN("rows", "12", "columns", "24", "channels", "1")); /* luma: 0.299, 0.587, 0.114 */
    ck_assert_int_eq(s.spec.channels, 1);
    for (int i = 0; i < 7; i++) {
        const test_example *e = example_of(s, i);
        check_color(s, e, 0.1, 0.1, -0.4, 0, 0), check_color(s, e, 0.5, 0.9, 0.17, 0, 0);
        check_color(s, e, 0.9, 0.5, -0.77, 0, 0);
    }
    close_set(s);
}
END_TEST

START_TEST(turned_by_its_exif)
{
    write_turned("pictures/turned.jpg");
    test_set s = opened(OPEN("rows", "24", "columns", "12"));
    const test_example *e = example_of(s, 0);
    check_color(s, e, 0.5, 0.1, 1, -1, -1), check_color(s, e, 0.1, 0.5, -1, 1, -1), check_color(s, e, 0.5, 0.9, -1, -1, 1);
    close_set(s);
}
END_TEST

START_TEST(grey_stays_grey)
{
    unsigned char grey[12 * 24];
    memset(grey, 200, sizeof grey);
    write_jpeg("pictures/grey.jpg", (jpeg_form)JPEG_GRAY, grey);
    const png_form form = {.depth = 8, .type = PNG_COLOR_TYPE_GRAY};
    const png_file file = encode_png(&form, 24, 12, grey, 24);
    write_file("pictures/grey.png", file.bytes, file.size);
    for (int channels = 1; channels <= 3; channels += 2) {
        test_set s = opened(OPEN("size", "8", "channels", channels == 1 ? "1" : "3"));
        for (int i = 0; i < 2; i++)
            for (int c = 0; c < channels; c++)
                ck_assert_float_eq_tol(example_of(s, i)->x[c], 200 / 127.5f - 1, 0.01f);
        close_set(s);
    }
}
END_TEST

/* Half red and half transparent blue, from a colour with alpha and from a transparent colour of a palette. */
START_TEST(transparency_shows_the_background)
{
    unsigned char rgba[4 * 8 * 4] = {0}, index[4 * 8];
    for (int i = 0; i < 32; i++) {
        rgba[4 * i] = i % 8 < 4 ? 255 : 0, rgba[4 * i + 2] = i % 8 < 4 ? 0 : 255, rgba[4 * i + 3] = i % 8 < 4 ? 255 : 0;
        index[i] = i % 8 >= 4;
    }
    static const png_color palette[] = {{255, 0, 0}, {0, 0, 255}};
    static const unsigned char seen[] = {255, 0};
    const png_form alpha = {.depth = 8, .type = PNG_COLOR_TYPE_RGB_ALPHA};
    const png_form indexed = {.depth = 8, .type = PNG_COLOR_TYPE_PALETTE, .palette = palette, .colors = 2, .transparent = seen,
                              .transparents = 2};
    const png_file a = encode_png(&alpha, 8, 4, rgba, 32), b = encode_png(&indexed, 8, 4, index, 8);
    write_file("pictures/alpha.png", a.bytes, a.size), write_file("pictures/palette.png", b.bytes, b.size);
    static const struct {
        const char *name;
        double rgb[3];
    } colors[] = {{"white", {1, 1, 1}}, {"black", {-1, -1, -1}}, {"#00ff00", {-1, 1, -1}}};
    for (int k = 0; k < 3; k++) {
        test_set s = opened(OPEN("rows", "4", "columns", "8", "background", colors[k].name));
        for (int i = 0; i < 2; i++) {
            check_color(s, example_of(s, i), 0.1, 0.5, 1, -1, -1);
            check_color(s, example_of(s, i), 0.95, 0.5, colors[k].rgb[0], colors[k].rgb[1], colors[k].rgb[2]);
        }
        close_set(s);
    }
    test_set s = opened(OPEN("rows", "4", "columns", "8", "channels", "1", "background", "black"));
    check_color(s, example_of(s, 0), 0.95, 0.5, -1, 0, 0);
    close_set(s);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("folder, kinds of files", pictures_open, pictures_close, kinds_in_color, turned_by_its_exif, grey_stays_grey,
                          transparency_shows_the_background);
}
