/* Files of another format than the expected one: each reader names the format, and says what to do where it can. */
#include "io/npy.h"
#include "picture_test.h"

typedef struct sample {
    const char *bytes;
    size_t size;
    const char *kind; /* and the advice for a reader of pictures */
} sample;

#define BYTES(text) text, sizeof(text) - 1
#define TO_PNG "; convert it to PNG, for example with ImageMagick: convert FILE picture.png"
#define FETCH "; it is not the file itself: download that again"
#define PULL "; it is not the file itself: run 'git lfs pull'"

static const sample samples[] = {
    {BYTES("version https"), "a Git LFS pointer" PULL},
    {BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"), "a Git LFS pointer" PULL},
    {BYTES("<!DOCTYPE html>"), "a web page (HTML)" FETCH},
    {BYTES("\xef\xbb\xbf\r\n <HTML lang='en'>"), "a web page (HTML)" FETCH},
    {BYTES("<?xml version='1.0'?>\n<svg width='1'/>"), "an SVG drawing" TO_PNG},
    {BYTES("GIF89a\1\0\1\0"), "a GIF picture" TO_PNG},
    {BYTES("RIFF\x10\0\0\0WEBPVP8 "), "a WebP picture" TO_PNG},
    {BYTES("II*\0\x08\0\0\0"), "a TIFF picture" TO_PNG},
    {BYTES("MM\0*\0\0\0\x08"), "a TIFF picture" TO_PNG},
    {BYTES("\0\0\0\x20" "ftypavif\0\0\0\0"), "an AVIF picture" TO_PNG},
    {BYTES("\0\0\0\x18" "ftypheic\0\0\0\0"), "a HEIC picture" TO_PNG},
    {BYTES("\0\0\0\x18" "ftypmif1\0\0\0\0mif1heic"), "a HEIC picture" TO_PNG},
    {BYTES("BM\x46\0\0\0\0\0\0\0\x36\0\0\0"), "a BMP picture" TO_PNG},
    {BYTES("%PDF-1.7\n%\xe2"), "a PDF document" TO_PNG},
    {BYTES("PK\3\4\0\0\0\0archive/data.pkl"), "a PyTorch file (zip archive)"},
    {BYTES("PK\3\4\0\0\0\0arr_0.npy"), "a NumPy archive (.npz)"},
    {BYTES("PK\3\4"), "a zip archive; unpack it"},
    {BYTES("\x1f\x8b\x08\0"), "a gzip file; unpack it with gunzip"},
    {BYTES("\x89HDF\r\n\x1a\n"), "an HDF5 file; write its arrays with safetensors or numpy.save in Python"},
    {BYTES("\x80\2\x8a\nl\xfc\x9c"), "a Python pickle, perhaps of PyTorch"},
    {BYTES("Entry not found"), "text that begins with 'Entry not found'"},
    {BYTES("{\"error\":\"Repository not found, or you have no access\"}\n"),
     "text that begins with '{\"error\":\"Repository not found, or you h'"},
    {BYTES("\x93NUMPY\1\0"), "a NumPy array (.npy)"},
    {BYTES("\x3a\0\0\0\0\0\0\0{\"x\":{}}"), "a safetensors file"},
    {BYTES("\0\0\x08\3\0\0\0\1"), "an IDX file"},
};

START_TEST(as_a_picture)
{
    const sample *s = &samples[_i];
    ck_fails_with(!parse_picture("f", s->bytes, s->size), saying("f: expected a PNG or JPEG picture, got %s", s->kind));
}
END_TEST

typedef neap_tensor *reader(const char *path);

static neap_tensor *read_picture(const char *path)
{
    return neap_picture_load(path, NULL);
}

static neap_tensor *read_safetensors(const char *path)
{
    neap_safetensors *file = neap_safetensors_open(path);
    ck_assert_ptr_null(file);
    return NULL;
}

/* Advice that helps with one sort of file is given to its readers alone. */
START_TEST(by_each_reader)
{
    static const struct {
        reader *read;
        const char *bytes;
        size_t size;
        const char *message;
    } rows[] = {
        {read_safetensors, BYTES("version https"), "a safetensors file, got a Git LFS pointer" PULL},
        {read_safetensors, BYTES("<html>"), "a safetensors file, got a web page (HTML)" FETCH}, /* less than 8 bytes */
        {read_safetensors, BYTES("PK\3\4\0\0\0\0archive/data.pkl"),
         "a safetensors file, got a PyTorch file (zip archive); load it in Python and write its tensors with "
         "safetensors.torch.save_file"},
        {read_safetensors, BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "a safetensors file, got a PNG picture"},
        {read_safetensors, BYTES("RIFF\x10\0\0\0WEBPVP8 "), "a safetensors file, got a WebP picture"},
        {neap_npy_load, BYTES("version https"), "a NumPy array (.npy), got a Git LFS pointer" PULL},
        {neap_npy_load, BYTES("PK\3\4\0\0\0\0arr_0.npy"),
         "a NumPy array (.npy), got a NumPy archive (.npz); write one array of it with numpy.save"},
        {neap_npy_load, BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), "a NumPy array (.npy), got a JPEG picture"},
        {neap_npy_load, BYTES("\x3a\0\0\0\0\0\0\0{\"x\":{}}"), "a NumPy array (.npy), got a safetensors file"},
        {read_picture, BYTES("\x93NUMPY\1\0"), "a PNG or JPEG picture, got a NumPy array (.npy)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = write_file("file", rows[i].bytes, rows[i].size);
        ck_fails_with(!rows[i].read(path), saying("%s: expected %s", path, rows[i].message));
    }
}
END_TEST

/* What is of the reader's own format, or of none that is known, is for the reader to judge. */
START_TEST(nothing_to_say)
{
    static const sample own[] = {
        {BYTES("\x3a\0\0\0\0\0\0\0{\"x\":{}}"), NULL}, {BYTES("\x89PNG\r\n\x1a\n"), NULL}, {BYTES("\x93NUMPY\1"), NULL},
        {BYTES("\0\0\x08\3\0\0\0\1"), NULL},
    };
    for (int format = NEAP_FILE_SAFETENSORS; format <= NEAP_FILE_IDX; format++) {
        ck_succeeds(neap_refuse_foreign("f", (neap_file_format)format, own[format].bytes, own[format].size));
        ck_succeeds(neap_refuse_foreign("f", (neap_file_format)format, "", 0));
        ck_succeeds(neap_refuse_foreign("f", (neap_file_format)format, " \n", 2));
        ck_succeeds(neap_refuse_foreign("f", (neap_file_format)format, "\1\2\3\4\5", 5));
        ck_succeeds(neap_refuse_foreign("f", (neap_file_format)format, "half text \x80", 11));
    }
}
END_TEST

/* The name of a file says nothing: its bytes do. */
START_TEST(names_that_mislead)
{
    neap_tensor *x = neap_zeros(NEAP_F32, neap_dims(2, 3, 1));
    const char *path = in_folder("picture.jpg");
    ck_succeeds(neap_png_save(path, x, NULL, 0));
    ck_picture_is(neap_picture_load(path, NULL), 2, 3, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("foreign");
    TCase *cases = tcase_create("foreign");
    tcase_add_checked_fixture(cases, folder_open, folder_close);
    tcase_add_loop_test(cases, as_a_picture, 0, sizeof samples / sizeof *samples);
    tcase_add_test(cases, by_each_reader);
    tcase_add_test(cases, nothing_to_say);
    tcase_add_test(cases, names_that_mislead);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
