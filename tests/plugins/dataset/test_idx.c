/*
 * The data set "idx": files made byte by byte, plain and gzip, valid and broken in every way that has a message.
 */
#include <math.h>
#include <sys/stat.h>

#include <zlib.h>

#include "tests/core/plugin/plugin_test.h"

extern const neap_plugin neap_plugin_idx;

static const neap_dataset *dataset(void)
{
    if (neap_registry_count("dataset") == 0)
        ck_succeeds(neap_registry_add(&neap_plugin_idx, NULL));
    return neap_registry_find("dataset", "idx")->functions;
}

/* Opens a set from "key=value" settings; the list ends with NULL. */
static void *open_set(const char *const *settings)
{
    const neap_dataset *functions = dataset();
    neap_instance *instance = neap_instance_new(neap_registry_find("dataset", "idx"));
    char key[64];
    for (int i = 0; settings[i]; i++) {
        snprintf(key, sizeof key, "%.*s", (int)strcspn(settings[i], "="), settings[i]);
        ck_succeeds(neap_instance_set_text(instance, key, strchr(settings[i], '=') + 1));
    }
    void *self = functions->open(neap_instance_config(instance));
    neap_instance_release(instance); /* the data set does not need its config any more */
    return self;
}

#define OPEN(...) open_set((const char *const[]){__VA_ARGS__, NULL})

static const char *setting(const char *key, const char *value)
{
    static char texts[8][600];
    static int at;
    at = (at + 1) % 8;
    snprintf(texts[at], sizeof texts[at], "%s=%s", key, value);
    return texts[at];
}

/* Three pictures of 2 x 4, pixel p of picture i being 100 i + 10 p; and their labels. */
#define PICTURES_HEAD 16
#define PICTURES_SIZE (PICTURES_HEAD + 24)
#define LABELS_SIZE 11
static const unsigned char labels[LABELS_SIZE] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};

static void make_pictures(unsigned char bytes[PICTURES_SIZE])
{
    static const unsigned char head[PICTURES_HEAD] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4};
    memcpy(bytes, head, sizeof head);
    for (int i = 0; i < 24; i++)
        bytes[PICTURES_HEAD + i] = (unsigned char)(i / 8 * 100 + i % 8 * 10 - (i > 15 ? 15 : 0));
}

static const char *write_pictures(const char *name)
{
    unsigned char bytes[PICTURES_SIZE];
    make_pictures(bytes);
    return write_file(name, bytes, sizeof bytes);
}

static const char *write_gzip(const char *name, const void *bytes, unsigned size)
{
    const char *path = in_folder(name);
    gzFile file = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(file, bytes, size), (int)size);
    ck_assert_int_eq(gzclose(file), Z_OK);
    return path;
}

static void check_contents(void *self)
{
    const neap_dataset *functions = dataset();
    unsigned char bytes[PICTURES_SIZE];
    float x[8];
    int32_t label;
    make_pictures(bytes);
    ck_assert_msg(self != NULL, "%s", neap_error_message());
    neap_spec spec = dataset_spec(functions, self);
    ck_assert(spec.height == 2 && spec.width == 4 && spec.channels == 1 && spec.classes == 3);
    ck_assert_int_eq(functions->count(self), 3);
    for (int i = 0; i < 3; i++) {
        ck_succeeds(read_labelled(functions, self, i, x, &label));
        ck_assert_int_eq(label, labels[8 + i]);
        for (int p = 0; p < 8; p++)
            ck_assert_double_eq_tol((double)x[p], bytes[PICTURES_HEAD + 8 * i + p] * 2.0 / 255 - 1, 1e-7);
    }
    ck_fails_with(read_labelled(functions, self, 3, x, &label), "idx: expected a picture of 0 to 2, got 3");
    ck_fails_with(read_labelled(functions, self, -1, x, &label), "idx: expected a picture of 0 to 2, got -1");
}

START_TEST(explicit_files)
{
    void *self = OPEN(setting("images", write_pictures("a")),
                      setting("labels", write_file("b", labels, sizeof labels)));
    check_contents(self);
    ck_assert_ptr_null(dataset()->label_name(self, 0));
    dataset()->close(self);
}
END_TEST

START_TEST(folder_plain_and_gzip)
{
    unsigned char bytes[PICTURES_SIZE];
    make_pictures(bytes);
    write_file("train-images-idx3-ubyte", bytes, sizeof bytes);
    write_gzip("train-labels-idx1-ubyte.gz", labels, sizeof labels);
    write_gzip("t10k-images-idx3-ubyte.gz", bytes, sizeof bytes);
    write_file("t10k-labels.idx1-ubyte", labels, sizeof labels);
    void *train = OPEN(setting("path", test_folder)), *test = OPEN(setting("path", test_folder), "split=test");
    check_contents(train);
    check_contents(test);
    dataset()->close(train);
    dataset()->close(test);
}
END_TEST

START_TEST(names_and_classes)
{
    void *self = OPEN(setting("images", write_pictures("a")), setting("labels", write_file("b", labels, sizeof labels)),
                      "classes=5", "label_names=one,two three,,four,five");
    ck_assert_msg(self != NULL, "%s", neap_error_message());
    ck_assert_int_eq(dataset_spec(dataset(), self).classes, 5);
    ck_assert_str_eq(dataset()->label_name(self, 0), "one");
    ck_assert_str_eq(dataset()->label_name(self, 1), "two three");
    ck_assert_str_eq(dataset()->label_name(self, 2), "");
    ck_assert_str_eq(dataset()->label_name(self, 4), "five");
    ck_assert_ptr_null(dataset()->label_name(self, 5));
    ck_assert_ptr_null(dataset()->label_name(self, -1));
    dataset()->close(self);
}
END_TEST

START_TEST(without_labels)
{
    float x[8];
    void *self = OPEN(setting("images", write_pictures("a")));
    ck_assert_msg(self != NULL, "%s", neap_error_message());
    ck_assert_int_eq(dataset_spec(dataset(), self).classes, 0);
    ck_succeeds(read_labelled(dataset(), self, 2, x, NULL));
    ck_assert_float_eq(x[7], (float)(2 * 100 + 7 * 10 - 15) / 127.5f - 1);
    dataset()->close(self);
    ck_fails_with(OPEN(setting("images", in_folder("a")), "classes=3") == NULL,
                  "idx: classes and label_names need labels");
}
END_TEST

START_TEST(colour)
{
    static const unsigned char bytes[] = {0, 0, 8, 4, 0, 0, 0, 1, 0,   0,  0, 1, 0,
                                          0, 0, 2, 0, 0, 0, 3, 0, 255, 51, 1, 2, 3};
    float x[6];
    void *self = OPEN(setting("images", write_file("a", bytes, sizeof bytes)));
    ck_assert_msg(self != NULL, "%s", neap_error_message());
    neap_spec spec = dataset_spec(dataset(), self);
    ck_assert(spec.height == 1 && spec.width == 2 && spec.channels == 3);
    ck_succeeds(read_labelled(dataset(), self, 0, x, NULL));
    ck_assert(x[0] == -1 && x[1] == 1 && fabsf(x[2] + 0.6f) < 1e-6f);
    dataset()->close(self);
}
END_TEST

/* Opening a pictures file of these bytes fails with "idx: PATH: message". */
static void refused(const void *bytes, size_t size, const char *message)
{
    char whole[1024];
    const char *path = write_file("images", bytes, size);
    snprintf(whole, sizeof whole, "idx: %s: %s", path, message);
    ck_fails_with(OPEN(setting("images", path)) == NULL, whole);
}

START_TEST(broken_head)
{
    unsigned char bytes[PICTURES_SIZE];
    make_pictures(bytes);
    refused(bytes, 0, "truncated: expected 4 more bytes, got 0");
    refused(bytes, 3, "truncated: expected 4 more bytes, got 3");
    refused(bytes, 10, "truncated: expected 4 more bytes, got 2");
    bytes[0] = 'P';
    refused(bytes, sizeof bytes, "expected an IDX file, which begins with 0x000008, got 0x500008");
    bytes[0] = 0, bytes[2] = 0x0d;
    refused(bytes, sizeof bytes, "expected elements of type 0x08 (bytes from 0 to 255), got 0x0d (floats)");
    for (int type = 0x0a; type <= 0x0f; type += 5) {
        char message[128];
        snprintf(message, sizeof message, "expected an IDX file, which begins with 0x000008, got 0x0000%02x", type);
        bytes[2] = (unsigned char)type;
        refused(bytes, sizeof bytes, message);
    }
    bytes[2] = 8, bytes[3] = 0;
    refused(bytes, sizeof bytes, "expected 1 to 4 sizes, got 0");
    bytes[3] = 5;
    refused(bytes, sizeof bytes, "expected 1 to 4 sizes, got 5");
    bytes[3] = 3, bytes[11] = 0;
    refused(bytes, sizeof bytes, "size 2 of 3 is 0");
    memset(bytes + 4, 0xff, 12);
    refused(bytes, sizeof bytes, "the product of its sizes is too large");
}
END_TEST

/* Files of other formats, plain or gzip. */
START_TEST(foreign_files)
{
    char whole[1024];
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0";
    static const char message[] = "expected an IDX file, got a Git LFS pointer; it is not the file itself: run 'git lfs pull'";
    refused(pointer, sizeof pointer - 1, message);
    refused(pointer, 13, message);
    refused("P5 8 8 255\n", 11, "expected an IDX file, got text that begins with 'P5 8 8 255'");
    refused("\0\0\0\x20" "ftypavif", 12, "expected an IDX file, got an AVIF picture");
    const char *packed = write_gzip("packed", "\x89PNG\r\n\x1a\n", 8);
    snprintf(whole, sizeof whole, "idx: %s: expected an IDX file, got a PNG picture", packed);
    ck_fails_with(OPEN(setting("images", packed)) == NULL, whole);
}
END_TEST

/* Unpacking may leave a folder with the file's name: the file is used, under any of its names. */
START_TEST(folders_beside_files)
{
    char whole[1024];
    unsigned char bytes[PICTURES_SIZE];
    make_pictures(bytes);
    const char *folders[] = {in_folder("train-images-idx3-ubyte"), in_folder("train-labels-idx1-ubyte"),
                             in_folder("t10k-images-idx3-ubyte")};
    for (int i = 0; i < 3; i++)
        ck_succeeds(mkdir(folders[i], 0777));
    write_file("train-images.idx3-ubyte", bytes, sizeof bytes);
    write_gzip("train-labels-idx1-ubyte.gz", labels, sizeof labels);
    void *self = OPEN(setting("path", test_folder));
    check_contents(self);
    dataset()->close(self);
    snprintf(whole, sizeof whole, "idx: %s: Is a directory", folders[2]); /* and no file anywhere */
    ck_fails_with(OPEN(setting("path", test_folder), "split=test") == NULL, whole);
}
END_TEST

START_TEST(broken_contents)
{
    unsigned char bytes[PICTURES_SIZE + 1] = {0};
    make_pictures(bytes);
    refused(bytes, PICTURES_SIZE - 1, "truncated: expected 24 more bytes, got 23");
    refused(bytes, PICTURES_SIZE + 1, "expected its end after 24 elements, got more bytes");
    bytes[4] = 0x7f; /* the header claims 2e9 pictures, which must not be allocated */
    refused(bytes, PICTURES_SIZE, "truncated: expected 1048576 more bytes, got 24");
    ck_fails_with(OPEN(setting("images", write_file("flat", labels, sizeof labels))) == NULL,
                  "idx: images: expected sizes of count, height, width and perhaps channels, got 1 sizes");
}
END_TEST

START_TEST(broken_gzip)
{
    unsigned char bytes[PICTURES_SIZE];
    char whole[1024];
    make_pictures(bytes);
    const char *path = write_gzip("images", bytes, sizeof bytes);
    FILE *file = fopen(path, "rb");
    unsigned char packed[256];
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    for (size_t cut = 11; cut < size; cut++) {
        ck_assert_ptr_null(OPEN(setting("images", write_file("images", packed, cut))));
        snprintf(whole, sizeof whole, "idx: %s: truncated gzip", path);
        ck_assert_msg(strncmp(neap_error_message(), whole, strlen(whole)) == 0, "%zu: %s", cut, neap_error_message());
        neap_error_clear();
    }
    packed[size - 6] ^= 1; /* the checksum */
    refused(packed, size, "broken gzip (zlib's error -3)");
    packed[size - 6] ^= 1;
    memset(packed + 10, 0xff, 4);
    refused(packed, size, "broken gzip (zlib's error -3)");
}
END_TEST

START_TEST(broken_labels)
{
    unsigned char bytes[LABELS_SIZE];
    const char *images = setting("images", write_pictures("a"));
    memcpy(bytes, labels, sizeof bytes);
    ck_fails_with(OPEN(images, setting("labels", in_folder("a"))) == NULL,
                  "idx: labels: expected one size, their count, got 3 sizes");
    bytes[7] = 2;
    ck_fails_with(OPEN(images, setting("labels", write_file("b", bytes, sizeof bytes - 1))) == NULL,
                  "idx: expected as many labels as pictures, got 2 labels and 3 pictures");
    const char *sound = setting("labels", write_file("b", labels, sizeof labels));
    ck_fails_with(OPEN(images, sound, "classes=2") == NULL, "idx: labels: expected 0 to 1, got 2 at picture 0");
    ck_fails_with(OPEN(images, sound, "label_names=a,b") == NULL, "idx: label_names: expected 3 names, got 2");
    ck_fails_with(OPEN(images, sound, "label_names=a,b,a") == NULL,
                  "idx: label_names: expected names that differ, got 'a' twice");
    void *self = OPEN(images, sound, "label_names=,a,"); /* two have no label */
    ck_assert_msg(self != NULL, "%s", neap_error_message());
    dataset()->close(self);
}
END_TEST

START_TEST(wrong_settings)
{
    char whole[1024];
    static const char either[] = "idx: expected either path, or images and perhaps labels";
    ck_fails_with(OPEN("classes=3") == NULL, either);
    ck_fails_with(OPEN("path=a", "images=b") == NULL, either);
    ck_fails_with(OPEN("path=a", "labels=b") == NULL, either);
    ck_fails_with(OPEN("images=/nowhere/a") == NULL, "idx: /nowhere/a: No such file or directory");
    ck_fails_saying(OPEN(setting("images", test_folder)) == NULL, ": Is a directory");
    snprintf(whole, sizeof whole, "idx: %s: No such file or directory", in_folder("train-images-idx3-ubyte"));
    ck_fails_with(OPEN(setting("path", test_folder)) == NULL, whole);
    write_pictures("train-images-idx3-ubyte");
    snprintf(whole, sizeof whole, "idx: %s: No such file or directory", in_folder("train-labels-idx1-ubyte"));
    ck_fails_with(OPEN(setting("path", test_folder)) == NULL, whole);
}
END_TEST

static neap_instance *complete; /* settings allocate, too, so they are made before allocations fail */

static bool open_and_close(void)
{
    void *self = dataset()->open(neap_instance_config(complete));
    if (self)
        dataset()->close(self);
    return self;
}

START_TEST(no_memory)
{
    dataset();
    complete = neap_instance_new(neap_registry_find("dataset", "idx"));
    ck_succeeds(neap_instance_set_text(complete, "images", write_pictures("a")));
    ck_succeeds(neap_instance_set_text(complete, "labels", write_file("b", labels, sizeof labels)));
    ck_succeeds(neap_instance_set_text(complete, "label_names", "a,b,c"));
    refuse_each(open_and_close);
    neap_instance_release(complete);
}
END_TEST

int main(void)
{
    return RUN_SUITE("idx", explicit_files, folder_plain_and_gzip, names_and_classes, without_labels, colour,
                     broken_head, foreign_files, folders_beside_files, broken_contents, broken_gzip, broken_labels,
                     wrong_settings, no_memory);
}
