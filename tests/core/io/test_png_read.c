/*
 * PNG as others write it, made here with libpng: every depth and colour type, palettes, interlacing; and damaged files.
 */
#include "encode_png.h"
#include "picture_test.h"

/* --- Pictures in every form --------------------------------------------------------------------------------------- */

static neap_tensor *decode(const png_file *f)
{
    return present(neap_png_parse("f", f->bytes, f->size, NULL));
}

/* Whole levels, and the rounding of floats near 255. */
#define EXACT 1e-4

START_TEST(few_bits)
{
    static const struct {
        int depth;
        unsigned char row;
        double levels[4];
    } rows[] = {
        {1, 0x50, {0, 255, 0, 255}},     /* 0 1 0 1 */
        {2, 0x1b, {0, 85, 170, 255}},    /* 0 1 2 3 */
        {4, 0x0f, {0, 255}},             /* 0 15 */
        {8, 77, {77}},
    };
    for (int i = 0; i < 4; i++) {
        uint32_t width = rows[i].depth < 4 ? 4 : rows[i].depth == 4 ? 2 : 1;
        png_file f = encode_png(&(png_form){.depth = rows[i].depth, .type = PNG_COLOR_TYPE_GRAY}, width, 1, &rows[i].row, 1);
        neap_tensor *x = decode(&f);
        ck_picture_is(x, 1, width, 1);
        ck_levels(x, rows[i].levels, EXACT);
    }
}
END_TEST

/* Of 16 bits the nearest of 256 levels is taken. */
START_TEST(sixteen_bits)
{
    enum { COUNT = 48 };
    unsigned char bytes[2 * COUNT];
    double levels[COUNT];
    for (int i = 0; i < COUNT; i++) {
        int value = 65535 * i / (COUNT - 1);
        bytes[2 * i] = (unsigned char)(value >> 8);
        bytes[2 * i + 1] = (unsigned char)value;
        levels[i] = value / 257.0;
    }
    png_file gray = encode_png(&(png_form){.depth = 16, .type = PNG_COLOR_TYPE_GRAY}, 8, 6, bytes, 16);
    neap_tensor *x = decode(&gray);
    ck_picture_is(x, 6, 8, 1);
    ck_levels(x, levels, 0.5 + EXACT);
    png_file rgb = encode_png(&(png_form){.depth = 16, .type = PNG_COLOR_TYPE_RGB}, 8, 2, bytes, 48);
    x = decode(&rgb);
    ck_picture_is(x, 2, 8, 3);
    ck_levels(x, levels, 0.5 + EXACT);
}
END_TEST

/* Over white: 255 - alpha (255 - color) / 255; apart: both as they are. */
START_TEST(alpha)
{
    static const unsigned char gray[] = {10, 0, 20, 128, 30, 255}, rgba[] = {1, 2, 3, 0, 4, 5, 6, 127, 7, 8, 9, 255};
    static const unsigned char deep[] = {1, 1, 0, 0, 200, 200, 128, 0};
    png_file f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY_ALPHA}, 3, 1, gray, 6);
    neap_tensor *x = decode(&f);
    ck_picture_is(x, 1, 3, 1);
    ck_levels(x, (double[]){255, 255 - 128 * 235 / 255.0, 30}, EXACT);
    neap_tensor *seen;
    x = present(neap_png_parse("f", f.bytes, f.size, &seen));
    ck_picture_is(x, 1, 3, 1);
    ck_levels(x, (double[]){10, 20, 30}, EXACT);
    ck_same_tensor(seen, neap_from(NEAP_F32, neap_dims(1, 3, 1), (float[]){0, 128 / 255.0f, 1}));
    f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_RGBA}, 3, 1, rgba, 12);
    x = decode(&f);
    ck_picture_is(x, 1, 3, 3);
    double half[3];
    for (int i = 0; i < 3; i++)
        half[i] = 255 - 127 * (251 - i) / 255.0;
    ck_levels(x, (double[]){255, 255, 255, half[0], half[1], half[2], 7, 8, 9}, EXACT);
    x = present(neap_png_parse("f", f.bytes, f.size, &seen));
    ck_levels(x, (double[]){1, 2, 3, 4, 5, 6, 7, 8, 9}, EXACT);
    f = encode_png(&(png_form){.depth = 16, .type = PNG_COLOR_TYPE_GRAY_ALPHA}, 2, 1, deep, 8);
    x = present(neap_png_parse("f", f.bytes, f.size, &seen));
    ck_levels(x, (double[]){1, 200}, 0.5 + EXACT);
    ck_assert_float_eq_tol(((float *)neap_data(seen))[1], 128 / 255.0f, 1e-6f);
    f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY}, 3, 1, gray, 3);
    present(neap_png_parse("f", f.bytes, f.size, &seen));
    ck_assert_ptr_null(seen); /* where the file says nothing of it */
}
END_TEST

START_TEST(palettes)
{
    static const png_color colors[] = {{255, 0, 1}, {2, 254, 3}, {4, 5, 253}, {100, 101, 102}};
    static const unsigned char seen[] = {0, 128};
    static const unsigned char two_bits[] = {0xe4}, eight_bits[] = {3, 2, 1, 0}; /* 3 2 1 0 */
    static const double levels[] = {100, 101, 102, 4, 5, 253, 2, 254, 3, 255, 0, 1};
    for (int i = 0; i < 3; i++) {
        png_form as = {.depth = i ? 8 : 2, .type = PNG_COLOR_TYPE_PALETTE, .palette = colors, .colors = 4};
        if (i == 2) {
            as.transparent = seen; /* of the last two pixels; alpha in a palette is alpha */
            as.transparents = 2;
        }
        png_file f = encode_png(&as, 4, 1, i ? eight_bits : two_bits, i ? 4 : 1);
        neap_tensor *given, *x = present(neap_png_parse("f", f.bytes, f.size, &given));
        ck_picture_is(x, 1, 4, 3);
        ck_levels(x, levels, EXACT);
        ck_assert(!given == (i != 2));
        if (given)
            ck_same_tensor(given, neap_from(NEAP_F32, neap_dims(1, 4, 1), (float[]){1, 1, 128 / 255.0f, 0}));
    }
}
END_TEST

/* One colour may be declared transparent. */
START_TEST(transparent_colors)
{
    static const unsigned char gray[] = {7, 8, 9}, rgb[] = {1, 2, 3, 1, 2, 4};
    png_color_16 key = {.gray = 8, .red = 1, .green = 2, .blue = 3};
    png_file f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY, .transparent_color = &key}, 3, 1, gray, 3);
    ck_levels(decode(&f), (double[]){7, 255, 9}, EXACT);
    f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_RGB, .transparent_color = &key}, 2, 1, rgb, 6);
    ck_levels(decode(&f), (double[]){255, 255, 255, 1, 2, 4}, EXACT);
}
END_TEST

/* Levels of sRGB are as they are; linear ones (gamma 1) are brighter on the screen: sRGB of 0.2158 is 0.5. */
START_TEST(gammas)
{
    static const unsigned char row[] = {0, 55, 255};
    png_file f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY, .gamma = 1 / 2.2}, 3, 1, row, 3);
    ck_levels(decode(&f), (double[]){0, 55, 255}, EXACT);
    f = encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY, .gamma = 1}, 3, 1, row, 3);
    ck_levels(decode(&f), (double[]){0, 128, 255}, 1 + EXACT);
}
END_TEST

START_TEST(interlaced)
{
    enum { SIDE = 9, SIZE = SIDE * SIDE * 3 };
    unsigned char bytes[SIZE];
    double levels[SIZE];
    for (int i = 0; i < SIZE; i++)
        levels[i] = bytes[i] = (unsigned char)(i * 7 % 256);
    const png_form as = {.depth = 8, .type = PNG_COLOR_TYPE_RGB, .interlace = PNG_INTERLACE_ADAM7};
    png_file f = encode_png(&as, SIDE, SIDE, bytes, SIDE * 3);
    neap_tensor *x = decode(&f);
    ck_picture_is(x, SIDE, SIDE, 3);
    ck_levels(x, levels, EXACT);
}
END_TEST

/* --- Turned ------------------------------------------------------------------------------------------------------- */

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Puts an eXIf chunk into a file at an offset. */
static void insert_exif(png_file *f, size_t at, const unsigned char *exif, uint32_t size)
{
    memmove(f->bytes + at + 12 + size, f->bytes + at, f->size - at);
    put_u32(f->bytes + at, size);
    memcpy(f->bytes + at + 4, "eXIf", 4);
    memcpy(f->bytes + at + 8, exif, size);
    put_u32(f->bytes + at + 8 + size, png_crc(f->bytes + at + 4, 4 + size));
    f->size += 12 + size;
}

enum { ROWS = 2, COLUMNS = 3 };

static png_file numbered_file(void)
{
    static const unsigned char bytes[ROWS * COLUMNS] = {0, 1, 2, 3, 4, 5};
    return encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_GRAY}, COLUMNS, ROWS, bytes, COLUMNS);
}

static void ck_turned(const png_file *f, int orientation)
{
    double levels[ROWS * COLUMNS];
    int height = orientation > 4 ? COLUMNS : ROWS, width = orientation > 4 ? ROWS : COLUMNS;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        levels[i] = stored_at(orientation, ROWS, COLUMNS, i / width, i % width);
    neap_tensor *x = decode(f);
    ck_picture_is(x, height, width, 1);
    ck_levels(x, levels, EXACT);
}

/* The chunk may stand before the pixels or behind them, in either order of bytes. */
START_TEST(orientations)
{
    unsigned char exif[EXIF_SIZE];
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int big = 0; big <= 1; big++)
            for (int behind = 0; behind <= 1; behind++) {
                png_file f = numbered_file();
                make_exif(exif, big, orientation);
                insert_exif(&f, behind ? f.size - 12 : 33, exif, EXIF_SIZE);
                ck_turned(&f, orientation);
            }
}
END_TEST

/* Of damaged data nothing is taken, and the picture stays as it is stored; each part of it, too. */
START_TEST(damaged_orientations)
{
    static const struct {
        int at, value;
    } damage[] = {{EXIF_VALUE, 0}, {EXIF_VALUE, 9}, {EXIF_TYPE, 4}, {EXIF_TAG, 0x13}, {EXIF_COUNT, 1}, {EXIF_DIRECTORY, 37},
                  {EXIF_DIRECTORY + 3, 255}, {0, 'M'}, {2, 0}};
    unsigned char exif[EXIF_SIZE];
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        png_file f = numbered_file();
        make_exif(exif, false, 6);
        exif[damage[i].at] = (unsigned char)damage[i].value;
        insert_exif(&f, 33, exif, EXIF_SIZE);
        ck_turned(&f, 1);
    }
    make_exif(exif, false, 6);
    for (uint32_t size = 0; size <= EXIF_SIZE; size++) {
        png_file f = numbered_file();
        insert_exif(&f, 33, exif, size);
        ck_turned(&f, size >= EXIF_SIZE - 4 ? 6 : 1); /* what stands behind the last entry is not needed */
    }
}
END_TEST

/* --- Damage ------------------------------------------------------------------------------------------------------- */

static png_file small_file(void)
{
    unsigned char bytes[48];
    for (int i = 0; i < 48; i++)
        bytes[i] = (unsigned char)(5 * i);
    return encode_png(&(png_form){.depth = 8, .type = PNG_COLOR_TYPE_RGB}, 4, 4, bytes, 12);
}

static size_t find(const png_file *f, const char *type)
{
    for (size_t at = 0; at + 4 <= f->size; at++)
        if (memcmp(f->bytes + at, type, 4) == 0)
            return at;
    ck_abort_msg("there is no %s", type);
}

/* Whoever has all the pixels does not miss the end mark. */
START_TEST(truncated)
{
    png_file f = small_file();
    size_t end = find(&f, "IEND") - 4, checksum = 4;
    for (size_t size = 0; size < end - checksum; size++)
        ck_assert_msg(!decodes(parse_png, f.bytes, size), "%zu of %zu bytes", size, f.size);
    for (size_t size = end - checksum; size < f.size; size++)
        decodes(parse_png, f.bytes, size);
    ck_assert(decodes(parse_png, f.bytes, f.size));
}
END_TEST

/* Signature, header and pixels have checksums; of what stands behind them nobody has need. */
START_TEST(corrupt)
{
    png_file f = small_file();
    size_t end = find(&f, "IEND") - 4;
    for (size_t at = 0; at < f.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            f.bytes[at] ^= (unsigned char)(1 << bit);
            bool read = decodes(parse_png, f.bytes, f.size);
            ck_assert_msg(!read || at >= end, "bit %d of byte %zu", bit, at);
            f.bytes[at] ^= (unsigned char)(1 << bit);
        }
}
END_TEST

/* A header of other sizes, with its checksum made right. */
static void claim(png_file *f, uint32_t width, uint32_t height)
{
    size_t at = find(f, "IHDR") + 4;
    put_u32(f->bytes + at, width);
    put_u32(f->bytes + at + 4, height);
    put_u32(f->bytes + at + 13, png_crc(f->bytes + at - 4, 17));
}

/* Nothing is allocated on the word of a header alone, beyond what a picture may have. */
START_TEST(absurd_sizes)
{
    png_file f = small_file();
    claim(&f, 4, 4);
    ck_assert(decodes(parse_png, f.bytes, f.size));
    static const uint32_t sizes[][2] = {{65537, 1}, {1, 65537}, {65536, 4097}, {1000000, 1000000}};
    for (int i = 0; i < 4; i++) {
        claim(&f, sizes[i][0], sizes[i][1]);
        ck_fails_with(!neap_png_parse("f", f.bytes, f.size, NULL),
                      saying("f: expected at most 65536 pixels a side and 268435456 in all, got %u x %u", sizes[i][0],
                             sizes[i][1]));
    }
    static const uint32_t worse[][2] = {{0, 4}, {4, 0}, {0x7fffffff, 0x7fffffff}, {UINT32_MAX, 1}};
    for (int i = 0; i < 4; i++) {
        claim(&f, worse[i][0], worse[i][1]); /* libpng refuses these */
        ck_fails_saying(!neap_png_parse("f", f.bytes, f.size, NULL), "f: expected a PNG picture: ");
    }
    claim(&f, 5, 4); /* more than there are pixels */
    ck_fails_saying(!neap_png_parse("f", f.bytes, f.size, NULL), "f: expected a PNG picture: ");
}
END_TEST

START_TEST(no_pictures)
{
    const char *absent = in_folder("absent"), *empty = write_file("empty", "", 0);
    const char *text = write_file("text", "P6 1 1", 6);
    ck_fails_with(!neap_picture_load(absent, NULL), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
    ck_fails_with(!neap_picture_load(test_folder, NULL), saying("%s: cannot be read: %s", test_folder, strerror(EISDIR)));
    ck_fails_with(!neap_picture_load(empty, NULL),
                  saying("%s: expected a PNG or JPEG picture, got an empty file", empty));
    ck_fails_with(!neap_picture_load(text, NULL),
                  saying("%s: expected a PNG or JPEG picture, got text that begins with 'P6 1 1'", text));
    ck_fails_with(!neap_picture_parse("f", "\1\2\3", 3, NULL), "f: expected a PNG or JPEG picture, got unknown bytes");
}
END_TEST

int main(void)
{
    return RUN_SUITE("png_read", few_bits, sixteen_bits, alpha, palettes, transparent_colors, gammas, interlaced,
                     orientations, damaged_orientations, truncated, corrupt, absurd_sizes,
                     no_pictures);
}
