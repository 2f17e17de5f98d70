/*
 * Where an installed program finds its files. The folders of configure are compiled in; a program that was installed or moved
 * elsewhere uses the same layout relative to itself.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"

/* The folder of the running program; false if the system cannot tell. */
static bool program_folder(char *folder, size_t room)
{
    const ssize_t length = readlink("/proc/self/exe", folder, room - 1);
    if (length <= 0 || (size_t)length >= room - 1)
        return false;
    folder[length] = 0;
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

/* The length of the common leading folders of two paths, without the slash after them. */
static size_t common_folders(const char *a, const char *b)
{
    size_t common = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            common = i;
    return common;
}

const char *neap_lua_place(const char *folder, char *text, size_t room)
{
    char program[4096];
    const size_t common = common_folders(NEAP_BINDIR, folder);
    const char *tail = NEAP_BINDIR + common; /* as "/bin" */
    if (!program_folder(program, sizeof program) || strlen(program) < strlen(tail))
        return folder;
    const size_t prefix = strlen(program) - strlen(tail);
    if (strcmp(program + prefix, tail) != 0)
        return folder;
    const int length = snprintf(text, room, "%.*s%s", (int)prefix, program, folder + common);
    return length > 0 && (size_t)length < room && access(text, F_OK) == 0 ? text : folder;
}
