/* For tests of the data set "folder": pictures in a folder, a cache beside them, and the warnings. */
#ifndef NEAP_FOLDER_TEST_H
#define NEAP_FOLDER_TEST_H

#include <ftw.h>
#include <sys/stat.h>

#include "dataset_test.h"
#include "tests/core/io/encode_jpeg.h"
#include "tests/core/io/encode_png.h"

extern const neap_plugin neap_plugin_folder;

static char warnings[4096];

static inline void keep_warning(void *user, const char *message)
{
    (void)user;
    snprintf(warnings + strlen(warnings), sizeof warnings - strlen(warnings), "%s\n", message);
}

static inline int remove_item(const char *path, const struct stat *about, int type, struct FTW *at)
{
    (void)about, (void)type, (void)at;
    return remove(path);
}

static inline void make_folder(const char *name)
{
    ck_succeeds(mkdir(in_folder(name), 0777));
}

static inline void pictures_open(void)
{
    folder_open();
    make_folder("pictures");
    neap_on_warning(keep_warning, NULL);
}

static inline void pictures_close(void)
{
    neap_on_warning(NULL, NULL);
    nftw(test_folder, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

/* Opens the pictures with a cache beside them and all in the training part; other settings may follow. */
static inline test_set open_pictures(const char *const *settings)
{
    char pictures[512], cache[512];
    const char *all[40] = {"path", pictures, "cache", cache, "test_share", "0"};
    int count = 6;
    snprintf(pictures, sizeof pictures, "%s/pictures", test_folder);
    snprintf(cache, sizeof cache, "%s/cache", test_folder);
    for (int i = 0; settings[i] && count < 39; i++)
        all[count++] = settings[i];
    warnings[0] = '\0';
    return open_set_by(&neap_plugin_folder, all);
}

#define OPEN(...) open_pictures((const char *const[]){__VA_ARGS__, NULL})

/* A PNG of one colour in a folder below "pictures", of 4 by 2 pixels. */
static inline void write_color(const char *name, unsigned red, unsigned green, unsigned blue)
{
    char path[256];
    unsigned char rows[2][12];
    for (int i = 0; i < 24; i++)
        rows[i / 12][i % 12] = (unsigned char)(i % 3 == 0 ? red : i % 3 == 1 ? green : blue);
    const png_form form = {.depth = 8, .type = PNG_COLOR_TYPE_RGB};
    const png_file file = encode_png(&form, 4, 2, *rows, sizeof *rows);
    snprintf(path, sizeof path, "pictures/%s", name);
    write_file(path, file.bytes, file.size);
}

/* 24 by 12 pixels: bands red, green and blue across the three thirds; the last row and column are as the others. */
static inline void fill_bands(unsigned char pixels[12 * 24 * 3])
{
    memset(pixels, 0, 12 * 24 * 3);
    for (int i = 0; i < 12 * 24; i++)
        pixels[3 * i + i % 24 / 8] = 255;
}

static inline void write_bands(const char *name)
{
    unsigned char pixels[12 * 24 * 3];
    fill_bands(pixels);
    const png_form form = {.depth = 8, .type = PNG_COLOR_TYPE_RGB, .interlace = PNG_INTERLACE_ADAM7};
    const png_file file = encode_png(&form, 24, 12, pixels, 72);
    write_file(name, file.bytes, file.size);
}

#endif
