/* Small files and folders: whole or not at all, limits, modes; and what is UTF-8. */
#include <sys/stat.h>

#include "io/output.h"
#include "io/text.h"
#include "io_test.h"

static mode_t mode_of(const char *path)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_mode & 07777;
}

START_TEST(there_and_back)
{
    const char *path = in_folder("file");
    static char bytes[100000];
    size_t size;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i % 251);
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, sizeof bytes}; /* about and far above one block */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_succeeds(neap_file_save(path, bytes, sizes[i]));
        char *got = present(neap_file_load(path, sizes[i], &size));
        ck_assert_uint_eq(size, sizes[i]);
        if (size)
            ck_assert_mem_eq(got, bytes, size);
        ck_assert_int_eq(got[size], 0);
        neap_free(got);
    }
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(names_without_a_folder)
{
    ck_assert_int_eq(chdir(test_folder), 0);
    ck_succeeds(neap_file_save("plain", "a", 1));
    ck_assert(file_is(in_folder("plain"), "a", 1));
    ck_succeeds(neap_folder_make("below"));
    ck_succeeds(neap_file_save("below/plain", "b", 1));
    ck_assert(file_is(in_folder("below/plain"), "b", 1));
    ck_assert_int_eq(unlink("below/plain"), 0);
}
END_TEST

START_TEST(loading_fails)
{
    const char *path = write_file("file", "12345", 5), *absent = in_folder("absent");
    size_t size;
    ck_fails_with(!neap_file_load(path, 4, &size), saying("%s: expected at most 4 bytes", path));
    ck_fails_with(!neap_file_load(path, 0, &size), saying("%s: expected at most 0 bytes", path));
    ck_fails_with(!neap_file_load(absent, 4, &size), saying("%s: cannot be read: %s", absent, strerror(ENOENT)));
    ck_fails_with(!neap_file_load(test_folder, 4, &size),
                  saying("%s: cannot be read: %s", test_folder, strerror(EISDIR)));
}
END_TEST

START_TEST(the_old_file_stands)
{
    static char bytes[100000];
    const char *path = write_file("file", "old", 3);
    limit_files(1000);
    ck_fails_with(neap_file_save(path, bytes, sizeof bytes), /* while it is written */
                  saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_fails_with(neap_file_save(path, bytes, 1001), /* while it is flushed */
                  saying("%s: cannot be written: %s", path, strerror(EFBIG)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(places_that_cannot_be_written)
{
    const char *below = in_folder("none/file");
    ck_fails_with(neap_file_save(below, "", 0), saying("%s: cannot be written: %s", below, strerror(ENOENT)));
    const char *folder = in_folder("folder");
    ck_succeeds(neap_folder_make(folder));
    ck_fails_with(neap_file_save(folder, "", 0), saying("%s: cannot be written: %s", folder, strerror(EISDIR)));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* An output that is given up half-way, as the writers of bigger formats do it. */
START_TEST(abandoned)
{
    neap_output out;
    const char *path = write_file("file", "old", 3);
    ck_succeeds(neap_output_open(&out, path));
    ck_succeeds(neap_output_write(&out, "new", 3));
    ck_assert_int_eq(folder_items(), 2); /* beside the old one, so that renaming is enough */
    ck_assert_int_eq(neap_output_abandon(&out), -1);
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static int three_parts(void *user, const void **bytes, size_t *size)
{
    static const char *const parts[] = {"a", "", "bcd"};
    int *call = user;
    if (*call == 3)
        return 0;
    *bytes = parts[*call];
    *size = strlen(parts[(*call)++]);
    return 1;
}

static int no_more(void *user, const void **bytes, size_t *size)
{
    *bytes = "half";
    *size = 4;
    return ++*(int *)user == 3 ? neap_fail("no more") : 1;
}

START_TEST(in_parts)
{
    int calls = 0;
    const char *path = write_file("file", "old", 3);
    ck_fails_with(neap_file_save_parts(path, no_more, &calls), "no more");
    ck_assert_int_eq(calls, 3);
    ck_assert(file_is(path, "old", 3));
    calls = 0;
    ck_succeeds(neap_file_save_parts(path, three_parts, &calls));
    ck_assert(file_is(path, "abcd", 4));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(modes)
{
    static const mode_t masks[] = {0, 022, 027, 077};
    for (int i = 0; i < 4; i++) {
        umask(masks[i]);
        const char *file = in_folder(saying("file%d", i)), *folder = in_folder(saying("folder%d", i));
        ck_succeeds(neap_file_save(file, "", 0));
        ck_succeeds(neap_folder_make(folder));
        ck_assert_int_eq(mode_of(file), 0666 & ~masks[i]);
        ck_assert_int_eq(mode_of(folder), 0777 & ~masks[i]);
        ck_assert_int_eq(umask(masks[i]), masks[i]); /* it is as it was */
    }
}
END_TEST

START_TEST(folders)
{
    static const char *const same[] = {"a/b/c", "a", "a/b/", "a//b/c//", "a/./b/../b"};
    for (int i = 0; i < 5; i++) {
        ck_succeeds(neap_folder_make(in_folder(same[i])));
        ck_assert_int_eq(folder_items(), 1);
    }
    ck_succeeds(neap_folder_make("/"));
    ck_assert_int_eq(rmdir(in_folder("a/b/c")), 0);
    ck_assert_int_eq(rmdir(in_folder("a/b")), 0);
}
END_TEST

START_TEST(no_folders)
{
    const char *file = write_file("file", "", 0), *below = in_folder("file/below"), *deep = in_folder("file/below/it");
    ck_fails_with(neap_folder_make(file), saying("%s: cannot be made: %s", file, strerror(EEXIST)));
    ck_fails_with(neap_folder_make(below), saying("%s: cannot be made: %s", file, strerror(EEXIST)));
    ck_fails_with(neap_folder_make(deep), saying("%s: cannot be made: %s", file, strerror(EEXIST)));
    ck_fails_with(neap_folder_make(""), saying(": cannot be made: %s", strerror(ENOENT)));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

static bool save(void)
{
    const char *path = in_folder("file");
    bool done = !neap_file_save(path, "new", 3);
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(path, done ? "new" : "old", 3));
    ck_assert_int_eq(folder_items(), 1);
    return done;
}

static bool load(void)
{
    size_t size;
    void *bytes = neap_file_load(in_folder("file"), 100000, &size);
    neap_free(bytes);
    return bytes;
}

static bool make_folder(void)
{
    return !neap_folder_make(in_folder("a"));
}

START_TEST(no_memory)
{
    static char bytes[100000];
    write_file("file", "old", 3);
    refuse_each(save);
    write_file("file", bytes, sizeof bytes); /* so that the block grows while it is read */
    refuse_each(load);
    refuse_each(make_folder);
}
END_TEST

/* Where memory runs out before there is a temporary file, none is removed, whoever owns the name. */
START_TEST(nothing_else_is_removed)
{
    neap_output out;
    int left = 0;
    write_file("file.XXXXXX", "", 0);
    neap_on_allocate(refuse_when_zero, &left);
    ck_fails_saying(neap_output_open(&out, in_folder("file")), "memory: no room");
    neap_output_abandon(&out);
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* --- Before the work ---------------------------------------------------------------------------------------------- */

START_TEST(where_a_file_could_be_written)
{
    const char *there = write_file("file", "old", 3);
    ck_succeeds(neap_file_check(there));
    ck_succeeds(neap_file_check(in_folder("new")));
    ck_assert(file_is(there, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
    ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
    ck_succeeds(neap_file_check(in_folder("pipe"))); /* waits for no reader */
    ck_assert_int_eq(folder_items(), 2);
}
END_TEST

START_TEST(where_no_file_could_be_written)
{
    const struct {
        const char *name;
        int reason;
    } rows[] = {{"", EISDIR}, {"none/file", ENOENT}, {"file/file", ENOTDIR}};
    write_file("file", "old", 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_fails_saying(neap_file_check(in_folder(rows[i].name)),
                        saying("%s: cannot be written: %s", in_folder(rows[i].name), strerror(rows[i].reason)));
    ck_assert_int_lt(neap_file_check("/proc/file"), 0); /* whatever the permissions say */
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* --- UTF-8 -------------------------------------------------------------------------------------------------------- */

/* Every code point by the table of RFC 3629, section 3. */
static size_t encode(uint32_t code, char bytes[4])
{
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(lead[more] | code);
    return more + 1;
}

START_TEST(utf8_code_points)
{
    char bytes[4];
    for (uint32_t code = 0; code < 0x130000; code++) {
        bool surrogate = code >= 0xd800 && code < 0xe000, valid = code < 0x110000 && !surrogate;
        size_t size = encode(code, bytes);
        bool whole = neap_text_is_utf8(bytes, size), part = false;
        for (size_t cut = 1; cut < size; cut++)
            part |= neap_text_is_utf8(bytes, cut);
        if (whole != valid || part) /* a million assertions would take their time */
            ck_abort_msg("U+%04X: %s", code, part ? "a part of it is taken for UTF-8" : whole ? "taken" : "refused");
    }
}
END_TEST

START_TEST(utf8_sequences)
{
    static const char *const bad[] = {
        "\x80", "a\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", /* alone; longer than need be */
        "\xc3(", "\xe2\x82(", "\xf0\x9f\x98(", "\xc3\xc3\xa9",                       /* cut off by another */
        "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xfe", "\xff",          /* no longer part of it */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!neap_text_is_utf8(bad[i], strlen(bad[i])), "sequence %zu", i);
    ck_assert(neap_text_is_utf8("", 0));
    ck_assert(neap_text_is_utf8("a\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99z", 12));
    ck_assert(neap_text_is_ascii("") && neap_text_is_ascii("\x01~\x7f"));
    ck_assert(!neap_text_is_ascii("a\x80") && !neap_text_is_ascii("\xff"));
}
END_TEST

/* --- Bytes -------------------------------------------------------------------------------------------------------- */

START_TEST(hexadecimal)
{
    static const char *const bad[] = {"a", "0g", "E9", " e9", "e9 ", "0x"};
    char bytes[256];
    size_t size = 0;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    char *digits = present(neap_hex(bytes, 256)), *again = present(neap_unhex(digits, &size));
    ck_assert_uint_eq(size, 256);
    ck_assert_mem_eq(again, bytes, 256);
    ck_assert_int_eq(again[256], 0);
    ck_assert(strncmp(digits, "000102", 6) == 0 && strcmp(digits + 506, "fdfeff") == 0);
    neap_free(digits);
    neap_free(again);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_fails_with(neap_unhex(bad[i], &size) == NULL, saying("expected pairs of hexadecimal digits, got '%s'", bad[i]));
}
END_TEST

/* --- Links -------------------------------------------------------------------------------------------------------- */

static void make_link(const char *target, const char *name)
{
    ck_assert_int_eq(symlink(target, in_folder(name)), 0);
}

START_TEST(links_to_folders)
{
    struct stat about;
    char absolute[512];
    make_link("far/away", "link");
    make_link("link", "second");
    ck_succeeds(neap_folder_make(in_folder("second/in/it/")));
    ck_assert(stat(in_folder("far/away/in/it"), &about) == 0 && S_ISDIR(about.st_mode));
    ck_assert(lstat(in_folder("link"), &about) == 0 && S_ISLNK(about.st_mode));
    snprintf(absolute, sizeof absolute, "%s", in_folder("absolute"));
    make_link(absolute, "third");
    ck_succeeds(neap_folder_make(in_folder("third")));
    ck_assert(stat(absolute, &about) == 0 && S_ISDIR(about.st_mode));
    make_link("round", "round");
    ck_fails_saying(neap_folder_make(in_folder("round")), "cannot be made");
    write_file("plain", "", 0);
    make_link("plain", "fourth");
    ck_fails_saying(neap_folder_make(in_folder("fourth")), "cannot be made: File exists");
}
END_TEST

int main(void)
{
    return RUN_SUITE("files", there_and_back, names_without_a_folder, loading_fails, the_old_file_stands,
                     places_that_cannot_be_written, abandoned, in_parts, modes, where_a_file_could_be_written,
                     where_no_file_could_be_written, folders, no_folders, no_memory, nothing_else_is_removed,
                     utf8_code_points, utf8_sequences, hexadecimal, links_to_folders);
}
