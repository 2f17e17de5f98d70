/* Temporary files of killed processes: removed by the next output, and never those of a living one. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "io/output.h"
#include "io/temporary.h"
#include "io_test.h"

/* A process that is writing an output, until it is killed. */
static pid_t start_writer(const char *path)
{
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t writer = fork();
    if (writer == 0) {
        neap_output out;
        close(ready[0]);
        if (neap_output_open(&out, path) == 0 && neap_output_write(&out, "half", 4) == 0 && write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return writer;
}

static void kill_writer(pid_t writer)
{
    ck_assert_int_eq(kill(writer, SIGKILL), 0);
    ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
}

/* The path of a temporary in the folder: of a name, or the only one; the caller frees it. NULL when there is none. */
static char *find_temporary(const char *of)
{
    char *path = NULL;
    DIR *folder = present(opendir(test_folder));
    for (struct dirent *item; (item = readdir(folder));)
        if (strstr(item->d_name, ".neap-") && strncmp(item->d_name + 1, of, strlen(of)) == 0)
            path = neap_strdup(in_folder(item->d_name));
    closedir(folder);
    return path;
}

static void make_older(const char *path, time_t seconds)
{
    const struct timespec then = {.tv_sec = time(NULL) - seconds};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[]){then, then}, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(the_next_output_removes_it)
{
    const char *path = write_file("file", "old", 3), *link = in_folder("link");
    ck_assert_int_eq(symlink("file", link), 0);
    for (int i = 0; i < 2; i++) {
        kill_writer(start_writer(path));
        ck_assert_int_eq(folder_items(), 3);
        ck_assert(file_is(path, i ? "new" : "old", 3));
        ck_succeeds(neap_file_save(i ? link : path, "new", 3));
        ck_assert_int_eq(folder_items(), 2);
    }
}
END_TEST

/* Each looks after its own file; the folder is cleaned of all. */
START_TEST(other_files_have_their_own)
{
    const char *path = in_folder("file");
    kill_writer(start_writer(in_folder("file2")));
    kill_writer(start_writer(in_folder("other")));
    ck_succeeds(neap_file_save(path, "new", 3));
    ck_assert_int_eq(folder_items(), 3);
    ck_assert_int_eq(neap_folder_clean(test_folder), 2);
    ck_assert_int_eq(folder_items(), 1);
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    ck_assert_int_eq(neap_folder_clean(in_folder("none")), 0);
    ck_assert_int_eq(neap_folder_clean(path), 0);
    ck_assert(!neap_failed());
}
END_TEST

START_TEST(a_living_process_keeps_it)
{
    const char *path = in_folder("file");
    pid_t writer = start_writer(path);
    char *temporary = present(find_temporary("file"));
    make_older(temporary, 1000000);
    for (int i = 0; i < 3; i++) {
        ck_succeeds(neap_file_save(path, "new", 3));
        ck_assert_int_eq(neap_folder_clean(test_folder), 0);
        ck_assert(file_is(temporary, "", 0)); /* what was written waits in the buffer */
    }
    kill_writer(writer);
    ck_assert_int_eq(neap_folder_clean(test_folder), 1);
    ck_assert(file_is(path, "new", 3));
    neap_free(temporary);
}
END_TEST

/* In one process, too: two threads may write to one path. */
START_TEST(two_at_once)
{
    neap_output first, second;
    const char *path = in_folder("file");
    ck_succeeds(neap_output_open(&first, path));
    ck_succeeds(neap_output_open(&second, path));
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    ck_succeeds(neap_output_write(&first, "1", 1));
    ck_succeeds(neap_output_write(&second, "2", 1));
    ck_succeeds(neap_output_commit(&second));
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    ck_succeeds(neap_output_commit(&first));
    ck_assert(file_is(path, "1", 1));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* The locks of another machine may not show here, so only time tells. */
START_TEST(another_machine)
{
    const char *foreign = write_file(".file.neap-00000000-1-0", "half", 4);
    ck_succeeds(neap_file_save(in_folder("file"), "new", 3));
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    make_older(foreign, 23 * 60 * 60);
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    make_older(foreign, 25 * 60 * 60);
    ck_assert_int_eq(neap_folder_clean(test_folder), 1);
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

/* Another process that has the number by now does not keep it. */
START_TEST(numbers_come_again)
{
    const char *path = in_folder("file");
    char own[64];
    kill_writer(start_writer(path));
    char *temporary = present(find_temporary("file"));
    snprintf(own, sizeof own, ".file.neap-%.8s-%ld-0", strstr(temporary, ".neap-") + 6, (long)getpid());
    ck_assert_int_eq(rename(temporary, in_folder(own)), 0);
    ck_succeeds(neap_file_save(path, "new", 3));
    ck_assert_int_eq(folder_items(), 1);
    neap_free(temporary);
}
END_TEST

/* A file of a mode that nobody may write is left behind where a process is killed just before it renames. */
START_TEST(read_only_ones)
{
    kill_writer(start_writer(in_folder("file")));
    char *temporary = present(find_temporary("file"));
    ck_assert_int_eq(chmod(temporary, 0444), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(chown(temporary, 34567, 34567) || chmod(test_folder, 0777) || seteuid(34567), 0);
    ck_assert_int_eq(neap_folder_clean(test_folder), 1);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    neap_free(temporary);
}
END_TEST

START_TEST(what_is_none)
{
    static const char *const names[] = {
        "file.neap-00000000-1-0",    ".file.neap-00000000-1",     ".file.neap-00000000-1-",    ".file.neap-00000000--0",
        ".file.neap-0000000-1-0",    ".file.neap-000000000-1-0",  ".file.neap-0000000g-1-0",   ".file.neap-00000000-1-0~",
        ".file.neap-00000000-x-0",   ".file.neap-00000000- 1-0",  ".file.neap",                ".neap-",
        ".file.XXXXXX",              ".file-00000000-1-0",
    };
    const int count = sizeof names / sizeof *names;
    for (int i = 0; i < count; i++)
        make_older(write_file(names[i], "", 0), 1000000);
    const char *folder = in_folder(".file.neap-00000000-1-0"), *link = in_folder(".file.neap-00000000-1-1");
    const char *pipe = in_folder(".file.neap-00000000-1-2");
    ck_succeeds(neap_folder_make(folder));
    ck_assert_int_eq(symlink(names[0], link) || mkfifo(pipe, 0600), 0);
    make_older(folder, 1000000);
    make_older(link, 1000000);
    make_older(pipe, 1000000);
    ck_assert_int_eq(neap_folder_clean(test_folder), 0);
    ck_succeeds(neap_file_save(in_folder("file"), "", 0));
    ck_assert_int_eq(folder_items(), count + 4);
}
END_TEST

/* Names that are cut: some of another file may go as well, if nobody writes them. */
START_TEST(long_names)
{
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = 0;
    kill_writer(start_writer(in_folder(longest)));
    ck_assert_int_eq(folder_items(), 1);
    ck_succeeds(neap_file_save(in_folder(longest), "new", 3));
    ck_assert_int_eq(folder_items(), 1);
    ck_succeeds(neap_file_save(in_folder("a.neap-00000000-1-0"), "new", 3)); /* a name like a part of ours */
    kill_writer(start_writer(in_folder("a.neap-00000000-1-0")));
    ck_succeeds(neap_file_save(in_folder("a.neap-00000000-1-0"), "new", 3));
    ck_assert_int_eq(folder_items(), 2);
}
END_TEST

/* Writers and cleaners in no order: every save succeeds, and nothing stays. What is cleaned, if anything, is a file that its
 * writer has not locked yet; it makes another. */
START_TEST(cleaning_beside_writers)
{
    enum { SAVES = 300 };
    pid_t writers[2];
    for (int i = 0; i < 2; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            int failed = 0;
            for (int n = 0; n < SAVES; n++)
                failed |= neap_file_save(in_folder("file"), "new", 3) < 0;
            _exit(failed);
        }
    }
    for (int left = 2, status; left > 0;) {
        neap_folder_clean(test_folder);
        if (waitpid(writers[left - 1], &status, WNOHANG) == 0)
            continue;
        ck_assert_int_eq(status, 0);
        left--;
    }
    ck_assert(file_is(in_folder("file"), "new", 3));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("temporary", the_next_output_removes_it, other_files_have_their_own, a_living_process_keeps_it,
                     two_at_once, another_machine, numbers_come_again, read_only_ones, what_is_none, long_names,
                     cleaning_beside_writers);
}
