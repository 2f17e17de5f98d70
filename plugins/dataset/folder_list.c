/* The files of a folder of pictures. See folder.h. */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "content.h"

/* The ends of pictures' names; those that neap does not read are listed so that they are named and counted. */
static const char *const endings[] = {"png",  "jpg",  "jpeg", "jpe", "jfif", "webp", "gif",
                                      "bmp",  "tif",  "tiff", "heic", "heif", "avif", "jxl"};

typedef struct seen {
    dev_t device;
    ino_t inode;
} seen;

typedef struct walk {
    folder_files *files;
    seen *entered; /* folders, so that links in a circle end */
    int64_t count, room;
    const char *class_name; /* of the folders that are walked; NULL in the first */
    bool class_added;
} walk;

/* Grows an array with room for *room items of this size, of which count are used, by one item. */
static void *grow(void *items, int64_t count, int64_t *room, size_t size)
{
    if (count < *room)
        return items;
    void *grown = neap_realloc(items, (size_t)(*room ? 2 * *room : 64) * size);
    if (grown)
        *room = *room ? 2 * *room : 64;
    return grown;
}

static bool is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

/* Is there a picture of the same name as the text names[i]? Names are sorted, so those that begin alike stand together. */
static bool has_picture(char *const *names, int64_t count, int64_t i)
{
    const size_t stem = (size_t)(strrchr(names[i], '.') - names[i]) + 1;
    int64_t first = i;
    while (first > 0 && strncmp(names[first - 1], names[i], stem) == 0)
        first--;
    for (; first < count && strncmp(names[first], names[i], stem) == 0; first++)
        if (!strchr(names[first] + stem, '.') && is_picture(names[first]))
            return true;
    return false;
}

/* Counts the texts of a folder that are beside no picture, and keeps the path of the first. */
static int note_lone_texts(folder_files *files, const char *path, char *const *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const char *dot = strrchr(names[i], '.');
        if (!dot || strcmp(dot, ".txt") != 0 || has_picture(names, count, i))
            continue;
        if (files->lone_texts++ == 0 && !(files->lone_text = neap_format("%s/%s", path, names[i])))
            return -1;
    }
    return 0;
}

/* --- Files ------------------------------------------------------------------------------------------------------------ */

static uint64_t hash_times(uint64_t hash, const struct stat *about)
{
    const int64_t numbers[] = {about->st_size, about->st_mtim.tv_sec, about->st_mtim.tv_nsec, about->st_ctim.tv_sec,
                               about->st_ctim.tv_nsec};
    return content_hash(hash, numbers, sizeof numbers);
}

char *folder_caption_path(const char *picture)
{
    return neap_format("%.*s.txt", (int)(strrchr(picture, '.') - picture), picture);
}

static int add_class(walk *w)
{
    folder_files *files = w->files;
    int64_t room = files->class_room;
    char **grown = grow(files->class_name, files->classes, &room, sizeof *grown);
    if (!grown)
        return -1;
    files->class_name = grown;
    files->class_room = (int32_t)room;
    files->class_name[files->classes] = neap_strdup(w->class_name);
    w->class_added = true;
    return files->class_name[files->classes++] ? 0 : -1;
}

/* Owns the path. */
static int add_file(walk *w, char *path, const struct stat *about)
{
    struct stat caption;
    folder_files *files = w->files;
    char *text = folder_caption_path(path);
    folder_file *grown = text ? grow(files->file, files->count, &files->room, sizeof *grown) : NULL;
    if (!grown || (w->class_name && !w->class_added && add_class(w) < 0)) {
        files->file = grown ? grown : files->file;
        neap_free(text);
        neap_free(path);
        return -1;
    }
    uint64_t stamp = about ? hash_times(CONTENT_EMPTY, about) : CONTENT_EMPTY;
    if (stat(text, &caption) == 0)
        stamp = hash_times(stamp, &caption);
    files->file = grown;
    files->file[files->count++] = (folder_file){path, w->class_name ? files->classes - 1 : -1, stamp};
    neap_free(text);
    return 0;
}

/* --- Folders ----------------------------------------------------------------------------------------------------------- */

static void free_names(char **names, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        neap_free(names[i]);
    neap_free(names);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The sorted names in a folder, without hidden ones; -1 with a message without memory. */
static int64_t read_names(DIR *folder, char ***names)
{
    int64_t count = 0, room = 0;
    *names = NULL;
    for (struct dirent *item; (item = readdir(folder));) {
        if (item->d_name[0] == '.')
            continue;
        char **grown = grow(*names, count, &room, sizeof *grown);
        *names = grown ? grown : *names;
        if (!grown || !(grown[count] = neap_strdup(item->d_name))) {
            free_names(*names, count);
            *names = NULL;
            return -1;
        }
        count++;
    }
    if (count)
        qsort(*names, (size_t)count, sizeof **names, by_bytes);
    return count;
}

/* 1 for a folder that was entered before, else 0; -1 with a message. */
static int enter(walk *w, const struct stat *about)
{
    for (int64_t i = 0; i < w->count; i++)
        if (w->entered[i].device == about->st_dev && w->entered[i].inode == about->st_ino)
            return 1;
    seen *grown = grow(w->entered, w->count, &w->room, sizeof *grown);
    if (!grown)
        return -1;
    w->entered = grown;
    w->entered[w->count++] = (seen){about->st_dev, about->st_ino};
    return 0;
}

static int walk_folder(walk *w, const char *path, const struct stat *about, bool first);

/* Owns the path. Links that lead nowhere are listed when their name is a picture's, and named later. */
static int walk_item(walk *w, char *path, const char *name, bool first)
{
    struct stat about;
    const bool there = stat(path, &about) == 0, candidate = is_picture(name);
    if (there && S_ISDIR(about.st_mode)) {
        if (first) {
            w->class_name = name;
            w->class_added = false;
        }
        const int status = walk_folder(w, path, &about, false);
        w->class_name = first ? NULL : w->class_name;
        neap_free(path);
        return status;
    }
    if (candidate && (!there || S_ISREG(about.st_mode)))
        return add_file(w, path, there ? &about : NULL);
    neap_free(path);
    return 0;
}

/* A folder below the first that cannot be read is left out, with a warning. */
static int walk_folder(walk *w, const char *path, const struct stat *about, bool first)
{
    char **names;
    const int before = enter(w, about);
    DIR *folder = before == 0 ? opendir(path) : NULL;
    if (before != 0)
        return before < 0 ? -1 : 0;
    if (!folder && first)
        return neap_fail("path: %s: %s", path, strerror(errno));
    if (!folder) {
        neap_warn("folder: %s is left out: %s", path, strerror(errno));
        return 0;
    }
    const int64_t count = read_names(folder, &names);
    int status = count < 0 ? -1 : note_lone_texts(w->files, path, names, count);
    closedir(folder);
    for (int64_t i = 0; status == 0 && i < count; i++) {
        char *item = neap_format("%s/%s", path, names[i]);
        status = item ? walk_item(w, item, names[i], first) : -1;
    }
    free_names(names, count);
    return status;
}

int folder_files_list(folder_files *files, const char *path)
{
    struct stat about;
    walk w = {.files = files};
    *files = (folder_files){0};
    if (stat(path, &about) < 0)
        return neap_fail("path: %s: %s", path, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return neap_fail("path: %s: expected a folder of pictures, got a file", path);
    const int status = walk_folder(&w, path, &about, true);
    neap_free(w.entered);
    return status;
}

void folder_files_free(folder_files *files)
{
    for (int64_t i = 0; i < files->count; i++)
        neap_free(files->file[i].path);
    for (int32_t i = 0; i < files->classes; i++)
        neap_free(files->class_name[i]);
    neap_free(files->file);
    neap_free(files->class_name);
    neap_free(files->lone_text);
    *files = (folder_files){0};
}
