/* The cache of the data set "folder": written once, mapped by later runs, checked, and not needed. */
#include "folder_test.h"

#include <sys/wait.h>

#include <neap/parallel.h>

#define COUNT 5

static void write_pictures(void)
{
    char name[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d.png", i);
        write_color(name, (unsigned)(50 * i), 10, 20);
    }
    write_file("pictures/3.txt", "the fourth", 10);
    write_file("pictures/x.png", "", 0);
}

static void check_pictures(test_set s)
{
    opened(s);
    ck_assert_int_eq(s.count, COUNT);
    ck_assert_int_eq(s.spec.text, 10);
    for (int i = 0; i < COUNT; i++) {
        const test_example *e = example_of(s, i);
        ck_assert_float_eq_tol(e->x[0], (float)(50 * i) / 127.5f - 1, 1e-6f);
        ck_assert_float_eq_tol(e->x[4 * 2 * 3 - 1], 20 / 127.5f - 1, 1e-6f);
        ck_assert_str_eq(e->text, i == 3 ? "the fourth" : "");
    }
    close_set(s);
}

#define OPEN_ALL(...) OPEN("rows", "2", "columns", "4", ##__VA_ARGS__)

/* How many files are in the folder of the cache; the path of one of them. */
static int cache_files(char path[600])
{
    int count = 0;
    DIR *folder = opendir(in_folder("cache"));
    for (struct dirent *item; folder && (item = readdir(folder));)
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            snprintf(path, 600, "%s/cache/%s", test_folder, item->d_name);
            count++;
        }
    if (folder)
        closedir(folder);
    return count;
}

static ino_t inode_of(const char *path)
{
    struct stat about;
    ck_succeeds(stat(path, &about));
    return about.st_ino;
}

/* Another file by this name has another inode: the old one still exists while the new one is written. */
START_TEST(written_once)
{
    char path[600];
    write_pictures();
    check_pictures(OPEN_ALL());
    ck_assert_int_eq(cache_files(path), 1);
    const ino_t first = inode_of(path);
    check_pictures(OPEN_ALL());
    check_pictures(OPEN_ALL("flip", "false", "labels", "false"));
    ck_assert_int_eq(cache_files(path), 1);
    ck_assert(inode_of(path) == first);
    static const char *const others[][2] = {{"rows", "3"}, {"columns", "5"}, {"channels", "1"}, {"fit", "pad"},
                                             {"background", "black"}};
    for (int i = 0; i < 5; i++) {
        close_set(opened(OPEN_ALL(others[i][0], others[i][1])));
        ck_assert_int_eq(cache_files(path), i + 2);
    }
}
END_TEST

/* Replaces 0.png by one of another size in bytes: its times may be those of before, as clocks of file systems tick slowly. */
static void replace_first(void)
{
    unsigned char rows[16][48];
    struct stat before, after;
    const char *path = in_folder("pictures/0.png");
    for (int i = 0; i < 16 * 48; i++)
        rows[i / 48][i % 48] = 99;
    const png_form form = {.depth = 8, .type = PNG_COLOR_TYPE_RGB};
    const png_file file = encode_png(&form, 16, 16, *rows, sizeof *rows);
    ck_succeeds(stat(path, &before));
    write_file("pictures/0.png", file.bytes, file.size);
    ck_succeeds(stat(path, &after));
    ck_assert_int_ne(before.st_size, after.st_size);
}

/* A changed picture or caption, and a new picture, are seen; a sound cache of the former files stays. */
START_TEST(follows_the_files)
{
    char path[600];
    write_pictures();
    check_pictures(OPEN_ALL());
    replace_first();
    test_set s = opened(OPEN_ALL());
    ck_assert_float_eq_tol(example_of(s, 0)->x[0], 99 / 127.5f - 1, 1e-6f);
    close_set(s);
    ck_assert_int_eq(cache_files(path), 2);
    write_file("pictures/3.txt", "the fifth of them", 17);
    s = opened(OPEN_ALL());
    ck_assert_str_eq(example_of(s, 3)->text, "the fifth of them");
    close_set(s);
    write_color("5.png", 1, 1, 1);
    s = opened(OPEN_ALL());
    ck_assert_int_eq(s.count, COUNT + 1);
    close_set(s);
    ck_succeeds(remove(in_folder("pictures/0.png")));
    s = opened(OPEN_ALL());
    ck_assert_int_eq(s.count, COUNT);
    close_set(s);
    ck_assert_int_eq(cache_files(path), 5);
}
END_TEST

/* Puts other bytes in place of the file, opens the set, and expects a sound file again. */
static void check_rebuilt(const char *path, const void *bytes, size_t size, const void *sound, size_t sound_size)
{
    static char again[4096];
    FILE *file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
    check_pictures(OPEN_ALL());
    file = fopen(path, "rb");
    ck_assert_uint_eq(fread(again, 1, sizeof again, file), sound_size);
    fclose(file);
    ck_assert_mem_eq(again, sound, sound_size);
}

START_TEST(damage_is_repaired)
{
    static char sound[4096], bytes[4096 + 64];
    char path[600];
    write_pictures();
    check_pictures(OPEN_ALL());
    ck_assert_int_eq(cache_files(path), 1);
    FILE *file = fopen(path, "rb");
    const size_t size = fread(sound, 1, sizeof sound, file);
    fclose(file);
    ck_assert(size > 100 && size < sizeof sound);
    for (size_t i = 0; i < size; i += i < COUNT * 24 || i + 64 > size ? 1 : 7) {
        memcpy(bytes, sound, size);
        bytes[i] ^= 0x10;
        if (i >= COUNT * 24 && i < 128)
            continue; /* zeros between pixels and records mean nothing */
        check_rebuilt(path, bytes, size, sound, size);
    }
    memcpy(bytes, sound, size);
    memset(bytes + size, 0, 64);
    for (size_t cut = 0; cut < size; cut += 37)
        check_rebuilt(path, bytes, cut, sound, size);
    check_rebuilt(path, bytes, size + 64, sound, size);
    check_rebuilt(path, bytes + 64, size - 64, sound, size);
}
END_TEST

static void check_in_memory(const char *cache, const char *reason)
{
    check_pictures(OPEN_ALL("cache", cache));
    ck_assert_msg(strncmp(warnings, "folder: cache: ", 15) == 0 && strstr(warnings, reason), "%s", warnings);
    ck_assert_ptr_nonnull(strstr(warnings, "; the pictures are kept in memory\n"));
}

START_TEST(no_place_for_a_cache)
{
    char path[600];
    write_pictures();
    check_in_memory("/proc/nowhere/cache", "/proc/nowhere");
    check_in_memory(write_file("a_file", "", 0), "a_file");
    check_pictures(OPEN_ALL("cache", "none"));
    ck_assert_ptr_null(strstr(warnings, "cache"));
    check_pictures(OPEN_ALL()); /* a folder by the name of the file */
    ck_assert_int_eq(cache_files(path), 1);
    ck_succeeds(remove(path));
    ck_succeeds(mkdir(path, 0777));
    check_in_memory(in_folder("cache"), "pictures-");
}
END_TEST

START_TEST(default_place)
{
    char path[600];
    write_pictures();
    make_folder("home"), make_folder("xdg");
    ck_succeeds(setenv("HOME", in_folder("home"), 1));
    ck_succeeds(setenv("XDG_CACHE_HOME", in_folder("xdg"), 1));
    check_pictures(OPEN_ALL("cache", ""));
    ck_succeeds(access(in_folder("xdg/neap"), R_OK));
    ck_assert(access(in_folder("home/.cache"), R_OK) < 0);
    ck_succeeds(setenv("XDG_CACHE_HOME", "not/absolute", 1));
    check_pictures(OPEN_ALL("cache", ""));
    ck_succeeds(access(in_folder("home/.cache/neap"), R_OK));
    ck_succeeds(unsetenv("XDG_CACHE_HOME"));
    ck_succeeds(unsetenv("HOME"));
    check_pictures(OPEN_ALL("cache", ""));
    ck_assert_ptr_nonnull(strstr(warnings, "folder: cache: HOME is not set; the pictures are kept in memory\n"));
    ck_assert_int_eq(cache_files(path), 0);
}
END_TEST

/* Several at once write the same file. */
START_TEST(processes_at_once)
{
    char path[600];
    pid_t child[4];
    write_pictures();
    for (int i = 0; i < 4; i++)
        if ((child[i] = fork()) == 0) {
            check_pictures(OPEN_ALL());
            _exit(strstr(warnings, "memory") != NULL);
        }
    for (int i = 0; i < 4; i++) {
        int status = 1;
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(cache_files(path), 1);
    check_pictures(OPEN_ALL());
}
END_TEST

/* A folder in which nothing is usable leaves no file. */
START_TEST(failures_leave_nothing)
{
    char path[600];
    write_file("pictures/a.png", "", 0);
    ck_refuses_saying(OPEN_ALL(), "expected a usable picture");
    ck_assert_str_eq(warnings, "");
    ck_assert_int_eq(cache_files(path), 0);
}
END_TEST

/* It fails with a message or has all pictures: one that cannot be decoded for lack of memory is not taken for a broken one. */
static void refuse_memory(const char *cache, bool forget)
{
    char path[600];
    test_set s = opened(OPEN_ALL("cache", cache));
    for (int n = 0, left = -1; left < 0; n++) {
        if (forget && cache_files(path))
            remove(path);
        left = n;
        neap_on_allocate(refuse_when_zero, &left);
        void *self = s.functions->open(neap_instance_config(s.instance));
        neap_on_allocate(NULL, NULL);
        ck_assert(!self == neap_failed());
        neap_error_clear();
        if (self) {
            ck_assert_int_eq(s.functions->count(self), COUNT);
            s.functions->close(self);
        } else {
            ck_assert_int_lt(left, 0);
        }
        ck_assert_int_lt(n, 5000);
    }
    close_set(s);
}

static bool refuse_large(void *user, size_t bytes)
{
    (void)user;
    return bytes > (size_t)1 << 20;
}

/* A picture that needs more memory than there is, is not broken: the set does not open without it. */
START_TEST(too_little_memory)
{
    char path[600];
    static unsigned char rows[16][3 * 30000];
    const png_form form = {.depth = 8, .type = PNG_COLOR_TYPE_RGB};
    const png_file file = encode_png(&form, 30000, 16, *rows, sizeof *rows);
    write_pictures();
    write_file("pictures/large.png", file.bytes, file.size);
    neap_on_allocate(refuse_large, NULL);
    ck_refuses_saying(OPEN_ALL(), "memory: no room for ");
    neap_on_allocate(NULL, NULL);
    ck_assert_int_eq(cache_files(path), 0);
    test_set s = opened(OPEN_ALL());
    ck_assert_int_eq(s.count, COUNT + 1);
    close_set(s);
}
END_TEST

START_TEST(refused_memory)
{
    char cache[512];
    snprintf(cache, sizeof cache, "%s/cache", test_folder);
    write_pictures();
    ck_succeeds(neap_threads_set(1));
    refuse_memory("none", false);
    refuse_memory(cache, true);
    refuse_memory(cache, false);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("folder_cache", pictures_open, pictures_close, written_once, follows_the_files, damage_is_repaired,
                          no_place_for_a_cache, default_place, processes_at_once, failures_leave_nothing, too_little_memory,
                          refused_memory);
}
