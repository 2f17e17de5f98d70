/* One picture, from its file to its size, and its caption. See folder.h. */
#include "folder.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include <neap/condition.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "bytes.h"
#include "content.h"

#define LARGEST_FILE ((size_t)1 << 31)

/* --- Colours ----------------------------------------------------------------------------------------------------------- */

/* One pixel in colour or grey over the background, to as many channels as the form has. Grey is the luma of ITU-R BT.601. */
static void compose(const float *pixel, int64_t channels, float alpha, const folder_form *form, float *out)
{
    float rgb[3];
    for (int c = 0; c < 3; c++) {
        const float behind = (float)form->background[c] / 127.5f - 1, front = pixel[channels == 3 ? c : 0];
        rgb[c] = behind + alpha * (front - behind);
    }
    if (form->channels == 3)
        memcpy(out, rgb, sizeof rgb);
    else
        out[0] = channels == 1 && alpha == 1 ? pixel[0] : 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

/* f32 [H, W, form->channels], opaque; owned by the scope. */
static neap_tensor *load(const char *path, const folder_form *form)
{
    neap_tensor *alpha = NULL, *picture = neap_picture_load(path, &alpha);
    if (!picture)
        return NULL;
    const int64_t channels = neap_dim(picture, 2), pixels = neap_size(picture) / channels;
    if (!alpha && channels == form->channels)
        return picture;
    neap_tensor *result = neap_empty(NEAP_F32, neap_dims(neap_dim(picture, 0), neap_dim(picture, 1), form->channels));
    const float *from = neap_data(picture), *seen = alpha ? neap_data(alpha) : NULL;
    float *to = result ? neap_data(result) : NULL;
    for (int64_t i = 0; to && i < pixels; i++)
        compose(from + i * channels, channels, seen ? seen[i] : 1, form, to + i * form->channels);
    return result;
}

/* --- Sizes ------------------------------------------------------------------------------------------------------------- */

/* The size of the whole picture within the form, at least a pixel. */
static void fit_inside(const neap_raster *p, const folder_form *form, int64_t *height, int64_t *width)
{
    const double scale = fmin((double)form->rows / (double)p->height, (double)form->columns / (double)p->width);
    *height = (int64_t)fmax(round(scale * (double)p->height), 1);
    *width = (int64_t)fmax(round(scale * (double)p->width), 1);
}

static void fill_background(const folder_form *form, uint8_t *out)
{
    const float opaque[3] = {0};
    float color[3];
    compose(opaque, 3, 0, form, color);
    for (size_t i = 0; i < folder_picture_bytes(form); i++)
        out[i] = bytes_of_value(color[i % (size_t)form->channels]);
}

/* Scales an area to [height, width] and centres it in the result. */
static int place(const neap_raster *p, neap_area area, int64_t height, int64_t width, const folder_form *form,
                 uint8_t *out)
{
    const int64_t top = (form->rows - height) / 2, left = (form->columns - width) / 2, channels = form->channels;
    float *scaled = neap_calloc((size_t)(height * width * channels), sizeof *scaled);
    const int status = scaled ? neap_raster_scale(p, area, scaled, height, width) : -1;
    for (int64_t i = 0; status == 0 && i < height * width * channels; i++) {
        const int64_t y = i / channels / width, x = i / channels % width;
        out[((top + y) * form->columns + left + x) * channels + i % channels] = bytes_of_value(scaled[i]);
    }
    neap_free(scaled);
    return status;
}

static int fit(const neap_raster *p, const folder_form *form, uint8_t *out)
{
    const neap_area whole = {0, 0, (double)p->height, (double)p->width};
    int64_t height = form->rows, width = form->columns;
    if (form->fit == FOLDER_PAD) {
        fill_background(form, out);
        fit_inside(p, form, &height, &width);
    }
    return place(p, form->fit == FOLDER_CROP ? neap_raster_middle(p, height, width) : whole, height, width, form, out);
}

static int hash_file(const char *path, uint64_t *content)
{
    size_t size;
    void *bytes = neap_file_load(path, LARGEST_FILE, &size);
    if (bytes)
        *content = content_hash(CONTENT_EMPTY, bytes, size);
    neap_free(bytes);
    return bytes ? 0 : -1;
}

int folder_decode(const char *path, const folder_form *form, uint8_t *out, uint64_t *content)
{
    const neap_scope scope = neap_scope_open();
    neap_tensor *picture = load(path, form);
    int status = picture ? 0 : -1;
    if (picture) {
        const neap_raster from = {neap_data(picture), neap_dim(picture, 0), neap_dim(picture, 1), form->channels};
        status = fit(&from, form, out);
    }
    neap_scope_close(scope);
    return status < 0 ? -1 : hash_file(path, content);
}

/* --- Captions ---------------------------------------------------------------------------------------------------------- */

/* Blanks at both ends go, line breaks become blanks. */
static size_t on_one_line(char *text, size_t length)
{
    const size_t begin = strspn(text, " \t\r\n");
    while (length > begin && strchr(" \t\r\n", text[length - 1]))
        length--;
    memmove(text, text + begin, length - begin);
    for (size_t i = 0; i < length - begin; i++)
        text[i] = strchr("\t\r\n", text[i]) && text[i] ? ' ' : text[i];
    return length - begin;
}

/* A text may begin with the byte order mark of UTF-8. */
static int read_caption(const char *path, char *text, int32_t *length)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size;
    char *bytes = neap_file_load(path, (size_t)1 << 20, &size);
    if (!bytes)
        return -1;
    const size_t skip = strncmp(bytes, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
    const size_t used = on_one_line(bytes + skip, size - skip);
    int status = 0;
    if (neap_string_check((neap_string){bytes + skip, used}) < 0)
        status = neap_fail_in(path);
    else if (used > FOLDER_LONGEST_CAPTION)
        status = neap_fail("%s: expected a caption of at most %d bytes, got %zu", path, FOLDER_LONGEST_CAPTION, used);
    else
        memcpy(text, bytes + skip, used);
    *length = status == 0 ? (int32_t)used : 0;
    neap_free(bytes);
    return status;
}

int folder_caption_read(const char *picture, char *text, int32_t *length)
{
    struct stat about;
    char *path = folder_caption_path(picture);
    *length = 0;
    int status = path ? 0 : -1;
    if (path && stat(path, &about) == 0 && S_ISREG(about.st_mode))
        status = read_caption(path, text, length);
    neap_free(path);
    return status;
}
