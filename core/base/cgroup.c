/*
 * Limits of control groups. A process is in one group of each hierarchy; the least limit of that group and its
 * ancestors holds. In a container the upper part of the path may be invisible, so files may be missing on the way.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"

#define PATH_ROOM 4096

bool neap_limits_text(const char *path, char *text, size_t size)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, text, size - 1);
    if (file >= 0)
        close(file);
    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

/* Number `index` of a file; -1 for none, as for "max". */
static int64_t number_at(const char *folder, const char *name, int index)
{
    char path[PATH_ROOM + 64], text[128];
    const char *at = text;
    char *end = text;
    int64_t number = -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!neap_limits_text(path, text, sizeof text))
        return -1;
    for (int i = 0; i <= index; i++, at = end) {
        number = strtoll(at, &end, 10);
        if (end == at)
            return -1;
    }
    return number;
}

static void lower_memory(neap_group_limits *limits, int64_t bytes)
{
    if (bytes >= 0 && (uint64_t)bytes < limits->memory)
        limits->memory = (size_t)bytes;
}

static void lower_cores(neap_group_limits *limits, int64_t quota, int64_t period)
{
    if (quota > 0 && period > 0 && (limits->cores == 0 || (double)quota / (double)period < limits->cores))
        limits->cores = (double)quota / (double)period;
}

static void read_unified(const char *folder, neap_group_limits *limits)
{
    lower_memory(limits, number_at(folder, "memory.max", 0));
    lower_cores(limits, number_at(folder, "cpu.max", 0), number_at(folder, "cpu.max", 1));
}

static void read_memory(const char *folder, neap_group_limits *limits)
{
    lower_memory(limits, number_at(folder, "memory.limit_in_bytes", 0));
}

static void read_cores(const char *folder, neap_group_limits *limits)
{
    lower_cores(limits, number_at(folder, "cpu.cfs_quota_us", 0), number_at(folder, "cpu.cfs_period_us", 0));
}

/* Hierarchies: their names in /proc/self/cgroup and mount points. Version 2 has no name and may coexist with version 1.
 * */
static const struct {
    const char *controller, *mount;
    void (*read)(const char *folder, neap_group_limits *limits);
} hierarchies[] = {
    {"", "/sys/fs/cgroup", read_unified},
    {"", "/sys/fs/cgroup/unified", read_unified},
    {"memory", "/sys/fs/cgroup/memory", read_memory},
    {"cpu", "/sys/fs/cgroup/cpu", read_cores},
    {"cpu", "/sys/fs/cgroup/cpu,cpuacct", read_cores},
};

/* Whether a name is in a list separated by commas. */
static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    if (length == 0)
        return *list == 0;
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0))
            return true;
    }
    return false;
}

/* A group and its ancestors. */
static void read_groups(const char *root, int hierarchy, const char *group, neap_group_limits *limits)
{
    char folder[PATH_ROOM];
    const int mounted = snprintf(folder, sizeof folder, "%s%s", root, hierarchies[hierarchy].mount);
    const int length = snprintf(folder, sizeof folder, "%s%s%s", root, hierarchies[hierarchy].mount, group);
    if (length < 0 || length >= (int)sizeof folder)
        return;
    for (char *slash = folder + length; slash && slash >= folder + mounted; slash = strrchr(folder, '/')) {
        *slash = 0;
        hierarchies[hierarchy].read(folder, limits);
    }
}

/* A line is NUMBER:CONTROLLERS:GROUP. */
static void read_line(const char *root, char *line, neap_group_limits *limits)
{
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return;
    *group++ = 0;
    for (int i = 0; i < (int)(sizeof hierarchies / sizeof *hierarchies); i++)
        if (is_listed(controllers + 1, hierarchies[i].controller))
            read_groups(root, i, group, limits);
}

neap_group_limits neap_group_limits_of(const char *root)
{
    neap_group_limits limits = {SIZE_MAX, 0};
    char path[PATH_ROOM], text[16384], *rest = text, *line;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (!neap_limits_text(path, text, sizeof text))
        return limits;
    while ((line = strsep(&rest, "\n")))
        read_line(root, line, &limits);
    return limits;
}
