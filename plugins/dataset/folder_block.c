/* The block of decoded pictures that a cache consists of: its hashes and its validation. See folder.h. */
#include "folder.h"

#include <stdatomic.h>
#include <string.h>

#include <neap/parallel.h>

/* Each step is a bijection of the state for a given word, and of the word for a given state. */
uint64_t folder_check(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (; size > 0; at += 8) {
        uint64_t word = 0;
        const size_t length = size < 8 ? size : 8;
        memcpy(&word, at, length);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        size -= length;
    }
    return hash;
}

/* --- Checking ----------------------------------------------------------------------------------------------------------- */

/* Do the sizes in the footer add up to the size of the block? Divisions keep the products below overflow. */
static bool sizes_fit(const folder_footer *f, size_t size)
{
    const size_t left = size - sizeof *f, records = (size_t)f->count * sizeof(folder_record);
    if (f->count < 1 || f->picture_bytes < 1 || f->texts < 0 || f->warning < 0 || f->warning > f->texts ||
        (uint64_t)f->texts > left || (uint64_t)f->count > left / sizeof(folder_record) ||
        (uint64_t)f->picture_bytes > left / (uint64_t)f->count)
        return false;
    return folder_padded((size_t)(f->count * f->picture_bytes)) + records + (size_t)f->texts == left;
}

static bool records_fit(const folder_cache *c, int64_t files)
{
    const int64_t captions = c->footer.texts - c->footer.warning;
    for (int64_t i = 0; i < c->footer.count; i++) {
        const folder_record *r = &c->records[i];
        if (r->file < (i ? c->records[i - 1].file + 1 : 0) || r->file >= files || r->length < 0 ||
            r->length > FOLDER_LONGEST_CAPTION || r->caption < 0 || r->caption > captions - r->length)
            return false;
    }
    return true;
}

typedef struct checking {
    const folder_cache *cache;
    atomic_bool wrong;
} checking;

static void check_range(void *user, int64_t begin, int64_t end)
{
    checking *c = user;
    const size_t bytes = (size_t)c->cache->footer.picture_bytes;
    for (int64_t i = begin; i < end && !c->wrong; i++)
        if (folder_check(0, c->cache->pixels + (size_t)i * bytes, bytes) != c->cache->records[i].check)
            c->wrong = true;
}

bool folder_cache_parse(folder_cache *c, const void *bytes, size_t size, uint64_t key, size_t picture_bytes, int64_t files)
{
    folder_footer *f = &c->footer;
    *c = (folder_cache){.bytes = bytes, .size = size, .pixels = bytes};
    if (size < sizeof *f)
        return false;
    memcpy(f, c->bytes + size - sizeof *f, sizeof *f);
    if (f->magic != FOLDER_MAGIC || f->key != key || f->picture_bytes != (int64_t)picture_bytes || !sizes_fit(f, size))
        return false;
    const size_t pixels = folder_padded((size_t)f->count * picture_bytes), records = (size_t)f->count * sizeof *c->records;
    c->records = (const void *)(c->bytes + pixels);
    c->texts = (const char *)c->bytes + pixels + records;
    checking check = {.cache = c};
    if (folder_check(0, c->bytes + pixels, size - pixels - sizeof f->check) != f->check || !records_fit(c, files))
        return false;
    neap_parallel(f->count, 64, check_range, &check);
    return !check.wrong;
}
