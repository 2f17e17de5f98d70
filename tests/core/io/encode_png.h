/*
 * PNG of every form, made with libpng as others make it: for tests and as seeds to fuzz with.
 */
#ifndef NEAP_ENCODE_PNG_H
#define NEAP_ENCODE_PNG_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

typedef struct png_form {
    int depth, type, interlace;
    const png_color *palette;
    int colors;
    const unsigned char *transparent; /* alpha of the first colours of the palette */
    int transparents;
    const png_color_16 *transparent_color;
    double gamma; /* 0: nothing is said of it */
} png_form;

typedef struct png_file {
    unsigned char bytes[4096];
    size_t size;
} png_file;

static inline void png_append(png_structp png, png_bytep bytes, size_t size)
{
    png_file *f = png_get_io_ptr(png);
    if (f->size + size > sizeof f->bytes)
        abort();
    memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static inline void png_flush_nothing(png_structp png)
{
    (void)png;
}

/* At most 16 rows, packed as the format packs them, `row` bytes each. libpng ends the process if the form is wrong. */
static inline png_file encode_png(const png_form *as, uint32_t width, uint32_t height, const unsigned char *rows,
                                  size_t row)
{
    png_file f = {.size = 0};
    png_bytep pointers[16];
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &f, png_append, png_flush_nothing);
    png_set_IHDR(png, info, width, height, as->depth, as->type, as->interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (as->palette)
        png_set_PLTE(png, info, as->palette, as->colors);
    if (as->transparent)
        png_set_tRNS(png, info, as->transparent, as->transparents, NULL);
    if (as->transparent_color)
        png_set_tRNS(png, info, NULL, 0, as->transparent_color);
    if (as->gamma > 0)
        png_set_gAMA(png, info, as->gamma);
    for (uint32_t y = 0; y < height; y++)
        pointers[y] = (png_bytep)(uintptr_t)(rows + y * row);
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    return f;
}

#endif
