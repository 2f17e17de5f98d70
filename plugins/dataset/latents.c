/*
 * Data set: moments of latents that `neap encode` wrote, read by memory map. One safetensors file with moments f32
 * [N, h, w, 2 c] (c means, then c logarithms of variances), and, where the pictures' data set has them, labels i32 [N] with
 * metadata "neap.classes", text u8 [N, L] with lengths i32 [N], and picture f32 [N, H, W, C]. Other metadata:
 * "neap.fingerprint" of the autoencoder, "neap.dataset", and the names of labels as "neap.label.0" and so on.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>
#include <neap/plugin.h>

#define FILE_NAME "latents.safetensors" /* in the folder of a run */
#define MAX_CLASSES 1000000             /* the limit of architectures, too */

typedef struct latents_config {
    const char *path;
} latents_config;

typedef struct latents_data {
    neap_safetensors *file; /* owned; the members below point into it */
    neap_spec spec;
    int64_t count;
    const char *moments, *labels, *text, *lengths, *picture; /* bytes, which may be misaligned; NULL: absent */
} latents_data;

/* --- Opening: nothing in the file is trusted ------------------------------------------------------------------------ */

/* Finds a tensor of a dtype and rank with one row for each example. Returns 0 without a message when it is absent, 1 when
 * it is there, and -1 when it is another one. */
static int find(const latents_data *data, const char *name, const char *dtype, int rank, neap_shape *shape, const char **bytes)
{
    char got[NEAP_SHAPE_TEXT];
    const int index = neap_safetensors_find(data->file, name);
    if (index < 0)
        return 0;
    *shape = neap_safetensors_shape(data->file, index);
    const char *own = neap_safetensors_dtype(data->file, index);
    if (strcmp(own, dtype) != 0)
        return neap_fail("%s: expected %s, got %s", name, dtype, own);
    if (shape->rank != rank || neap_shape_size(*shape) < 1 || (data->count && shape->dim[0] != data->count))
        return neap_fail("%s: expected %d axes%s without a size of 0, got %s", name, rank,
                         data->count ? " with a row for each of the moments" : "", neap_shape_text(*shape, got));
    *bytes = neap_safetensors_bytes(data->file, index);
    return 1;
}

static int find_moments(latents_data *data)
{
    neap_shape shape;
    const int found = find(data, "moments", "F32", 4, &shape, &data->moments);
    if (found < 1)
        return found < 0 ? -1 : neap_fail("expected a tensor 'moments'; `neap encode` writes such files");
    if (shape.dim[3] % 2)
        return neap_fail("moments: expected an even number of channels, got %" PRId64, shape.dim[3]);
    data->count = shape.dim[0];
    data->spec = (neap_spec){.height = shape.dim[1], .width = shape.dim[2], .channels = shape.dim[3],
                             .latent = {shape.dim[1], shape.dim[2], shape.dim[3] / 2}};
    return 0;
}

static int read_classes(latents_data *data)
{
    char *end = NULL;
    const char *text = neap_safetensors_value(data->file, "neap.classes");
    errno = 0;
    const long long classes = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || classes < 1 || classes > MAX_CLASSES)
        return neap_fail("metadata 'neap.classes': expected a number from 1 to %d beside labels, got %s", MAX_CLASSES,
                         text ? text : "none");
    data->spec.classes = classes;
    return 0;
}

static int32_t number_at(const char *bytes, int64_t index)
{
    int32_t value;
    memcpy(&value, bytes + (size_t)index * sizeof value, sizeof value);
    return value;
}

static int check_numbers(const latents_data *data, const char *name, const char *bytes, int64_t least, int64_t most)
{
    for (int64_t i = 0; i < data->count; i++)
        if (number_at(bytes, i) < least || number_at(bytes, i) > most)
            return neap_fail("%s: expected %" PRId64 " to %" PRId64 ", got %" PRId32 " for example %" PRId64, name, least, most,
                             number_at(bytes, i), i);
    return 0;
}

static int find_labels(latents_data *data)
{
    neap_shape shape;
    const int found = find(data, "labels", "I32", 1, &shape, &data->labels);
    if (found < 1)
        return found;
    return read_classes(data) < 0 ? -1 : check_numbers(data, "labels", data->labels, -1, data->spec.classes - 1);
}

static int find_text(latents_data *data)
{
    neap_shape shape, lengths;
    const int found = find(data, "text", "U8", 2, &shape, &data->text);
    if (found < 1)
        return found;
    data->spec.text = shape.dim[1];
    const int beside = find(data, "lengths", "I32", 1, &lengths, &data->lengths);
    if (beside < 1)
        return beside < 0 ? -1 : neap_fail("expected a tensor 'lengths' beside 'text'");
    return check_numbers(data, "lengths", data->lengths, 0, shape.dim[1]);
}

static int find_picture(latents_data *data)
{
    neap_shape shape;
    const int found = find(data, "picture", "F32", 4, &shape, &data->picture);
    if (found == 1)
        data->spec.picture = (neap_extent){shape.dim[1], shape.dim[2], shape.dim[3]};
    return found;
}

static int find_all(latents_data *data)
{
    return find_moments(data) < 0 || find_labels(data) < 0 || find_text(data) < 0 || find_picture(data) < 0 ? -1 : 0;
}

static void latents_close(void *self)
{
    latents_data *data = self;
    if (data->file)
        neap_safetensors_close(data->file);
    neap_free(data);
}

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Opens the file, or the one in the folder of a run. */
static neap_safetensors *open_file(const char *path)
{
    char *inside = is_folder(path) ? neap_format("%s/%s", path, FILE_NAME) : neap_strdup(path);
    neap_safetensors *file = inside ? neap_safetensors_open(inside) : NULL;
    neap_free(inside);
    return file;
}

static void *latents_open(const void *config)
{
    const char *path = ((const latents_config *)config)->path;
    latents_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    data->file = open_file(path);
    if (data->file && find_all(data) == 0)
        return data;
    if (data->file)
        neap_fail_in(path);
    latents_close(data);
    return NULL;
}

/* --- Examples ------------------------------------------------------------------------------------------------------- */

static int latents_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, ((const latents_data *)self)->spec);
}

static int64_t latents_count(const void *self)
{
    return ((const latents_data *)self)->count;
}

/* Copies row `index` of `size` bytes, unless either side is absent. */
static void copy_row(void *to, const char *rows, int64_t index, int64_t size)
{
    if (to && rows)
        memcpy(to, rows + (size_t)index * (size_t)size, (size_t)size);
}

static int latents_read(const void *self, int64_t index, const neap_example *out)
{
    const latents_data *data = self;
    const neap_spec *s = &data->spec;
    const neap_extent *e = &s->picture;
    if (index < 0 || index >= data->count)
        return neap_fail("expected an example of 0 to %" PRId64 ", got %" PRId64, data->count - 1, index);
    copy_row(out->x, data->moments, index, s->height * s->width * s->channels * (int64_t)sizeof(float));
    copy_row(out->label, data->labels, index, sizeof(int32_t));
    copy_row(out->text, data->text, index, s->text);
    copy_row(out->length, data->lengths, index, sizeof(int32_t));
    copy_row(out->picture, data->picture, index, e->height * e->width * e->channels * (int64_t)sizeof(float));
    return 0;
}

static const char *latents_label_name(const void *self, int64_t label)
{
    char key[40];
    snprintf(key, sizeof key, "neap.label.%" PRId64, label);
    return neap_safetensors_value(((const latents_data *)self)->file, key);
}

static const char *latents_encoded_by(const void *self)
{
    return neap_safetensors_value(((const latents_data *)self)->file, "neap.fingerprint");
}

static const char *latents_encoded_from(const void *self)
{
    return neap_safetensors_value(((const latents_data *)self)->file, "neap.dataset");
}

static const neap_param latents_params[] = {
    NEAP_REQUIRED_TEXT(latents_config, path, "A file of `neap encode`, or the run in whose folder it is."),
    NEAP_PARAMS_END,
};

static const neap_dataset latents_functions = {
    .size = sizeof latents_functions, .open = latents_open, .close = latents_close, .spec = latents_spec,
    .count = latents_count, .read = latents_read, .label_name = latents_label_name, .encoded_by = latents_encoded_by,
    .encoded_from = latents_encoded_from,
};

NEAP_PLUGIN(latents) = NEAP_ONE_COMPONENT("latents", "1.0.0", "MIT",
                                          "Moments of latents, encoded once by an autoencoder.", "dataset/2",
                                          latents_config, latents_params, latents_functions);
