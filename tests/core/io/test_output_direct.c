/* Outputs that are written into what stands at a path: pipes, devices, open descriptors. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "writers_test.h"

/* Forks a process that reads a pipe to its end, and exits with the number of bytes below 256. */
static pid_t count_bytes(const char *path)
{
    char bytes[4096];
    ssize_t got, sum = 0;
    pid_t child = fork();
    if (child)
        return child;
    int descriptor = open(path, O_RDONLY);
    while (descriptor >= 0 && (got = read(descriptor, bytes, sizeof bytes)) > 0)
        sum += got;
    _exit((int)(sum & 255));
}

static int result_of(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(pipes)
{
    const char *plain = in_folder("plain"), *pipe = in_folder("pipe"), *link = in_folder("link");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_int_eq(symlink("pipe", link), 0);
    for (int i = 0; i < WRITERS; i++) {
        ck_succeeds(writers[i](plain));
        pid_t reader = count_bytes(pipe);
        ck_succeeds(writers[i](i % 2 ? link : pipe));
        ck_assert_int_eq(result_of(reader), about(plain).st_size & 255);
        ck_assert(S_ISFIFO(about(pipe).st_mode));
    }
    ck_assert(S_ISLNK(about(link).st_mode));
    ck_assert_int_eq(folder_items(), 3);
}
END_TEST

/* A reader that goes away is an ordinary error. */
START_TEST(broken_pipes)
{
    static char bytes[200000]; /* more than a pipe holds */
    const char *path = in_folder("pipe");
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    pid_t reader = fork();
    if (reader == 0) {
        int descriptor = open(path, O_RDONLY);
        _exit(descriptor >= 0 && read(descriptor, bytes, 1) == 1 ? 0 : 1);
    }
    ck_fails_with(neap_file_save(path, bytes, sizeof bytes), saying("%s: cannot be written: %s", path, strerror(EPIPE)));
    ck_assert_int_eq(result_of(reader), 0);
    ck_assert(S_ISFIFO(about(path).st_mode));
    ck_assert_int_eq(folder_items(), 1);
}
END_TEST

START_TEST(devices)
{
    const char *null = in_folder("null"), *full = in_folder("full");
    if (mknod(null, S_IFCHR | 0666, makedev(1, 3)) < 0 || mknod(full, S_IFCHR | 0666, makedev(1, 7)) < 0)
        return; /* takes root, and a system that lets root do so */
    int descriptor = open(null, O_WRONLY);
    if (descriptor < 0)
        return; /* a file system without devices */
    close(descriptor);
    for (int i = 0; i < WRITERS; i++) {
        ck_succeeds(writers[i](null));
        ck_fails_saying(writers[i](full), saying("%s: cannot be written: %s", full, strerror(ENOSPC)));
        ck_assert(S_ISCHR(about(null).st_mode) && S_ISCHR(about(full).st_mode));
    }
    ck_assert_int_eq(folder_items(), 2);
}
END_TEST

START_TEST(sockets)
{
    int pair[2];
    char bytes[4] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_succeeds(save_bytes(saying("/proc/self/fd/%d", pair[0]))); /* cannot be opened by this name */
    ck_assert_int_eq(read(pair[1], bytes, 3), 3);
    ck_assert_str_eq(bytes, "new");
}
END_TEST

/* What the descriptor has written stays, as behind `> file` in a shell, and the file is not another one. */
START_TEST(open_descriptors)
{
    const char *path = write_file("file", "", 0), *link = in_folder("link");
    int descriptor = open(path, O_WRONLY);
    ck_assert_int_eq(symlink(saying("/proc/self/fd/%d", descriptor), link), 0); /* as /dev/stdout is one */
    const ino_t before = about(path).st_ino;
    ck_assert_int_eq(write(descriptor, "old ", 4), 4);
    ck_succeeds(save_bytes(link));
    ck_succeeds(save_bytes(saying("/dev/fd/%d", descriptor)));
    ck_assert_int_eq(write(descriptor, " end", 4), 4);
    ck_assert(file_is(path, "old newnew end", 14));
    ck_assert_uint_eq(about(path).st_ino, before);
    ck_assert_int_eq(folder_items(), 2);
    close(descriptor);
    ck_fails_with(save_bytes(link), saying("%s: cannot be written: %s", link, strerror(ENOENT)));
    ck_assert_int_eq(folder_items(), 2);
}
END_TEST

int main(void)
{
    return RUN_SUITE("output_direct", pipes, broken_pipes, devices, sockets, open_descriptors);
}
