/*
 * Data set: examples and the noise from which each was generated, in one safetensors file: x and noise, both f32
 * [N, H, W, C]; with classes, labels i32 [N] and metadata "classes", their number. neap.couple writes such files; the
 * objective reflow trains on them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>
#include <neap/plugin.h>

#define MAX_CLASSES 1000000 /* the limit of architectures, too */

typedef struct coupled_config {
    const char *path;
} coupled_config;

typedef struct coupled_data {
    neap_spec spec;
    int64_t count;
    neap_tensor *x, *noise, *labels; /* owned; labels NULL: no classes */
} coupled_data;

/* --- Opening: nothing in the file is trusted ---------------------------------------------------------------------- */

/* Loads the tensor of a name and dtype into *owner. Returns 0, or -1 with a message. */
static int load(const neap_safetensors *file, const char *name, const char *dtype, neap_tensor **owner)
{
    int index = neap_safetensors_find(file, name);
    if (index < 0)
        return neap_fail("expected a tensor '%s'", name);
    const char *got = neap_safetensors_dtype(file, index);
    if (strcmp(got, dtype) != 0)
        return neap_fail("%s: expected %s, got %s", name, dtype, got);
    *owner = neap_keep(neap_safetensors_load(file, index));
    return *owner ? 0 : -1;
}

static int load_pictures(coupled_data *data, const neap_safetensors *file)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (load(file, "x", "F32", &data->x) < 0 || load(file, "noise", "F32", &data->noise) < 0)
        return -1;
    neap_shape shape = neap_shape_of(data->x);
    if (shape.rank != 4 || neap_shape_size(shape) < 1)
        return neap_fail("x: expected [N, H, W, C] without a size of 0, got %s", neap_shape_text(shape, got));
    if (!neap_shape_equal(shape, neap_shape_of(data->noise)))
        return neap_fail("noise: expected %s like x, got %s", neap_shape_text(shape, want),
                         neap_shape_text(neap_shape_of(data->noise), got));
    data->count = shape.dim[0];
    data->spec = (neap_spec){.height = shape.dim[1], .width = shape.dim[2], .channels = shape.dim[3]};
    return 0;
}

static int read_classes(coupled_data *data, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long classes = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || classes < 1 || classes > MAX_CLASSES)
        return neap_fail("metadata 'classes': expected a number from 1 to %d beside labels, got %s", MAX_CLASSES,
                         text ? text : "none");
    data->spec.classes = classes;
    return 0;
}

static int load_labels(coupled_data *data, const neap_safetensors *file)
{
    char got[NEAP_SHAPE_TEXT];
    if (neap_safetensors_find(file, "labels") < 0)
        return 0;
    if (read_classes(data, neap_safetensors_value(file, "classes")) < 0 ||
        load(file, "labels", "I32", &data->labels) < 0)
        return -1;
    if (!neap_shape_equal(neap_shape_of(data->labels), neap_dims(data->count)))
        return neap_fail("labels: expected [%" PRId64 "], got %s", data->count,
                         neap_shape_text(neap_shape_of(data->labels), got));
    const int32_t *labels = neap_data(data->labels);
    for (int64_t i = 0; i < data->count; i++)
        if (labels[i] < 0 || labels[i] >= data->spec.classes)
            return neap_fail("labels: expected 0 to %" PRId64 ", got %" PRId32 " for example %" PRId64,
                             data->spec.classes - 1, labels[i], i);
    return 0;
}

static void coupled_close(void *self)
{
    coupled_data *data = self;
    neap_release(data->x);
    neap_release(data->noise);
    neap_release(data->labels);
    neap_free(data);
}

static void *open_file(const char *path, const neap_safetensors *file)
{
    coupled_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    neap_scope scope = neap_scope_open();
    int status = load_pictures(data, file) < 0 || load_labels(data, file) < 0 ? -1 : 0;
    neap_scope_close(scope);
    if (status == 0)
        return data;
    neap_fail_in(path);
    coupled_close(data);
    return NULL;
}

static void *coupled_open(const void *config)
{
    const char *path = ((const coupled_config *)config)->path;
    neap_safetensors *file = neap_safetensors_open(path);
    void *data = file ? open_file(path, file) : NULL;
    if (file)
        neap_safetensors_close(file);
    return data;
}

/* --- Examples ----------------------------------------------------------------------------------------------------- */

static int coupled_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, ((const coupled_data *)self)->spec);
}

static int64_t coupled_count(const void *self)
{
    return ((const coupled_data *)self)->count;
}

static int copy_row(const coupled_data *data, neap_tensor *rows, int64_t index, float *out)
{
    const size_t size = (size_t)(data->spec.height * data->spec.width * data->spec.channels);
    if (index < 0 || index >= data->count)
        return neap_fail("coupled: expected an example of 0 to %" PRId64 ", got %" PRId64, data->count - 1, index);
    memcpy(out, (const float *)neap_data(rows) + (size_t)index * size, size * sizeof *out);
    return 0;
}

static int coupled_read(const void *self, int64_t index, const neap_example *out)
{
    const coupled_data *data = self;
    if (copy_row(data, data->x, index, out->x) < 0)
        return -1;
    if (out->label)
        *out->label = ((const int32_t *)neap_data(data->labels))[index];
    return 0;
}

static int coupled_noise(const void *self, int64_t index, float *z)
{
    const coupled_data *data = self;
    return copy_row(data, data->noise, index, z);
}

static const neap_param coupled_params[] = {
    NEAP_REQUIRED_TEXT(coupled_config, path, "File written by neap.couple."),
    NEAP_PARAMS_END,
};

static const neap_dataset coupled_functions = {
    .size = sizeof coupled_functions, .open = coupled_open, .close = coupled_close, .spec = coupled_spec,
    .count = coupled_count, .read = coupled_read, .noise = coupled_noise,
};

NEAP_PLUGIN(coupled) = NEAP_ONE_COMPONENT("coupled", "1.0.0", "MIT",
                                          "Samples of a model, each with its noise.", "dataset/2",
                                          coupled_config, coupled_params, coupled_functions);
