/* The data set "folder": which files it takes, and what they look like. The cache has tests of its own. */
#include "folder_test.h"

/* --- Files ------------------------------------------------------------------------------------------------------------ */

START_TEST(classes_are_folders)
{
    make_folder("pictures/b"), make_folder("pictures/B"), make_folder("pictures/a"), make_folder("pictures/a/deep");
    make_folder("pictures/empty"), make_folder("pictures/.hidden"), make_folder("pictures/text");
    write_color("top.png", 9, 0, 0);
    write_color("B/1.png", 19, 0, 0);
    write_color("a/2.PNG", 29, 0, 0), write_color("a/10.png", 39, 0, 0), write_color("a/deep/3.png", 49, 0, 0);
    write_color("a/x.png", 54, 0, 0);
    write_color("b/1.png", 59, 0, 0);
    write_color(".hidden/1.png", 69, 0, 0), write_color("b/._1.png", 79, 0, 0);
    write_file("pictures/text/notes.md", "# no picture", 12);
    ck_succeeds(symlink("..", in_folder("pictures/a/deep/loop")));
    ck_succeeds(symlink(".", in_folder("pictures/b/self")));
    ck_succeeds(mkfifo(in_folder("pictures/pipe.png"), 0666));
    test_set s = opened(OPEN("size", "4"));
    static const struct {
        int red, label;
    } wanted[] = {{19, 0}, {39, 1}, {29, 1}, {49, 1}, {54, 1}, {59, 2}, {9, -1}};
    ck_assert_int_eq(s.count, 7);
    ck_assert_int_eq(s.spec.classes, 3);
    ck_assert_int_eq(s.spec.text, 0);
    for (int i = 0; i < 7; i++) {
        const test_example *e = example_of(s, i);
        ck_assert_int_eq(e->label, wanted[i].label);
        ck_assert_float_eq_tol(e->x[0], (float)wanted[i].red / 127.5f - 1, 1e-6f);
    }
    ck_assert_str_eq(s.functions->label_name(s.self, 0), "B");
    ck_assert_str_eq(s.functions->label_name(s.self, 1), "a");
    ck_assert_str_eq(s.functions->label_name(s.self, 2), "b");
    ck_assert_ptr_null(s.functions->label_name(s.self, 3));
    ck_assert_str_eq(warnings, "");
    float x[48];
    ck_fails_with(read_labelled(s.functions, s.self, 7, x, NULL), "expected a picture of 0 to 6, got 7");
    ck_fails_with(read_labelled(s.functions, s.self, -1, x, NULL), "expected a picture of 0 to 6, got -1");
    close_set(s);
    s = opened(OPEN("size", "4", "labels", "false"));
    ck_assert_int_eq(s.count, 7);
    ck_assert_int_eq(s.spec.classes, 0);
    ck_assert_ptr_null(s.functions->label_name(s.self, 0));
    close_set(s);
}
END_TEST

/* More files than are decoded at a time, with broken ones between. */
START_TEST(many_files)
{
    char name[32];
    for (int i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "%03d.png", i);
        write_color(name, (unsigned)i % 256, (unsigned)i / 256, 7);
    }
    write_file("pictures/000.png", "", 0), write_file("pictures/255.png", "", 0), write_file("pictures/256.png", "", 0);
    write_file("pictures/400.png", "", 0), write_file("pictures/599.png", "", 0);
    test_set s = opened(OPEN("size", "2"));
    ck_assert_int_eq(s.count, 595);
    for (int i = 0, k = 0; i < 600; i++)
        if (i != 0 && i != 255 && i != 256 && i != 400 && i != 599) {
            const test_example *e = example_of(s, k++);
            ck_assert_float_eq_tol(e->x[0], (float)(i % 256) / 127.5f - 1, 1e-6f);
            ck_assert_float_eq_tol(e->x[1], (float)(i / 256) / 127.5f - 1, 1e-6f);
        }
    close_set(s);
}
END_TEST

/* --- Sizes ------------------------------------------------------------------------------------------------------------- */

START_TEST(crop_pad_and_stretch)
{
    write_bands("pictures/wide.png");
    test_set s = opened(OPEN("size", "24")); /* columns 6 to 17 of the picture */
    ck_assert(s.spec.height == 24 && s.spec.width == 24 && s.spec.channels == 3);
    const test_example *e = example_of(s, 0);
    check_color(s, e, 0.03, 0.5, 1, -1, -1), check_color(s, e, 0.5, 0.97, -1, 1, -1), check_color(s, e, 0.97, 0.1, -1, -1, 1);
    check_color(s, e, 0.26, 0.1, -1, 1, -1), check_color(s, e, 0.74, 0.1, -1, 1, -1);
    close_set(s);
    s = opened(OPEN("size", "24", "fit", "stretch"));
    e = example_of(s, 0);
    check_color(s, e, 0.25, 0.1, 1, -1, -1), check_color(s, e, 0.42, 0.5, -1, 1, -1), check_color(s, e, 0.75, 0.9, -1, -1, 1);
    close_set(s);
    s = opened(OPEN("size", "24", "fit", "pad", "background", "#ff00ff"));
    e = example_of(s, 0);
    check_color(s, e, 0.5, 0.22, 1, -1, 1), check_color(s, e, 0.5, 0.78, 1, -1, 1);
    check_color(s, e, 0.1, 0.27, 1, -1, -1), check_color(s, e, 0.5, 0.72, -1, 1, -1), check_color(s, e, 0.9, 0.5, -1, -1, 1);
    close_set(s);
    s = opened(OPEN("rows", "36", "columns", "12", "size", "7", "fit", "pad", "background", "black"));
    ck_assert(s.spec.height == 36 && s.spec.width == 12);
    check_color(s, example_of(s, 0), 0.5, 0.40, -1, -1, -1);
    check_color(s, example_of(s, 0), 0.5, 0.44, -1, 1, -1);
    check_color(s, example_of(s, 0), 0.5, 0.60, -1, -1, -1);
    close_set(s);
}
END_TEST

START_TEST(mirrored_copies)
{
    write_bands("pictures/wide.png");
    test_set s = opened(OPEN("rows", "12", "columns", "24", "flip", "true"));
    ck_assert_int_eq(s.count, 2);
    check_color(s, example_of(s, 0), 0.1, 0.5, 1, -1, -1), check_color(s, example_of(s, 0), 0.9, 0.5, -1, -1, 1);
    check_color(s, example_of(s, 1), 0.1, 0.5, -1, -1, 1), check_color(s, example_of(s, 1), 0.9, 0.5, 1, -1, -1);
    close_set(s);
}
END_TEST

/* --- Captions ---------------------------------------------------------------------------------------------------------- */

START_TEST(captions)
{
    char long_text[1100];
    memset(long_text, 'x', sizeof long_text);
    for (int i = 0; i < 6; i++)
        write_color((const char *[]){"a.png", "b.png", "c.png", "d.png", "e.png", "f.v2.png"}[i], (unsigned)i, 0, 0);
    write_file("pictures/a.txt", "\xef\xbb\xbf a red\r\nsquare \n\n", 18);
    write_file("pictures/b.txt", "\n", 1);
    write_file("pictures/c.txt", "caf\xe9", 4);
    write_file("pictures/d.txt", long_text, sizeof long_text);
    write_file("pictures/f.v2.txt", "caf\xc3\xa9", 5);
    test_set s = opened(OPEN("size", "2"));
    ck_assert_int_eq(s.count, 6);
    ck_assert_int_eq(s.spec.text, (int)strlen("a red  square"));
    static const char *const wanted[] = {"a red  square", "", "", "", "", "caf\xc3\xa9"};
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(example_of(s, i)->text, wanted[i]);
    char message[1024];
    snprintf(message, sizeof message,
             "folder: %s/pictures: 0 of 6 pictures and 2 captions are left out: c.txt: expected UTF-8, got the byte e9 "
             "after 'caf'; d.txt: expected a caption of at most 1024 bytes, got 1100\n", test_folder);
    ck_assert_str_eq(warnings, message);
    close_set(s);
    write_file("pictures/d.txt", long_text, 1024);
    s = opened(OPEN("size", "2"));
    ck_assert_int_eq(s.spec.text, 1024);
    ck_assert_int_eq(example_of(s, 3)->length, 1024);
    close_set(s);
    s = opened(OPEN("size", "2", "captions", "false"));
    ck_assert_int_eq(s.spec.text, 0);
    close_set(s);
}
END_TEST

/* A misspelt name of a caption is named, unless there are no captions at all. */
START_TEST(texts_without_a_picture)
{
    char message[1024];
    write_color("a.png", 1, 2, 3);
    write_color("b.v2.PNG", 4, 5, 6);
    write_file("pictures/README.txt", "all of them", 11);
    close_set(opened(OPEN("size", "2")));
    ck_assert_str_eq(warnings, "");
    write_file("pictures/b.v2.txt", "blue", 4);
    write_file("pictures/b.txt", "blue", 4);
    close_set(opened(OPEN("size", "2", "captions", "false")));
    ck_assert_str_eq(warnings, "");
    close_set(opened(OPEN("size", "2")));
    snprintf(message, sizeof message,
             "folder: expected a picture beside each text, got none beside %s/pictures/README.txt, and 1 more\n", test_folder);
    ck_assert_str_eq(warnings, message);
}
END_TEST

/* --- What is broken ---------------------------------------------------------------------------------------------------- */

START_TEST(broken_pictures_are_named_and_counted)
{
    unsigned char pixels[12 * 24 * 3];
    fill_bands(pixels);
    const jpeg_file jpeg = encode_jpeg((jpeg_form)JPEG_COLOR, 24, 12, pixels);
    write_color("a_good.png", 1, 2, 3);
    write_file("pictures/b_cut.jpg", jpeg.bytes, jpeg.size / 2);
    write_file("pictures/c_empty.png", "", 0);
    write_file("pictures/d_text.png", "hello", 5);
    write_file("pictures/e.webp", "RIFF\x10\0\0\0WEBPVP8 ", 16);
    tjFree(jpeg.bytes);
    ck_succeeds(symlink("nowhere", in_folder("pictures/f_dangling.jpg")));
    for (int i = 0; i < 2; i++) { /* decoded, and from the cache */
        char first[640];
        test_set s = opened(OPEN("size", "2"));
        ck_assert_int_eq(s.count, 1);
        snprintf(first, sizeof first, "folder: %s/pictures: 5 of 6 pictures are left out: b_cut.jpg: expected a JPEG picture: ",
                 test_folder);
        ck_assert_msg(strncmp(warnings, first, strlen(first)) == 0, "%s", warnings);
        ck_assert_ptr_nonnull(strstr(warnings, "; c_empty.png: expected a PNG or JPEG picture, got an empty file; "
                                               "d_text.png: "));
        ck_assert_ptr_nonnull(strstr(warnings, "; e.webp: expected a PNG or JPEG picture, got a WebP picture"));
        ck_assert_ptr_nonnull(strstr(warnings, "; f_dangling.jpg: cannot be read: No such file or directory\n"));
        ck_assert_ptr_eq(strchr(warnings, '\n'), warnings + strlen(warnings) - 1);
        close_set(s);
    }
}
END_TEST

/* All are counted, and the first are named, as many as a message holds. They are more than are decoded at a time. */
START_TEST(many_broken_pictures)
{
    char name[80];
    write_color("good.png", 1, 2, 3);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "pictures/%03d_with_a_long_name_that_takes_some_room.png", i);
        write_file(name, "", 0);
    }
    test_set s = opened(OPEN("size", "2"));
    ck_assert_ptr_nonnull(strstr(warnings, ": 300 of 301 pictures are left out: 000_with"));
    ck_assert_ptr_nonnull(strstr(warnings, "; and 29")); /* 290 to 299 more */
    ck_assert_str_eq(warnings + strlen(warnings) - 6, " more\n");
    close_set(s);
}
END_TEST

START_TEST(refused)
{
    char message[1024];
    snprintf(message, sizeof message, "path: %s/pictures: expected PNG or JPEG pictures in it, got none", test_folder);
    ck_refuses(OPEN("size", "2"), message);
    write_file("pictures/a.png", "", 0);
    snprintf(message, sizeof message, "path: %s/pictures: expected a usable picture, got 1 that are not: a.png: expected a PNG "
             "or JPEG picture, got an empty file", test_folder);
    ck_refuses(OPEN("size", "2"), message);
    ck_refuses(OPEN("path", "/nowhere"), "path: /nowhere: No such file or directory");
    ck_refuses(OPEN("path", ""), "path: expected a folder of pictures");
    snprintf(message, sizeof message, "path: %s/pictures/a.png: expected a folder of pictures, got a file", test_folder);
    ck_refuses(OPEN("path", in_folder("pictures/a.png")), message);
    ck_refuses(OPEN("channels", "2"), "channels: expected 1 or 3, got 2");
    ck_refuses(OPEN("background", "red"), "background: expected white, black, grey or #rrggbb, got 'red'");
    write_color("a.png", 1, 2, 3);
    ck_refuses(OPEN("split", "test"), "test_share: expected pictures in the test part, got none of 1");
}
END_TEST

/* --- Parts ------------------------------------------------------------------------------------------------------------- */

static int count_in_both(test_set a, test_set b)
{
    int both = 0;
    for (int64_t i = 0; i < a.count; i++)
        for (int64_t k = 0; k < b.count; k++)
            both += memcmp(example_of(a, i)->x, example_of(b, k)->x, 2 * 2 * 3 * sizeof(float)) == 0;
    return both;
}

/* Each picture is in one part; other names and more pictures move none; equal pictures are together. */
START_TEST(parts_by_content)
{
    char name[32];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%02d.png", i);
        write_color(name, (unsigned)i, 0, 0);
    }
    test_set train = opened(OPEN("size", "2", "test_share", "0.3"));
    test_set test = opened(OPEN("size", "2", "test_share", "0.3", "split", "test", "flip", "true"));
    ck_assert_int_eq(train.count + test.count, 40);
    ck_assert(test.count >= 4 && test.count <= 22);
    ck_assert_int_eq(count_in_both(train, test), 0);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "copy_%02d.png", i);
        write_color(name, (unsigned)i, 0, 0);
        snprintf(name, sizeof name, "another_%02d.png", i);
        write_color(name, (unsigned)i, 99, 0);
    }
    test_set more = opened(OPEN("size", "2", "test_share", "0.3"));
    test_set more_test = opened(OPEN("size", "2", "test_share", "0.3", "split", "test"));
    ck_assert_int_eq(more.count + more_test.count, 120);
    ck_assert_int_eq(count_in_both(more, test), 0);
    ck_assert_int_eq(count_in_both(train, more_test), 0);
    ck_assert_int_eq(count_in_both(more, train), 2 * (int)train.count);
    close_set(train), close_set(test), close_set(more), close_set(more_test);
}
END_TEST

START_TEST(part_sets_the_split)
{
    write_color("a.png", 1, 2, 3);
    test_set s = opened(OPEN("size", "2"));
    ck_assert_int_eq(s.functions->part(s.instance, NEAP_PART_TEST, 1, 0), 0);
    ck_fails_with(s.functions->open(neap_instance_config(s.instance)) == NULL,
                  "test_share: expected pictures in the test part, got none of 1");
    close_set(s);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("folder", pictures_open, pictures_close, classes_are_folders, many_files, crop_pad_and_stretch,
                          mirrored_copies, captions, texts_without_a_picture, broken_pictures_are_named_and_counted,
                          many_broken_pictures, refused, parts_by_content, part_sets_the_split);
}
