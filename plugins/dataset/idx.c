/*
 * Data set: pictures and labels in IDX files (MNIST, Fashion-MNIST, EMNIST, ...), plain or gzip, kept in memory as
 * bytes. The format: two zero bytes, the element type, the number of dimensions, the dimensions as big-endian 32-bit
 * integers, then the elements in row-major order (Y. LeCun, C. Cortes, C. Burges: the MNIST database).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <neap/cancel.h>
#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>
#include <neap/registry.h>

#include <zlib.h>

#define TYPE_BYTES 0x08
#define MAX_SIZES 4
#define FIRST_PIECE ((size_t)1 << 20)

typedef struct idx_config {
    const char *path;
    int split;
    const char *images, *labels, *label_names;
    int64_t classes;
} idx_config;

typedef struct idx_file {
    int rank;
    size_t size[MAX_SIZES], total;
    unsigned char *bytes;
} idx_file;

typedef struct idx_data {
    neap_spec spec;
    int64_t count;
    unsigned char *pixels, *labels; /* labels NULL: no classes */
    char *names_text;               /* the names, each terminated by a NUL; NULL: no names */
    const char **names;
} idx_data;

/* --- One file ---------------------------------------------------------------------------------------------------- */

/* Records why gzread returned fewer bytes than requested. */
static int fail_short(gzFile file, const char *path, size_t expected, size_t got)
{
    int code;
    gzerror(file, &code);
    if (code == Z_ERRNO)
        return neap_fail("idx: %s: %s", path, strerror(errno));
    if (code == Z_BUF_ERROR)
        return neap_fail("idx: %s: truncated gzip: the file ends before the compressed data", path);
    if (code != Z_OK && code != Z_STREAM_END)
        return neap_fail("idx: %s: broken gzip (zlib's error %d)", path, code);
    return neap_fail("idx: %s: truncated: expected %zu more bytes, got %zu", path, expected, got);
}

static int read_exactly(gzFile file, const char *path, unsigned char *out, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        size_t piece = bytes - done < FIRST_PIECE ? bytes - done : FIRST_PIECE;
        if (neap_check_cancel() < 0)
            return -1;
        int got = gzread(file, out + done, (unsigned)piece);
        if (got < (int)piece)
            return fail_short(file, path, bytes, done + (size_t)(got > 0 ? got : 0));
        done += piece;
    }
    return 0;
}

/* The block grows as data arrive, so a header with false sizes costs no memory. */
static unsigned char *read_elements(gzFile file, const char *path, size_t bytes)
{
    unsigned char *block = NULL;
    for (size_t done = 0; done < bytes;) {
        size_t step = done ? done : FIRST_PIECE;
        step = step < bytes - done ? step : bytes - done;
        unsigned char *grown = neap_realloc(block, done + step);
        if (grown)
            block = grown;
        if (!grown || read_exactly(file, path, block + done, step)) {
            neap_free(block);
            return NULL;
        }
        done += step;
    }
    return block;
}

static int read_sizes(gzFile file, const char *path, idx_file *out)
{
    unsigned char size[4];
    out->total = 1;
    for (int i = 0; i < out->rank; i++) {
        if (read_exactly(file, path, size, sizeof size))
            return -1;
        out->size[i] = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
        if (out->size[i] == 0)
            return neap_fail("idx: %s: size %d of %d is 0", path, i + 1, out->rank);
        if (__builtin_mul_overflow(out->total, out->size[i], &out->total) || out->total > INT64_MAX)
            return neap_fail("idx: %s: the product of its sizes is too large", path);
    }
    return 0;
}

/* The element type that the third byte encodes, or NULL. */
static const char *type_of(unsigned char code)
{
    static const char *const types[] = {
        [0x08] = "bytes",  [0x09] = "signed bytes", [0x0b] = "16-bit integers", [0x0c] = "32-bit integers",
        [0x0d] = "floats", [0x0e] = "doubles",
    };
    return code < sizeof types / sizeof *types ? types[code] : NULL;
}

/* Reads more of the file, so that the message can name its format. */
static int fail_foreign(gzFile file, const char *path, const unsigned char magic[4])
{
    unsigned char head[512];
    memcpy(head, magic, 4);
    int more = gzread(file, head + 4, sizeof head - 4);
    if (neap_refuse_foreign(path, NEAP_FILE_IDX, head, 4 + (size_t)(more > 0 ? more : 0)) < 0)
        return neap_fail_in("idx");
    return neap_fail("idx: %s: expected an IDX file, which begins with 0x000008, got 0x%02x%02x%02x", path, magic[0],
                     magic[1], magic[2]);
}

static int read_head(gzFile file, const char *path, idx_file *out)
{
    unsigned char magic[4];
    if (read_exactly(file, path, magic, sizeof magic))
        return -1;
    const char *type = magic[0] || magic[1] ? NULL : type_of(magic[2]);
    if (!type)
        return fail_foreign(file, path, magic);
    if (magic[2] != TYPE_BYTES)
        return neap_fail("idx: %s: expected elements of type 0x08 (bytes from 0 to 255), got 0x%02x (%s)", path, magic[2],
                         type);
    if (magic[3] < 1 || magic[3] > MAX_SIZES)
        return neap_fail("idx: %s: expected 1 to %d sizes, got %d", path, MAX_SIZES, magic[3]);
    out->rank = magic[3];
    return read_sizes(file, path, out);
}

/* Reading one byte more makes zlib verify the checksum at the end of a gzip file. */
static int check_end(gzFile file, const char *path, const idx_file *out)
{
    unsigned char beyond;
    int code, got = gzread(file, &beyond, 1);
    gzerror(file, &code);
    if (got < 0 || code != Z_OK)
        return fail_short(file, path, 1, 0);
    return got ? neap_fail("idx: %s: expected its end after %zu elements, got more bytes", path, out->total) : 0;
}

static int load_file(const char *path, idx_file *out)
{
    errno = 0;
    gzFile file = gzopen(path, "rb");
    if (!file)
        return neap_fail("idx: %s: %s", path, errno ? strerror(errno) : "no memory to open it");
    if (!read_head(file, path, out))
        out->bytes = read_elements(file, path, out->total);
    if (out->bytes && check_end(file, path, out)) {
        neap_free(out->bytes);
        out->bytes = NULL;
    }
    gzclose_r(file);
    return out->bytes ? 0 : -1;
}

/* Some programs unpack NAME.gz into a folder NAME, which is not the data. */
static bool is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

/* The path of the first of the customary names that exists in the folder; if none does, the first name. Owned by the
 * caller. */
static char *path_in(const char *folder, const char *prefix, const char *content, int rank)
{
    static const struct {
        char before_idx;
        const char *suffix;
    } forms[] = {{'-', ""}, {'-', ".gz"}, {'.', ""}, {'.', ".gz"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *path = neap_format("%s/%s-%s%cidx%d-ubyte%s", folder, prefix, content, forms[i].before_idx, rank,
                                 forms[i].suffix);
        if (!path || is_file(path))
            return path;
        neap_free(path);
    }
    return neap_format("%s/%s-%s-idx%d-ubyte", folder, prefix, content, rank);
}

/* Loads the file `path`, or where that is NULL the file with this content in the config's folder. */
static int load(const idx_config *config, const char *path, const char *content, int rank, idx_file *out)
{
    static const char *const prefixes[] = {"train", "t10k"};
    if (path)
        return load_file(path, out);
    char *found = path_in(config->path, prefixes[config->split], content, rank);
    int status = found ? load_file(found, out) : -1;
    neap_free(found);
    return status;
}

/* --- The set ----------------------------------------------------------------------------------------------------- */

static int take_images(idx_data *data, const idx_config *config)
{
    idx_file file = {0};
    if (load(config, config->images, "images", 3, &file))
        return -1;
    data->pixels = file.bytes;
    if (file.rank < 3)
        return neap_fail("idx: images: expected sizes of count, height, width and perhaps channels, got %d sizes",
                         file.rank);
    data->count = (int64_t)file.size[0];
    data->spec = (neap_spec){.height = (int64_t)file.size[1],
                             .width = (int64_t)file.size[2],
                             .channels = file.rank == 4 ? (int64_t)file.size[3] : 1};
    return 0;
}

static int take_classes(idx_data *data, int64_t classes)
{
    int64_t most = 0;
    for (int64_t i = 0; i < data->count; i++) {
        if (classes && data->labels[i] >= classes)
            return neap_fail("idx: labels: expected 0 to %" PRId64 ", got %d at picture %" PRId64, classes - 1,
                             data->labels[i], i);
        most = data->labels[i] > most ? data->labels[i] : most;
    }
    data->spec.classes = classes ? classes : most + 1;
    return 0;
}

static int take_labels(idx_data *data, const idx_config *config)
{
    idx_file file = {0};
    if (!config->path && !config->labels)
        return config->classes || config->label_names ? neap_fail("idx: classes and label_names need labels") : 0;
    if (load(config, config->labels, "labels", 1, &file))
        return -1;
    data->labels = file.bytes;
    if (file.rank != 1)
        return neap_fail("idx: labels: expected one size, their count, got %d sizes", file.rank);
    if ((int64_t)file.size[0] != data->count)
        return neap_fail("idx: expected as many labels as pictures, got %zu labels and %" PRId64 " pictures",
                         file.size[0], data->count);
    return take_classes(data, config->classes);
}

/* Names are unique, because they select labels. An empty name is no name. */
static int check_names(const idx_data *data, int64_t count)
{
    for (int64_t i = 1; i < count; i++)
        for (int64_t k = 0; k < i && *data->names[i]; k++)
            if (strcmp(data->names[i], data->names[k]) == 0)
                return neap_fail("idx: label_names: expected names that differ, got '%s' twice", data->names[i]);
    return 0;
}

static int take_names(idx_data *data, const char *names)
{
    if (!names)
        return 0;
    int64_t count = 1, classes = data->spec.classes;
    for (const char *at = names; *at; at++)
        count += *at == ',';
    if (count != classes)
        return neap_fail("idx: label_names: expected %" PRId64 " names, got %" PRId64, classes, count);
    data->names_text = neap_strdup(names);
    data->names = neap_calloc((size_t)count, sizeof *data->names);
    if (!data->names_text || !data->names)
        return -1;
    char *at = data->names_text;
    for (int64_t i = 0; i < count; i++) {
        data->names[i] = at;
        at += strcspn(at, ",");
        *at++ = '\0'; /* the last name ends with a NUL already */
    }
    return check_names(data, count);
}

static void idx_close(void *self)
{
    idx_data *data = self;
    neap_free(data->pixels);
    neap_free(data->labels);
    neap_free(data->names_text);
    neap_free(data->names);
    neap_free(data);
}

static void *idx_open(const void *self)
{
    const idx_config *config = self;
    if (!config->path == !config->images || (config->path && config->labels))
        return neap_fail_null("idx: expected either path, or images and perhaps labels");
    idx_data *data = neap_calloc(1, sizeof *data);
    if (!data)
        return NULL;
    if (take_images(data, config) || take_labels(data, config) || take_names(data, config->label_names)) {
        idx_close(data);
        return NULL;
    }
    return data;
}

static int idx_spec(const void *self, neap_spec *out)
{
    return neap_spec_fill(out, ((const idx_data *)self)->spec);
}

static int64_t idx_count(const void *self)
{
    return ((const idx_data *)self)->count;
}

static const char *idx_label_name(const void *self, int64_t label)
{
    const idx_data *data = self;
    return data->names && label >= 0 && label < data->spec.classes ? data->names[label] : NULL;
}

static int idx_read(const void *self, int64_t index, const neap_example *out)
{
    const idx_data *data = self;
    if (index < 0 || index >= data->count)
        return neap_fail("idx: expected a picture of 0 to %" PRId64 ", got %" PRId64, data->count - 1, index);
    int64_t size = data->spec.height * data->spec.width * data->spec.channels;
    const unsigned char *from = data->pixels + index * size;
    for (int64_t i = 0; i < size; i++)
        out->x[i] = (float)from[i] / 127.5f - 1.0f;
    if (out->label)
        *out->label = data->labels[index];
    return 0;
}

/* A folder has both halves; single files do not show which half they are. */
static int idx_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)
{
    (void)draw, (void)count;
    if (!((const idx_config *)neap_instance_config(instance))->path)
        return neap_fail("expected a folder with a half for testing, got single files");
    return neap_instance_set_text(instance, "split", part == NEAP_PART_TEST ? "test" : "train");
}

static const char *const splits[] = {"train", "test", NULL};

static const neap_param idx_params[] = {
    NEAP_TEXT(idx_config, path, NULL, "Folder with train-images-idx3-ubyte and the like, plain or .gz."),
    NEAP_CHOICE(idx_config, split, 0, splits, "Half of the data in the folder."),
    NEAP_TEXT(idx_config, images, NULL, "File of pictures, in place of path."),
    NEAP_TEXT(idx_config, labels, NULL, "File of labels, in place of path; nil: no labels."),
    NEAP_INT(idx_config, classes, 0, 0, 256, "Number of classes; 0: the largest label plus one."),
    NEAP_TEXT(idx_config, label_names, NULL, "Names of the classes, separated by commas."),
    NEAP_PARAMS_END,
};

static const neap_dataset idx_functions = {
    .size = sizeof idx_functions, .open = idx_open, .close = idx_close, .spec = idx_spec, .count = idx_count,
    .label_name = idx_label_name, .read = idx_read, .part = idx_part,
};

NEAP_PLUGIN(idx) = NEAP_ONE_COMPONENT("idx", "1.0.0", "MIT",
                                      "Pictures and labels in IDX files, the format of MNIST.", "dataset/2",
                                      idx_config, idx_params, idx_functions);
