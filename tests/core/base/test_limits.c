/*
 * Limits of memory and cores: those of control groups are read from folders as containers have them, made for the test; what is
 * refused within them is refused with a message.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <neap/parallel.h>

#include "base/limits.h"
#include "base/scratch.h"
#include "buffer_test.h"

static char root[] = "/tmp/neap-limits-XXXXXX";

static void make_root(void)
{
    strcpy(root + strlen(root) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
    neap_limits_read("");
}

/* A file below the root, with the folders on its way. */
static void write_file(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *end = whole + strlen(root); (end = strchr(end + 1, '/'));) {
        *end = 0;
        mkdir(whole, 0777);
        *end = '/';
    }
    FILE *file = fopen(whole, "w");
    ck_assert_msg(file != NULL, "%s", whole);
    fputs(text, file);
    fclose(file);
}

typedef struct entry {
    const char *path, *text;
} entry;

typedef struct layout {
    const char *name;
    entry files[8]; /* end with an empty one */
    size_t memory;
    double cores;
} layout;

#define SELF "/proc/self/cgroup"
#define UNIFIED "/sys/fs/cgroup"

static const layout layouts[] = {
    {"no groups", {{0}}, SIZE_MAX, 0},
    {"version 2, as a container sees its own group", {{SELF, "0::/\n"}, {UNIFIED "/memory.max", "1048576000\n"},
     {UNIFIED "/cpu.max", "150000 100000\n"}}, 1048576000, 1.5},
    {"version 2, no limit", {{SELF, "0::/a\n"}, {UNIFIED "/a/memory.max", "max\n"}, {UNIFIED "/a/cpu.max", "max 100000\n"}},
     SIZE_MAX, 0},
    {"version 2, a limit above", {{SELF, "0::/user.slice/a.scope/b\n"}, {UNIFIED "/user.slice/memory.max", "3000\n"},
     {UNIFIED "/user.slice/a.scope/memory.max", "2000\n"}, {UNIFIED "/user.slice/a.scope/b/memory.max", "max\n"},
     {UNIFIED "/user.slice/cpu.max", "50000 100000\n"}, {UNIFIED "/user.slice/a.scope/cpu.max", "400000 100000\n"}}, 2000, 0.5},
    {"version 2, the path outside is not to be seen", {{SELF, "0::/../../outer\n"}, {UNIFIED "/memory.max", "7000\n"}}, 7000, 0},
    {"version 1", {{SELF, "9:name=systemd:/\n5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/\n"},
     {UNIFIED "/memory/a/b/memory.limit_in_bytes", "5000\n"},
     {UNIFIED "/memory/memory.limit_in_bytes", "9223372036854771712\n"},
     {UNIFIED "/cpu/a/cpu.cfs_quota_us", "200000\n"}, {UNIFIED "/cpu/a/cpu.cfs_period_us", "100000\n"}}, 5000, 2},
    {"version 1 in a container: the path is the host's", {{SELF, "4:memory:/docker/0123\n3:cpuset,cpu:/docker/0123\n"},
     {UNIFIED "/memory/memory.limit_in_bytes", "6000\n"}, {UNIFIED "/cpu/cpu.cfs_quota_us", "-1\n"},
     {UNIFIED "/cpu/cpu.cfs_period_us", "100000\n"}}, 6000, 0},
    {"both versions", {{SELF, "4:memory:/a\n0::/a\n"}, {UNIFIED "/memory/a/memory.limit_in_bytes", "4000\n"},
     {UNIFIED "/unified/a/cpu.max", "100000 100000\n"}}, 4000, 1},
    {"no sense", {{SELF, "\n::\nabc\n4:memory\n0::/a"}, {UNIFIED "/a/memory.max", "lots\n"}, {UNIFIED "/a/cpu.max", "\n"},
     {UNIFIED "/memory.max", ""}}, SIZE_MAX, 0},
};

START_TEST(groups)
{
    const layout *l = &layouts[_i];
    for (int i = 0; l->files[i].path; i++)
        write_file(l->files[i].path, l->files[i].text);
    const neap_group_limits limits = neap_group_limits_of(root);
    ck_assert_msg(limits.memory == l->memory, "%s: expected %zu bytes, got %zu", l->name, l->memory, limits.memory);
    ck_assert_msg(fabs(limits.cores - l->cores) < 1e-9, "%s: expected %g cores, got %g", l->name, l->cores, limits.cores);
}
END_TEST

/* As in a container that has some more than this process holds already. */
static void allow(size_t more)
{
    char text[32];
    const size_t bytes = neap_memory_resident() + more;
    snprintf(text, sizeof text, "%zu\n", bytes + bytes / 16);
    write_file(SELF, "0::/\n");
    write_file(UNIFIED "/memory.max", text);
    neap_limits_read(root);
}

static void expect_refused(const void *block, const char *message)
{
    ck_assert_ptr_null(block);
    ck_assert_str_eq(neap_error_message(), message);
    neap_error_clear();
}

START_TEST(refuses)
{
    allow(64 * MIB);
    void *small = neap_buffer_new(8 * MIB), *block = neap_calloc(8 * MIB, 1);
    ck_assert_ptr_nonnull(small);
    ck_assert_ptr_nonnull(block);
    expect_refused(neap_buffer_new(400 * MIB), "memory: no room for a tensor of 419430400 bytes");
    expect_refused(neap_calloc(400 * MIB, 1), "memory: no room for 419430400 bytes");
    expect_refused(neap_realloc(block, 400 * MIB), "memory: no room for 419430400 bytes");
    expect_refused(neap_scratch(NEAP_SCRATCH_GEMM, 400 * MIB), "memory: no room for 419430400 bytes of scratch");
    neap_buffer_free(small);
    neap_free(block);
    neap_limits_read("");
    void *large = neap_buffer_new(400 * MIB); /* is not written to */
    ck_assert_ptr_nonnull(large);
    neap_buffer_free(large);
}
END_TEST

/* Memory that is filled until it is refused: by tensors that count by what is resident. */
START_TEST(fills_up)
{
    enum { MOST = 100 };
    void *held[MOST];
    int count = 0;
    allow(128 * MIB);
    while (count < MOST && (held[count] = neap_buffer_new(4 * MIB))) {
        paint(held[count], 4 * MIB, count);
        count++;
    }
    ck_assert_int_ge(count, 8);
    ck_assert_int_lt(count, MOST);
    ck_assert_uint_le(neap_memory_resident(), neap_memory_limit());
    neap_error_clear();
    while (count > 0)
        neap_buffer_free(held[--count]);
}
END_TEST

START_TEST(shares_of_cores)
{
    neap_threads_set(0);
    const int all = neap_threads();
    write_file(SELF, "0::/\n");
    write_file(UNIFIED "/cpu.max", "150000 100000\n");
    neap_limits_read(root);
    neap_threads_set(0);
    ck_assert_int_eq(neap_threads(), all < 2 ? all : 2);
    write_file(UNIFIED "/cpu.max", "20000 100000\n");
    neap_limits_read(root);
    neap_threads_set(0);
    ck_assert_int_eq(neap_threads(), 1);
    neap_threads_set(5); /* who asks for more gets it */
    ck_assert_int_eq(neap_threads(), 5);
    neap_limits_read("");
    neap_threads_set(0);
    ck_assert_int_eq(neap_threads(), all);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
/* In a process of its own, for a limit cannot be raised again by everyone. Sanitizers hold more addresses than any such limit. */
static bool is_seen(int resource)
{
    const struct rlimit limit = {512 * MIB, 512 * MIB};
    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return false;
    neap_limits_read("");
    return neap_memory_limit() == 512 * MIB;
}

START_TEST(resource_limits)
{
    for (int i = 0; i < 2; i++) {
        int status = 1;
        const pid_t child = fork();
        if (child == 0)
            _exit(!is_seen(i ? RLIMIT_DATA : RLIMIT_AS));
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_root, remove_root);
    tcase_add_loop_test(tests, groups, 0, sizeof layouts / sizeof *layouts);
    tcase_add_test(tests, refuses);
    tcase_add_test(tests, fills_up);
    tcase_add_test(tests, shares_of_cores);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(tests, resource_limits);
#endif
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
