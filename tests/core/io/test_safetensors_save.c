/* Saving safetensors: the file's very bytes, everything there and back, and what stands after a failure. */
#include <fcntl.h>
#include <sys/stat.h>

#include "safetensors_test.h"

static int save(const char *path, const neap_named_tensor *tensors, int count)
{
    return neap_safetensors_save(path, tensors, count, NULL, 0);
}

static neap_safetensors *reopen(const char *path)
{
    return present(neap_safetensors_open(path));
}

static neap_tensor *load(const neap_safetensors *file, const char *name)
{
    return present(neap_safetensors_load(file, neap_safetensors_find(file, name)));
}

/* --- There and back ----------------------------------------------------------------------------------------------- */

START_TEST(every_dtype_and_rank)
{
    static const neap_shape longest = {8, {2, 1, 3, 2, 1, 1, 2, 2}};
    neap_named_tensor tensors[NEAP_DTYPE_COUNT * 9];
    char names[NEAP_DTYPE_COUNT * 9][16];
    int count = 0;
    for (int dtype = 0; dtype < NEAP_DTYPE_COUNT; dtype++)
        for (int rank = 0; rank <= 8; rank++, count++) {
            neap_shape shape = longest;
            shape.rank = rank;
            snprintf(names[count], sizeof names[count], "%s.%d", neap_dtype_name((neap_dtype)dtype), rank);
            tensors[count] = (neap_named_tensor){names[count], numbered((neap_dtype)dtype, shape)};
        }
    ck_succeeds(save(in_folder("file"), tensors, count));
    neap_safetensors *file = reopen(in_folder("file"));
    ck_assert_int_eq(neap_safetensors_count(file), count);
    for (int i = 0; i < count; i++)
        ck_same_tensor(load(file, tensors[i].name), tensors[i].tensor);
    neap_safetensors_close(file);
}
END_TEST

START_TEST(size_of_the_file)
{
    const neap_named_tensor tensors[] = {{"a", numbered(NEAP_U8, neap_dims(3))}, {"b", numbered(NEAP_F64, neap_dims(2, 2))}};
    const neap_pair pairs[] = {{"key", "a \"text\"\n"}};
    struct stat about;
    for (int count = 0; count <= 2; count++) {
        ck_succeeds(neap_safetensors_save(in_folder("file"), tensors, count, pairs, 1));
        ck_assert_int_eq(stat(in_folder("file"), &about), 0);
        ck_assert_int_eq(neap_safetensors_size(tensors, count, pairs, 1), about.st_size);
    }
}
END_TEST

START_TEST(empty_tensors)
{
    neap_tensor *none = numbered(NEAP_F32, neap_dims(0)), *flat = numbered(NEAP_U8, neap_dims(3, 0, 2));
    neap_tensor *one = numbered(NEAP_I32, (neap_shape){0});
    ck_succeeds(save(in_folder("file"), (neap_named_tensor[]){{"none", none}, {"flat", flat}, {"one", one}}, 3));
    neap_safetensors *file = reopen(in_folder("file"));
    ck_same_tensor(load(file, "none"), none);
    ck_same_tensor(load(file, "flat"), flat);
    ck_same_tensor(load(file, "one"), one);
    neap_safetensors_close(file);
    ck_succeeds(save(in_folder("file"), NULL, 0));
    file = reopen(in_folder("file"));
    ck_assert_int_eq(neap_safetensors_count(file), 0);
    neap_safetensors_close(file);
}
END_TEST

/* What is saved are a view's elements in the order of its rows, not the storage behind it. */
START_TEST(views)
{
    neap_tensor *x = numbered(NEAP_I32, neap_dims(3, 4)), *y = neap_permute(x, (int[]){1, 0});
    neap_tensor *part = neap_slice(x, 1, 1, 3), *row = numbered(NEAP_U8, neap_dims(1, 2));
    neap_tensor *wide = neap_expand(row, neap_dims(3, 2));
    const int32_t *v = neap_data(x);
    ck_assert(!neap_is_contiguous(y) && !neap_is_contiguous(part) && !neap_is_contiguous(wide));
    ck_succeeds(save(in_folder("file"), (neap_named_tensor[]){{"y", y}, {"part", part}, {"wide", wide}}, 3));
    neap_safetensors *file = reopen(in_folder("file"));
    const int32_t turned[] = {v[0], v[4], v[8], v[1], v[5], v[9], v[2], v[6], v[10], v[3], v[7], v[11]};
    const int32_t middle[] = {v[1], v[2], v[5], v[6], v[9], v[10]};
    ck_same_tensor(load(file, "y"), neap_from(NEAP_I32, neap_dims(4, 3), turned));
    ck_same_tensor(load(file, "part"), neap_from(NEAP_I32, neap_dims(3, 2), middle));
    ck_same_tensor(load(file, "wide"), neap_from(NEAP_U8, neap_dims(3, 2), "\1\2\1\2\1\2"));
    neap_safetensors_close(file);
}
END_TEST

static const neap_pair texts[] = {
    {"cl\xc3\xa9", "\xe8\xaa\x9e \xf0\x9f\x8c\x99"},
    {"\"quoted\"", "a \"b\" \\ c / d"},
    {"lines", "1\n2\r3\t4\b\f\x01\x1f\x7f"},
    {"", ""},
    {"json", "{\"lr\":0.0003,\"list\":[1,null]}"},
};
enum { TEXTS = sizeof texts / sizeof *texts };

START_TEST(metadata)
{
    const neap_pair *pairs;
    ck_succeeds(neap_safetensors_save(in_folder("file"), NULL, 0, texts, TEXTS));
    neap_safetensors *file = reopen(in_folder("file"));
    ck_assert_int_eq(neap_safetensors_pairs(file, &pairs), TEXTS + 1);
    ck_assert_str_eq(pairs[0].key, "format");
    ck_assert_str_eq(pairs[0].value, "pt");
    for (int i = 0; i < TEXTS; i++) {
        ck_assert_str_eq(pairs[i + 1].key, texts[i].key); /* in their order */
        ck_assert_str_eq(pairs[i + 1].value, texts[i].value);
        ck_assert_str_eq(neap_safetensors_value(file, texts[i].key), texts[i].value);
    }
    /* What was read can be saved again as it is. */
    ck_succeeds(neap_safetensors_save(in_folder("again"), NULL, 0, pairs, TEXTS + 1));
    size_t size;
    void *bytes = present(neap_file_load(in_folder("again"), 1 << 20, &size));
    ck_assert(file_is(in_folder("file"), bytes, size));
    neap_free(bytes);
    neap_safetensors_close(file);
}
END_TEST

START_TEST(names)
{
    char longest[1025];
    memset(longest, 'n', 1024);
    longest[1024] = 0;
    const char *const odd[] = {"a.b", "\"", "\xc3\xa9\n", " ", "__metadata", longest};
    neap_named_tensor tensors[6];
    for (int i = 0; i < 6; i++)
        tensors[i] = (neap_named_tensor){odd[i], neap_scalar(i)};
    ck_succeeds(save(in_folder("file"), tensors, 6));
    neap_safetensors *file = reopen(in_folder("file"));
    for (int i = 0; i < 6; i++)
        ck_same_tensor(load(file, odd[i]), tensors[i].tensor);
    neap_safetensors_close(file);
}
END_TEST

/* --- The bytes ---------------------------------------------------------------------------------------------------- */

/* The widest first, then by name; spaces up to a multiple of 8. */
START_TEST(layout)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"k\":\"vw\"},"
        ENTRY("z", "F64", "[]", "[0,8]") "," ENTRY("B", "F32", "[1,2]", "[8,16]") ","
        ENTRY("a", "I32", "[0]", "[16,16]") "," ENTRY("b", "F32", "[1]", "[16,20]") ","
        ENTRY("m", "BF16", "[1]", "[20,22]") "," ENTRY("c", "U8", "[3]", "[22,25]") "}";
    static const uint8_t data[25] = {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x80, 0xbf,
                                     0x80, 0x3f, 7, 8, 9};
    const neap_named_tensor tensors[] = {
        {"c", neap_from(NEAP_U8, neap_dims(3), "\7\10\11")},        {"b", neap_full(NEAP_F32, neap_dims(1), -1)},
        {"a", neap_zeros(NEAP_I32, neap_dims(0))},                  {"m", neap_full(NEAP_BF16, neap_dims(1), 1)},
        {"z", neap_full(NEAP_F64, (neap_shape){0}, 1)},
        {"B", neap_from(NEAP_F32, neap_dims(1, 2), (float[]){1, 2})},
    };
    char padded[512];
    size_t length = (sizeof header - 1 + 7) / 8 * 8;
    snprintf(padded, sizeof padded, "%-*s", (int)length, header);
    ck_assert_uint_ne(sizeof header - 1, length);
    const uint8_t *whole = file_bytes(length, padded, length, data, sizeof data);
    ck_succeeds(neap_safetensors_save(in_folder("file"), tensors, 6, &(neap_pair){"k", "vw"}, 1));
    ck_assert(file_is(in_folder("file"), whole, 8 + length + sizeof data));
    neap_named_tensor turned[6];
    for (int i = 0; i < 6; i++)
        turned[i] = tensors[5 - i];
    ck_succeeds(neap_safetensors_save(in_folder("file"), turned, 6, &(neap_pair){"k", "vw"}, 1));
    ck_assert(file_is(in_folder("file"), whole, 8 + length + sizeof data));
}
END_TEST

/* --- Refusals ----------------------------------------------------------------------------------------------------- */

START_TEST(bad_names)
{
    static char long_name[1026];
    memset(long_name, 'n', 1025);
    neap_tensor *x = neap_scalar(1);
    const struct {
        neap_named_tensor tensors[2];
        const char *message;
    } rows[] = {
        {{{"a", x}, {"a", x}}, "safetensors: 'a': the name is given twice"},
        {{{"a", x}, {NULL, x}}, "safetensors: tensor 1: expected a name and a tensor"},
        {{{"a", x}, {"", x}}, "safetensors: tensor 1: expected a name and a tensor"},
        {{{"a", x}, {"b", NULL}}, "safetensors: tensor 1: expected a name and a tensor"},
        {{{"\xff", x}, {"b", x}}, "safetensors: tensor 0: expected a name in UTF-8"},
        {{{long_name, x}, {"b", x}}, "safetensors: tensor 0: expected a name of at most 1024 bytes, got 1025"},
        {{{"__metadata__", x}, {"b", x}}, "safetensors: '__metadata__': the format reserves this name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_fails_with(save(in_folder("file"), rows[i].tensors, 2), rows[i].message);
        ck_fails_with(neap_safetensors_size(rows[i].tensors, 2, NULL, 0) < 0, rows[i].message);
    }
    neap_fail("an op says why there is no tensor");
    ck_fails_with(save(in_folder("file"), (neap_named_tensor[]){{"a", NULL}}, 1),
                  "safetensors: an op says why there is no tensor");
    neap_named_tensor *many = present(neap_calloc(1000001, sizeof *many));
    ck_fails_with(save(in_folder("file"), many, 1000001), "safetensors: expected at most 1000000 tensors, got 1000001");
    neap_free(many);
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

START_TEST(bad_metadata)
{
    static const struct {
        neap_pair pairs[2];
        const char *message;
    } rows[] = {
        {{{"a", "1"}, {"a", "2"}}, "safetensors: metadata 'a' is given twice"},
        {{{"format", "pt"}, {"format", "pt"}}, "safetensors: metadata 'format' is given twice"},
        {{{"a", "1"}, {"\x80", "2"}}, "safetensors: metadata 1: expected UTF-8"},
        {{{"a", "\xc3"}, {"b", "2"}}, "safetensors: metadata 0: expected UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_fails_with(neap_safetensors_save(in_folder("file"), NULL, 0, rows[i].pairs, 2), rows[i].message);
        ck_fails_with(neap_safetensors_size(NULL, 0, rows[i].pairs, 2) < 0, rows[i].message);
    }
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

/* --- Failures on the way ------------------------------------------------------------------------------------------ */

START_TEST(places_that_cannot_be_written)
{
    const char *path = in_folder("none/file");
    ck_fails_with(save(path, NULL, 0), saying("safetensors: %s: cannot be written: %s", path, strerror(ENOENT)));
    ck_fails_with(save(test_folder, NULL, 0),
                  saying("safetensors: %s: cannot be written: %s", test_folder, strerror(EISDIR)));
    ck_assert_int_eq(folder_items(), 0);
}
END_TEST

START_TEST(the_old_file_stands)
{
    static const rlim_t limits[] = {100000, 20000, 4}; /* within the second tensor, the first, the header */
    const neap_named_tensor big[] = {{"a", neap_zeros(NEAP_F32, neap_dims(20000))},
                                     {"b", neap_permute(neap_zeros(NEAP_F32, neap_dims(100, 200)), (int[]){1, 0})}};
    const char *path = write_file("file", "old", 3);
    for (int i = 0; i < 3; i++) {
        limit_files(limits[i]);
        ck_fails_with(save(path, big, 2), saying("safetensors: %s: cannot be written: %s", path, strerror(EFBIG)));
        ck_assert(file_is(path, "old", 3));
        ck_assert_int_eq(folder_items(), 1);
    }
}
END_TEST

/* --- Reading back ------------------------------------------------------------------------------------------------- */

/* One fault in the file that was written: some of its text replaced, or its size changed. */
typedef struct fault {
    const char *text, *by;
    off_t size; /* -1: as it is */
    const char *message;
    bool done;
} fault;

static void damage(const char *path, fault *f)
{
    char bytes[1024];
    int descriptor = open(path, O_RDWR);
    ssize_t size = pread(descriptor, bytes, sizeof bytes, 0);
    const char *at = f->text && size > 0 ? memmem(bytes, (size_t)size, f->text, strlen(f->text)) : NULL;
    f->done = size > 0 && (at ? pwrite(descriptor, f->by, strlen(f->by), at - bytes) > 0 : f->size >= 0);
    if (f->done && f->size >= 0)
        ck_assert_int_eq(ftruncate(descriptor, f->size), 0);
    close(descriptor);
}

/* Damages the temporary file at the first allocation that finds it on the disk, which is one of reading it back. */
static bool damage_temporary(void *user, size_t bytes)
{
    fault *f = user;
    (void)bytes;
    DIR *folder = opendir(test_folder);
    for (struct dirent *item; !f->done && (item = readdir(folder));)
        if (strstr(item->d_name, ".neap-"))
            damage(in_folder(item->d_name), f);
    closedir(folder);
    return false;
}

START_TEST(what_does_not_read_back)
{
#define BETWEEN "},\"two\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":"
    static fault faults[] = {
        {NULL, NULL, 0, "bytes, got 0", false},
        {NULL, NULL, 100, "bytes, got 100", false},
        {NULL, NULL, 1000, "of data, got", false},
        {"{\"__meta", "[", -1, "expected one JSON object", false},
        {"}}", "}]", -1, "header: ", false},
        {"[2,3]", "[3,2]", -1, "'one': dtype, shape or data_offsets differ from those written", false},
        {"F32", "I32", -1, "'one': dtype, shape or data_offsets differ from those written", false},
        {"\"one\"", "\"six\"", -1, "'one' is missing", false},
        {"[0,24]", "[0,23]", -1, "'one': [2, 3] of F32 does not fill", false},
        {"[0,24]" BETWEEN "[24,48]", "[24,48]" BETWEEN "[0,24]", -1, "'one': dtype, shape or data_offsets differ", false},
        {"value", "volue", -1, "metadata 'key' differs from what was written", false},
        {"\"key\"", "\"kez\"", -1, "metadata 'key' differs from what was written", false},
        {"\"format\":\"pt\",", "              ", -1, "expected 2 entries of metadata, got 1", false},
    };
    const neap_named_tensor tensors[] = {{"one", neap_zeros(NEAP_F32, neap_dims(2, 3))},
                                         {"two", neap_zeros(NEAP_F32, neap_dims(2, 3))}};
    char path[512];
    snprintf(path, sizeof path, "%s", write_file("file", "old", 3));
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        neap_on_allocate(damage_temporary, &faults[i]);
        int status = neap_safetensors_save(path, tensors, 2, &(neap_pair){"key", "value"}, 1);
        neap_on_allocate(NULL, NULL);
        ck_assert_msg(faults[i].done && status < 0, "fault %zu: done %d, status %d", i, faults[i].done, status);
        ck_assert_msg(strstr(neap_error_message(), saying("safetensors: %s: read back: ", path)), "fault %zu: %s", i,
                      neap_error_message());
        ck_fails_saying(status, faults[i].message);
        ck_assert(file_is(path, "old", 3));
        ck_assert_int_eq(folder_items(), 1);
    }
}
END_TEST

static bool save_over(void)
{
    const char *path = in_folder("file");
    neap_scope scope = neap_scope_open();
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(4, 5)), *y = x ? neap_permute(x, (int[]){1, 0}) : NULL;
    bool done = !neap_safetensors_save(path, (neap_named_tensor[]){{"x", x}, {"y", y}}, 2, texts, TEXTS);
    neap_scope_close(scope);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(path, "old", 3) != done);
    ck_assert_int_eq(folder_items(), 1);
    return done;
}

START_TEST(no_memory)
{
    write_file("file", "old", 3);
    refuse_each(save_over);
    neap_safetensors_close(reopen(in_folder("file")));
}
END_TEST

int main(void)
{
    return RUN_SUITE("safetensors_save", every_dtype_and_rank, size_of_the_file, empty_tensors, views, metadata, names, layout,
                     bad_names, bad_metadata, places_that_cannot_be_written, the_old_file_stands,
                     what_does_not_read_back, no_memory);
}
