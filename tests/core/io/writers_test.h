/*
 * For tests of outputs: every writer of files, and what stands at a path.
 */
#ifndef NEAP_WRITERS_TEST_H
#define NEAP_WRITERS_TEST_H

#include <sys/stat.h>

#include "io_test.h"

static inline struct stat about(const char *path)
{
    struct stat result;
    ck_assert_msg(lstat(path, &result) == 0, "%s: %s", path, strerror(errno));
    return result;
}

static inline mode_t mode_of(const char *path)
{
    return about(path).st_mode & 07777;
}

/* Every writer of files, so that none has a way of its own. */
static inline int save_bytes(const char *path)
{
    return neap_file_save(path, "new", 3);
}

static inline int save_npy(const char *path)
{
    return neap_npy_save(path, neap_zeros(NEAP_F32, neap_dims(2)));
}

static inline int save_png(const char *path)
{
    return neap_png_save(path, neap_zeros(NEAP_F32, neap_dims(2, 2, 1)), NULL, 0);
}

static inline int save_film(const char *path)
{
    neap_film *film = neap_film_open(path, 1, neap_dims(2, 2, 1), NULL, 0);
    if (!film || neap_film_add(film, neap_zeros(NEAP_F32, neap_dims(2, 2, 1)), 0.1) < 0) {
        neap_film_abandon(film);
        return -1;
    }
    return neap_film_close(film);
}

static inline int save_tensors(const char *path)
{
    return neap_safetensors_save(path, &(neap_named_tensor){"x", neap_zeros(NEAP_F32, neap_dims(2))}, 1, NULL, 0);
}

static int (*const writers[])(const char *path) = {save_bytes, save_npy, save_png, save_film, save_tensors};
#define WRITERS ((int)(sizeof writers / sizeof *writers))

#endif
