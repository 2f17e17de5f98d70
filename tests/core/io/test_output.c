/* Outputs that replace a file: links are followed, modes and owners stay, folders and protected files are refused. */
#include "writers_test.h"

/* --- Links -------------------------------------------------------------------------------------------------------- */

START_TEST(links)
{
    ck_succeeds(neap_folder_make(in_folder("a")));
    ck_assert_int_eq(symlink("a", in_folder("b")), 0);
    ck_assert_int_eq(symlink("target", in_folder("a/near")), 0);
    ck_assert_int_eq(symlink("b/near", in_folder("far")), 0); /* by way of a folder that is a link */
    ck_assert_int_eq(symlink(in_folder("far"), in_folder("absolute")), 0);
    for (int i = 0; i < WRITERS; i++) {
        write_file("a/target", "old", 3);
        const ino_t before = about(in_folder("a/target")).st_ino;
        ck_succeeds(writers[i](in_folder("absolute")));
        ck_assert(!file_is(in_folder("a/target"), "old", 3));
        ck_assert(about(in_folder("a/target")).st_ino != before); /* replaced, not written into */
    }
    ck_assert(S_ISLNK(about(in_folder("absolute")).st_mode) && S_ISLNK(about(in_folder("far")).st_mode));
    ck_assert(S_ISLNK(about(in_folder("a/near")).st_mode) && S_ISREG(about(in_folder("a/target")).st_mode));
    ck_assert_int_eq(folder_items(), 4);
    ck_assert_int_eq(unlink(in_folder("a/target")) || unlink(in_folder("a/near")), 0);
}
END_TEST

START_TEST(links_to_nothing)
{
    ck_assert_int_eq(symlink("created", in_folder("link")), 0);
    ck_succeeds(save_bytes(in_folder("link")));
    ck_assert(S_ISLNK(about(in_folder("link")).st_mode));
    ck_assert(file_is(in_folder("created"), "new", 3));
    const char *below = in_folder("below"), *round = in_folder("round");
    ck_assert_int_eq(symlink("none/created", below), 0);
    ck_assert_int_eq(symlink("round", round), 0);
    ck_fails_with(save_bytes(below), saying("%s: cannot be written: %s", below, strerror(ENOENT)));
    ck_fails_with(save_bytes(round), saying("%s: cannot be written: %s", round, strerror(ELOOP)));
    ck_assert_int_eq(folder_items(), 4);
}
END_TEST

START_TEST(links_in_the_folder_that_we_stand_in)
{
    ck_assert_int_eq(chdir(test_folder), 0);
    ck_assert_int_eq(symlink("target", "link"), 0);
    ck_succeeds(save_bytes("link"));
    ck_assert(S_ISLNK(about("link").st_mode) && file_is("target", "new", 3));
}
END_TEST

/* --- Modes -------------------------------------------------------------------------------------------------------- */

START_TEST(modes_stay)
{
    static const mode_t modes[] = {0600, 0640, 0666, 0755, 0604};
    umask(022);
    for (int m = 0; m < 5; m++)
        for (int i = 0; i < WRITERS; i++) {
            const char *path = write_file("file", "old", 3);
            ck_assert_int_eq(chmod(path, modes[m]), 0);
            ck_succeeds(writers[i](path));
            ck_assert_int_eq(mode_of(path), modes[m]);
        }
}
END_TEST

START_TEST(owners_stay)
{
    const char *path = write_file("file", "old", 3);
    if (geteuid() != 0 || chown(path, 12345, 23456) < 0)
        return; /* another owner takes root */
    ck_assert_int_eq(chmod(path, 04750), 0);
    ck_succeeds(save_bytes(path));
    ck_assert_uint_eq(about(path).st_uid, 12345);
    ck_assert_uint_eq(about(path).st_gid, 23456);
    ck_assert_int_eq(mode_of(path), 04750);
    /* Who may not hand the file on hands on no rights of a group that is now another. */
    ck_assert_int_eq(chmod(path, 06767) || chmod(test_folder, 0777) || setegid(34567) || seteuid(34567), 0);
    ck_succeeds(save_bytes(path));
    ck_assert_uint_eq(about(path).st_uid, 34567);
    ck_assert_int_eq(mode_of(path), 0777);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chown(path, 12345, 23456) || chmod(path, 0662) || seteuid(34567), 0);
    ck_succeeds(save_bytes(path));
    ck_assert_int_eq(mode_of(path), 0622);
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(files_that_are_protected)
{
    const char *path = write_file("file", "old", 3);
    ck_assert_int_eq(chmod(path, 0444), 0);
    if (geteuid() == 0) { /* root may write it, and the mode stays */
        ck_succeeds(save_bytes(path));
        ck_assert(file_is(path, "new", 3));
        ck_assert_int_eq(mode_of(path), 0444);
        write_file("file", "old", 3);
        ck_assert_int_eq(chmod(test_folder, 0777) || seteuid(34567), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        ck_fails_saying(writers[i](path), saying("%s: cannot be written: %s", path, strerror(EACCES)));
    ck_assert(file_is(path, "old", 3));
    ck_assert_int_eq(folder_items(), 1);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* --- Names -------------------------------------------------------------------------------------------------------- */

START_TEST(names_without_end)
{
    char longest[256];
    for (int shift = 0; shift < 4; shift++) { /* the temporary's name is cut anywhere in a character */
        for (int i = 0; i < 255; i++)
            longest[i] = i < shift ? 'a' : "\xf0\x9f\x8c\x99"[(i - shift) % 4];
        longest[255 - (255 - shift) % 4] = 0;
        ck_succeeds(save_bytes(in_folder(longest)));
        ck_assert(file_is(in_folder(longest), "new", 3));
        ck_assert_int_eq(folder_items(), shift + 1);
    }
    ck_fails_saying(save_bytes(in_folder(saying("%s%s", longest, longest))), strerror(ENAMETOOLONG));
}
END_TEST

START_TEST(no_names)
{
    const char *folder = in_folder("folder");
    ck_succeeds(neap_folder_make(folder));
    ck_assert_int_eq(symlink("folder", in_folder("link")), 0);
    static const struct {
        const char *name;
        int reason;
    } rows[] = {{"folder", EISDIR}, {"folder/", EISDIR}, {"link", EISDIR}, {".", EISDIR}, {"new/", EISDIR}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = in_folder(rows[i].name);
        ck_fails_with(save_bytes(path), saying("%s: cannot be written: %s", path, strerror(rows[i].reason)));
    }
    ck_fails_with(save_bytes(""), saying(": cannot be written: %s", strerror(ENOENT)));
    ck_assert_int_eq(folder_items(), 2);
}
END_TEST

/* --- Memory ------------------------------------------------------------------------------------------------------- */

static bool save_over_link(void)
{
    bool done = !save_bytes(in_folder("link"));
    neap_on_allocate(NULL, NULL); /* looking is not part of the work */
    ck_assert(file_is(in_folder("target"), done ? "new" : "old", 3));
    ck_assert(S_ISLNK(about(in_folder("link")).st_mode));
    ck_assert_int_eq(folder_items(), 2);
    return done;
}

START_TEST(no_memory)
{
    write_file("target", "old", 3);
    ck_assert_int_eq(symlink("target", in_folder("link")), 0);
    refuse_each(save_over_link);
}
END_TEST

int main(void)
{
    return RUN_SUITE("output", links, links_to_nothing, links_in_the_folder_that_we_stand_in, modes_stay, owners_stay,
                     files_that_are_protected, names_without_end, no_names, no_memory);
}
