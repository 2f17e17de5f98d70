/*
 * Data set: a folder of PNG and JPEG files. Folders in it are classes; a text beside a picture is its caption. Pictures are
 * decoded once into a cache, which later runs map.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/registry.h>

#include "bytes.h"
#include "content.h"
#include "folder.h"

static const char *const fits[] = {[FOLDER_CROP] = "crop", [FOLDER_PAD] = "pad", [FOLDER_STRETCH] = "stretch", NULL};

typedef struct config {
    const char *path, *background, *cache;
    int64_t size, rows, columns, channels;
    int fit, split;
    double test_share;
    bool labels, captions, flip;
} config;

typedef struct folder {
    const config *config;
    folder_form form;
    folder_files files;
    folder_cache cache;
    int64_t *picture; /* the index in the cache of each picture of the split */
    int64_t count, longest; /* pictures; bytes of a caption */
} folder;

/* --- Opening ------------------------------------------------------------------------------------------------------------- */

static int read_form(folder_form *form, const config *c)
{
    *form = (folder_form){.rows = c->rows ? c->rows : c->size, .columns = c->columns ? c->columns : c->size,
                          .channels = c->channels, .fit = c->fit};
    if (c->channels == 2)
        return neap_fail("channels: expected 1 or 3, got 2");
    return content_color(c->background, form->background);
}

/* The folder of the cache, owned by the caller, or NULL for none; -1 with a message. The default follows the XDG Base
 * Directory Specification. */
static int find_cache(const char *setting, char **place)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *place = NULL;
    if (setting && strcmp(setting, "none") == 0)
        return 0;
    if (setting && *setting)
        *place = neap_strdup(setting);
    else if (base && *base == '/')
        *place = neap_format("%s/neap", base);
    else if (home && *home == '/')
        *place = neap_format("%s/.cache/neap", home);
    else {
        neap_warn("folder: cache: HOME is not set; the pictures are kept in memory");
        return 0;
    }
    return *place ? 0 : -1;
}

static int select_pictures(folder *d)
{
    const config *c = d->config;
    const int64_t all = d->cache.footer.count;
    d->picture = neap_calloc((size_t)all, sizeof *d->picture);
    for (int64_t i = 0; d->picture && i < all; i++) {
        const folder_record *r = &d->cache.records[i];
        d->longest = r->length > d->longest ? r->length : d->longest;
        if (content_is_test(r->content, c->test_share) == (c->split == CONTENT_TEST))
            d->picture[d->count++] = i;
    }
    if (!d->picture)
        return -1;
    return d->count ? 0 : neap_fail("test_share: expected pictures in the %s part, got none of %" PRId64,
                                    c->split == CONTENT_TEST ? "test" : "training", all);
}

/* Where there are captions, a text without a picture is likely to be one under another name. */
static void warn_of_lone_texts(const folder *d)
{
    if (!d->config->captions || !d->longest || !d->files.lone_texts)
        return;
    char others[48] = "";
    if (d->files.lone_texts > 1)
        snprintf(others, sizeof others, ", and %" PRId64 " more", d->files.lone_texts - 1);
    neap_warn("folder: expected a picture beside each text, got none beside %s%s", d->files.lone_text, others);
}

static int fill(folder *d)
{
    char *place = NULL;
    const config *c = d->config;
    if (!c->path || !*c->path)
        return neap_fail("path: expected a folder of pictures");
    if (read_form(&d->form, c) < 0 || folder_files_list(&d->files, c->path) < 0 || find_cache(c->cache, &place) < 0)
        return -1;
    const int status = folder_cache_open(&d->cache, place, c->path, &d->files, &d->form);
    neap_free(place);
    if (status < 0 || select_pictures(d) < 0)
        return -1;
    warn_of_lone_texts(d);
    return 0;
}

static void close_data(void *self)
{
    folder *d = self;
    folder_cache_close(&d->cache);
    folder_files_free(&d->files);
    neap_free(d->picture);
    neap_free(d);
}

static void *open_data(const void *settings)
{
    folder *d = neap_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->config = settings;
    if (fill(d) == 0)
        return d;
    close_data(d);
    return NULL;
}

/* --- Reading ------------------------------------------------------------------------------------------------------------- */

static int spec(const void *self, neap_spec *out)
{
    const folder *d = self;
    return neap_spec_fill(out, (neap_spec){.height = d->form.rows, .width = d->form.columns, .channels = d->form.channels,
                                           .classes = d->config->labels ? d->files.classes : 0,
                                           .text = d->config->captions ? d->longest : 0});
}

/* The training part has its mirrored copies after its pictures. */
static int64_t count(const void *self)
{
    const folder *d = self;
    return d->config->flip && d->config->split == CONTENT_TRAIN ? 2 * d->count : d->count;
}

static const char *label_name(const void *self, int64_t label)
{
    const folder *d = self;
    return d->config->labels && label >= 0 && label < d->files.classes ? d->files.class_name[label] : NULL;
}

static int read_example(const void *self, int64_t index, const neap_example *out)
{
    const folder *d = self;
    if (index < 0 || index >= count(self))
        return neap_fail("expected a picture of 0 to %" PRId64 ", got %" PRId64, count(self) - 1, index);
    const int64_t picture = d->picture[index % d->count];
    const folder_record *r = &d->cache.records[picture];
    bytes_read(d->cache.pixels + picture * d->cache.footer.picture_bytes, d->form.rows, d->form.columns, d->form.channels,
               index >= d->count, out->x);
    if (out->label)
        *out->label = d->files.file[r->file].label;
    if (out->text && out->length) {
        *out->length = (int32_t)r->length;
        memcpy(out->text, d->cache.texts + d->cache.footer.warning + r->caption, (size_t)r->length);
    }
    return 0;
}

/* --- The component ------------------------------------------------------------------------------------------------------- */

static const neap_param params[] = {
    NEAP_REQUIRED_TEXT(config, path, "Folder of PNG and JPEG files. Folders in it are classes, with all folders below them."),
    NEAP_INT(config, size, 64, 1, 4096, "Height and width in pixels."),
    NEAP_INT(config, rows, 0, 0, 4096, "Height in pixels; 0: size."),
    NEAP_INT(config, columns, 0, 0, 4096, "Width in pixels; 0: size."),
    NEAP_INT(config, channels, 3, 1, 3, "3: colour; 1: grey."),
    NEAP_CHOICE(config, fit, FOLDER_CROP, fits, "Crop: the middle. Pad: all, before the background. Stretch: all, distorted."),
    NEAP_TEXT(config, background, "white", "Colour behind transparent and padded pictures: white, black, grey or #rrggbb."),
    NEAP_FLAG(config, labels, 1, "Label pictures with the folders in path; those beside the folders have no label."),
    NEAP_FLAG(config, captions, 1, "Read captions: NAME.txt beside NAME.png."),
    NEAP_CHOICE(config, split, CONTENT_TRAIN, content_splits,
                "Part of the pictures: a function of their bytes and test_share."),
    NEAP_REAL(config, test_share, 0.1, 0, 0.9, "Share of the pictures in the test part."),
    NEAP_FLAG(config, flip, 0, "Add mirrored copies to the training part."),
    NEAP_TEXT(config, cache, NULL, "Folder of decoded pictures; nil: neap in XDG_CACHE_HOME or ~/.cache; none: in memory."),
    NEAP_PARAMS_END,
};

static const neap_dataset functions = {.size = sizeof functions, .open = open_data, .close = close_data, .spec = spec,
                                       .count = count, .label_name = label_name, .read = read_example,
                                       .part = content_part};

NEAP_PLUGIN(folder) = NEAP_ONE_COMPONENT("folder", "1.0.0", "MIT", "A folder of PNG and JPEG files.", "dataset/2", config,
                                         params, functions);
