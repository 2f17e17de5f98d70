/* A font of colour glyphs: HarfBuzz finds the glyph of a sequence, FreeType gives its bitmap. */
#include "emoji.h"

#include <math.h>
#include <stdatomic.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>
#include <neap/parallel.h>

#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>

#include "bytes.h"
#include "content.h"

#define LARGEST_FONT ((size_t)1 << 29)
#define OUTLINE_SIZE 128 /* pixels, for a font without bitmaps */
#define GLYPHS_AT_ONCE 256

struct emoji_font {
    const char *path;
    void *bytes;
    size_t size;
    hb_font_t *shaper;
    hb_buffer_t *buffer;
};

/* --- Faces: FreeType's objects are for one thread ---------------------------------------------------------------------- */

typedef struct face {
    FT_Library library;
    FT_Face face;
} face;

static void face_close(face *f)
{
    if (f->face)
        FT_Done_Face(f->face);
    if (f->library)
        FT_Done_FreeType(f->library);
}

/* The largest bitmaps that the font has. */
static int select_size(FT_Face f)
{
    int best = 0;
    if (f->num_fixed_sizes < 1)
        return FT_Set_Pixel_Sizes(f, 0, OUTLINE_SIZE);
    for (int i = 1; i < f->num_fixed_sizes; i++)
        if (f->available_sizes[i].height > f->available_sizes[best].height)
            best = i;
    return FT_Select_Size(f, best);
}

/* Returns FreeType's error number, or 0. */
static int face_open(face *f, const emoji_font *font)
{
    int code = FT_Init_FreeType(&f->library);
    if (!code)
        code = FT_New_Memory_Face(f->library, font->bytes, (FT_Long)font->size, 0, &f->face);
    return code;
}

/* --- Opening ----------------------------------------------------------------------------------------------------------- */

static int check_face(const emoji_font *font)
{
    face f = {0};
    const int code = face_open(&f, font);
    int status = 0;
    if (code)
        status = neap_fail("%s: expected a font, got a file that FreeType does not read (error %d)", font->path, code);
    else if (!FT_HAS_COLOR(f.face) || select_size(f.face))
        status = neap_fail("%s: expected a font with colour glyphs, got one without; the package fonts-noto-color-emoji has "
                           "one", font->path);
    face_close(&f);
    return status;
}

static int make_shaper(emoji_font *font)
{
    hb_blob_t *blob = hb_blob_create(font->bytes, (unsigned)font->size, HB_MEMORY_MODE_READONLY, NULL, NULL);
    hb_face_t *shape = hb_face_create(blob, 0);
    font->shaper = hb_font_create(shape);
    font->buffer = hb_buffer_create();
    hb_face_destroy(shape);
    hb_blob_destroy(blob);
    return hb_buffer_allocation_successful(font->buffer) ? 0 : neap_fail("%s: no memory to shape text", font->path);
}

emoji_font *emoji_font_open(const char *path)
{
    emoji_font *font = neap_calloc(1, sizeof *font);
    if (!font)
        return NULL;
    font->path = path;
    font->bytes = neap_file_load(path, LARGEST_FONT, &font->size);
    if (font->bytes && check_face(font) == 0 && make_shaper(font) == 0)
        return font;
    emoji_font_close(font);
    return NULL;
}

void emoji_font_close(emoji_font *font)
{
    if (!font)
        return;
    hb_buffer_destroy(font->buffer);
    hb_font_destroy(font->shaper);
    neap_free(font->bytes);
    neap_free(font);
}

uint32_t emoji_font_glyph(emoji_font *font, const emoji_entry *entry)
{
    unsigned count = 0;
    hb_buffer_clear_contents(font->buffer);
    hb_buffer_set_flags(font->buffer, HB_BUFFER_FLAG_REMOVE_DEFAULT_IGNORABLES);
    hb_buffer_add_utf32(font->buffer, entry->point, entry->points, 0, entry->points);
    hb_buffer_guess_segment_properties(font->buffer);
    hb_shape(font->shaper, font->buffer, NULL, 0);
    const hb_glyph_info_t *glyph = hb_buffer_get_glyph_infos(font->buffer, &count);
    return count == 1 ? glyph->codepoint : 0;
}

/* --- Drawing ----------------------------------------------------------------------------------------------------------- */

/* A square in the middle of a bitmap, as high as it; or as wide, where columns beside that square are visible. The bitmaps of
 * Noto Color Emoji are 136 by 128 pixels, of which 128 by 128 are used. */
static int64_t square_side(const FT_Bitmap *b)
{
    const int64_t width = b->width, height = b->rows, left = (width - height) / 2;
    for (int64_t y = 0; width > height && y < height; y++)
        for (int64_t x = 0; x < width; x++)
            if ((x < left || x >= left + height) && b->buffer[y * b->pitch + 4 * x + 3])
                return width;
    return height;
}

/* Composes one pixel, premultiplied BGRA, over the background. */
static void compose(const uint8_t *bgra, const uint8_t background[3], float *rgb)
{
    const float through = (float)(255 - bgra[3]) / 255;
    for (int c = 0; c < 3; c++)
        rgb[c] = fminf(((float)bgra[2 - c] + through * (float)background[c]) / 127.5f - 1, 1);
}

/* The bitmap in the middle of a square canvas, f32 [side, side, 3]. */
static void paint(const FT_Bitmap *b, int64_t side, const uint8_t background[3], float *canvas)
{
    const int64_t left = (side - (int64_t)b->width) / 2, top = (side - (int64_t)b->rows) / 2;
    static const uint8_t clear[4];
    for (int64_t i = 0; i < side * side; i++) {
        const int64_t y = i / side - top, x = i % side - left;
        const bool inside = y >= 0 && y < b->rows && x >= 0 && x < b->width;
        compose(inside ? b->buffer + y * b->pitch + 4 * x : clear, background, canvas + 3 * i);
    }
}

/* 0 for a bitmap without a visible pixel. */
static uint64_t hash_bitmap(const FT_Bitmap *b)
{
    uint64_t hash = CONTENT_EMPTY;
    bool visible = false;
    for (int64_t y = 0; y < b->rows; y++) {
        hash = content_hash(hash, b->buffer + y * b->pitch, 4 * (size_t)b->width);
        for (int64_t x = 0; !visible && x < b->width; x++)
            visible = b->buffer[y * b->pitch + 4 * x + 3];
    }
    return visible ? hash : 0;
}

static int draw_bitmap(const FT_Bitmap *b, const emoji_drawing *out, int64_t index)
{
    const int64_t side = square_side(b), values = out->size * out->size * 3;
    float *canvas = neap_calloc((size_t)(side * side * 3 + values), sizeof *canvas), *scaled = canvas + side * side * 3;
    if (!canvas)
        return -1;
    paint(b, side, out->background, canvas);
    const neap_raster from = {canvas, side, side, 3};
    const int status = neap_raster_scale(&from, (neap_area){0, 0, (double)side, (double)side}, scaled, out->size, out->size);
    for (int64_t i = 0; status == 0 && i < values; i++)
        out->pixels[index * values + i] = bytes_of_value(scaled[i]);
    neap_free(canvas);
    return status;
}

typedef struct job {
    const emoji_font *font;
    const uint32_t *glyphs;
    const emoji_drawing *out;
    int64_t first;
    atomic_bool failed;
} job;

/* A glyph that FreeType does not load, or only in one colour, stays without a hash. */
static int draw_glyph(FT_Face f, const job *j, int64_t index)
{
    const FT_Bitmap *b = &f->glyph->bitmap;
    j->out->hash[index] = 0;
    if (!j->glyphs[index] || FT_Load_Glyph(f, j->glyphs[index], FT_LOAD_COLOR | FT_LOAD_RENDER) ||
        b->pixel_mode != FT_PIXEL_MODE_BGRA)
        return 0;
    j->out->hash[index] = hash_bitmap(b);
    return j->out->hash[index] ? draw_bitmap(b, j->out, index) : 0;
}

static void draw_range(void *user, int64_t begin, int64_t end)
{
    job *j = user;
    face f = {0};
    bool good = !face_open(&f, j->font) && !select_size(f.face);
    for (int64_t i = begin; good && i < end; i++)
        good = draw_glyph(f.face, j, j->first + i) == 0;
    face_close(&f);
    if (good)
        return;
    neap_error_clear(); /* of this thread */
    j->failed = true;
}

int emoji_font_draw(const emoji_font *font, const uint32_t *glyphs, int64_t count, const emoji_drawing *out)
{
    job j = {.font = font, .glyphs = glyphs, .out = out};
    for (; j.first < count && !j.failed; j.first += GLYPHS_AT_ONCE) {
        if (neap_check_cancel() < 0)
            return -1;
        neap_parallel(count - j.first < GLYPHS_AT_ONCE ? count - j.first : GLYPHS_AT_ONCE, 32, draw_range, &j);
    }
    return j.failed ? neap_fail("%s: no memory to draw its glyphs", font->path) : 0;
}
