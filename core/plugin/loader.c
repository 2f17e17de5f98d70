/* Loads shared objects: reads their header, opens and registers them. Folders are scanned in order of name. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/host.h"

static int check_bytes(const void *bytes, size_t size, void *user)
{
    uint32_t abi, plugin_size;
    (void)user;
    return neap_elf_plugin_header(bytes, size, &abi, &plugin_size) ? -1 : neap_plugin_check_header(abi, plugin_size);
}

static int find_strays(const void *bytes, size_t size, void *user)
{
    char **list = user;
    return (*list = neap_elf_strays(bytes, size)) ? 0 : -1;
}

typedef int reader(const void *bytes, size_t size, void *user);

static int read_bytes(int file, size_t size, reader *read, void *user)
{
    void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    if (bytes == MAP_FAILED)
        return size ? neap_fail("%s", strerror(errno)) : neap_fail("no ELF file, it is empty");
    const int status = read(bytes, size, user);
    munmap(bytes, size);
    return status;
}

/* Reads a file without running it, and sets *id. */
static int read_file(const char *path, neap_file_id *id, reader *read, void *user)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return neap_fail("%s", strerror(errno));
    struct stat status;
    int result = 0;
    if (fstat(file, &status))
        result = neap_fail("%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        result = neap_fail("no regular file");
    else
        *id = (neap_file_id){status.st_dev, status.st_ino};
    if (!result)
        result = read_bytes(file, (size_t)status.st_size, read, user);
    close(file);
    return result;
}

/* dlerror's message begins with the path, which the caller's message contains already. */
static int fail_open(const char *path)
{
    const char *text = dlerror();
    size_t length = strlen(path);
    if (text && strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0)
        text += length + 2;
    return neap_fail("cannot be loaded: %s", text ? text : "no reason given");
}

static int load(const char *path)
{
    neap_file_id id;
    if (read_file(path, &id, check_bytes, NULL))
        return -1;
    /* dlopen searches the system's folders for a name without a slash. */
    char *place = neap_format("%s%s", strchr(path, '/') ? "" : "./", path);
    if (!place)
        return -1;
    void *handle = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    const neap_plugin *plugin = handle ? dlsym(handle, "neap_plugin_v2") : NULL;
    int status = plugin ? neap_registry_add_file(plugin, path, id) : fail_open(place);
    neap_free(place);
    return status;
}

char *neap_registry_strays(const char *path)
{
    neap_file_id id;
    char *list = NULL;
    return path && read_file(path, &id, find_strays, &list) == 0 ? list : NULL;
}

int neap_registry_load(const char *path)
{
    if (!path)
        return neap_fail("plugin: expected a path");
    if (!load(path))
        return 0;
    char *where = neap_format("plugin %s", path);
    neap_fail_in(where ? where : "plugin");
    neap_free(where);
    return -1;
}

static int is_plugin(const struct dirent *item)
{
    size_t length = strlen(item->d_name);
    return length > 3 && item->d_name[0] != '.' && strcmp(item->d_name + length - 3, ".so") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_or_warn(const char *folder, const char *name)
{
    char *path = neap_format("%s/%s", folder, name);
    int status = path ? neap_registry_load(path) : -1;
    if (status) {
        neap_warn("%s", neap_error_message());
        neap_error_clear();
    }
    neap_free(path);
    return status;
}

static int scan_folder(const char *folder)
{
    struct dirent **items;
    neap_registry_note_folder(folder);
    int count = scandir(folder, &items, is_plugin, compare_names), failed = 0;
    if (count < 0) {
        neap_warn("plugin folder %s: %s", folder, strerror(errno));
        return 1;
    }
    for (int i = 0; i < count; i++) {
        failed += load_or_warn(folder, items[i]->d_name) != 0;
        free(items[i]); /* allocated by scandir, not by neap/memory.h */
    }
    free(items);
    return failed;
}

int neap_registry_scan(const char *folders)
{
    int failed = 0;
    for (const char *at = folders; at && *at;) {
        size_t length = strcspn(at, ":");
        char *folder = length ? neap_format("%.*s", (int)length, at) : NULL;
        if (folder) {
            failed += scan_folder(folder);
        } else if (length) {
            neap_warn("%s", neap_error_message());
            neap_error_clear();
            failed++;
        }
        neap_free(folder);
        at += length + (at[length] == ':');
    }
    return failed;
}
