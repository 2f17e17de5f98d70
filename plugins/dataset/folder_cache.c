/* The cache of decoded pictures: a block in a file, which is mapped, or in memory. See folder.h. */
#include "folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/io.h>
#include <neap/memory.h>

#include "content.h"

/* --- In a file ----------------------------------------------------------------------------------------------------------- */

typedef struct wanted {
    const char *path; /* of the folder */
    const folder_files *files;
    const folder_form *form;
    uint64_t key;
} wanted;

static bool parse(folder_cache *cache, const wanted *w, const void *bytes, size_t size)
{
    return folder_cache_parse(cache, bytes, size, w->key, folder_picture_bytes(w->form), w->files->count);
}

/* Maps a valid file. False, without a message, for any other. */
static bool map_file(folder_cache *cache, const wanted *w, const char *place)
{
    struct stat about;
    const int file = open(place, O_RDONLY | O_CLOEXEC);
    void *bytes = MAP_FAILED;
    if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    if (bytes == MAP_FAILED)
        return false;
    const bool valid = parse(cache, w, bytes, (size_t)about.st_size);
    cache->mapped = true;
    if (!valid)
        folder_cache_close(cache);
    return valid;
}

/* Writes the file and maps it. Returns 1; 0 with a message when there can be no file; -1 with a message when there are no
 * pictures. */
static int write_file(folder_cache *cache, const wanted *w, const char *folder, const char *place)
{
    folder_build *build = folder_build_new(w->path, w->files, w->form, w->key);
    if (!build)
        return -1;
    const bool written = neap_folder_make(folder) == 0 && neap_file_save_parts(place, folder_build_next, build) == 0;
    const bool failed = folder_build_failed(build);
    folder_build_free(build);
    if (!written)
        return failed ? -1 : 0;
    if (map_file(cache, w, place))
        return 1;
    neap_fail("%s: could not be mapped after it was written", place);
    return 0;
}

/* Maps the file, or writes it first. Returns as write_file, but the message of 0 becomes a warning. */
static int open_file(folder_cache *cache, const wanted *w, const char *folder)
{
    char *place = neap_format("%s/pictures-%016llx", folder, (unsigned long long)w->key);
    if (!place)
        return -1;
    const int status = map_file(cache, w, place) ? 1 : write_file(cache, w, folder, place);
    neap_free(place);
    if (status == 0) {
        neap_warn("folder: cache: %s; the pictures are kept in memory", neap_error_message());
        neap_error_clear();
    }
    return status;
}

/* --- In memory ----------------------------------------------------------------------------------------------------------- */

static int collect(folder_build *build, uint8_t **block, size_t *size)
{
    const void *bytes;
    size_t length;
    int more;
    while ((more = folder_build_next(build, &bytes, &length)) > 0) {
        uint8_t *grown = neap_realloc(*block, *size + length);
        if (!grown)
            return -1;
        *block = grown;
        memcpy(grown + *size, bytes, length);
        *size += length;
    }
    return more;
}

static int open_memory(folder_cache *cache, const wanted *w)
{
    uint8_t *block = NULL;
    size_t size = 0;
    folder_build *build = folder_build_new(w->path, w->files, w->form, w->key);
    int status = build ? collect(build, &block, &size) : -1;
    folder_build_free(build);
    if (status == 0 && !parse(cache, w, block, size))
        status = neap_fail("%s: the decoded pictures are damaged in memory", w->path);
    if (status < 0) {
        neap_free(block);
        *cache = (folder_cache){0};
    }
    return status;
}

/* --- Both ---------------------------------------------------------------------------------------------------------------- */

static uint64_t key_of(const char *path, const folder_files *files, const folder_form *form)
{
    const int64_t numbers[] = {form->rows, form->columns, form->channels, form->fit, files->count};
    char *real = realpath(path, NULL); /* folders with the same names, sizes and times differ */
    uint64_t key = content_hash(CONTENT_EMPTY, real ? real : path, strlen(real ? real : path) + 1);
    free(real); /* realpath's own */
    key = content_hash(key, numbers, sizeof numbers);
    key = content_hash(key, form->background, sizeof form->background);
    for (int64_t i = 0; i < files->count; i++) {
        const folder_file *f = &files->file[i];
        key = content_hash(key, f->path, strlen(f->path) + 1);
        key = content_hash(key, &f->stamp, sizeof f->stamp);
    }
    return key;
}

int folder_cache_open(folder_cache *cache, const char *place, const char *path, const folder_files *files,
                      const folder_form *form)
{
    const wanted w = {path, files, form, key_of(path, files, form)};
    *cache = (folder_cache){0};
    int status = place ? open_file(cache, &w, place) : 0;
    if (status == 0)
        status = open_memory(cache, &w) < 0 ? -1 : 1;
    if (status > 0 && cache->footer.warning)
        neap_warn("%.*s", (int)cache->footer.warning, cache->texts);
    return status < 0 ? -1 : 0;
}

void folder_cache_close(folder_cache *cache)
{
    if (cache->mapped)
        munmap((void *)(uintptr_t)cache->bytes, cache->size);
    else
        neap_free((void *)(uintptr_t)cache->bytes);
    *cache = (folder_cache){0};
}
