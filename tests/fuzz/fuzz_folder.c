/* Fuzz target: any bytes as the cache of a folder of pictures, after the hashes in it are made right. */
#include <neap/error.h>

#include "plugins/dataset/folder.h"
#include "replay.h"

#define KEY 7
#define PICTURE_BYTES 12
#define FILES 3

/* Writes the hash at the end, and those of the pictures of a block whose footer is sound. */
static void make_right(uint8_t *bytes, size_t size)
{
    folder_footer f;
    if (size < sizeof f)
        return;
    memcpy(&f, bytes + size - sizeof f, sizeof f);
    const size_t left = size - sizeof f, count = f.count > 0 ? (size_t)f.count : 0;
    const size_t pixels = (count * PICTURE_BYTES + 63) / 64 * 64;
    if (count > left || pixels > left || count * sizeof(folder_record) > left - pixels)
        return;
    for (size_t i = 0; i < count; i++) {
        const uint64_t check = folder_check(0, bytes + i * PICTURE_BYTES, PICTURE_BYTES);
        memcpy(bytes + pixels + i * sizeof(folder_record) + offsetof(folder_record, check), &check, sizeof check);
    }
    f.check = folder_check(0, bytes + pixels, size - pixels - sizeof f.check);
    memcpy(bytes + size - sizeof f.check, &f.check, sizeof f.check);
}

/* Everything that a data set reads lies in the block. */
static void check_cache(const folder_cache *c)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < c->footer.count; i++) {
        const folder_record *r = &c->records[i];
        if (r->file < 0 || r->file >= FILES)
            abort();
        sum += folder_check(0, c->pixels + i * PICTURE_BYTES, PICTURE_BYTES);
        sum += folder_check(0, c->texts + c->footer.warning + r->caption, (size_t)r->length);
    }
    sum += folder_check(0, c->texts, (size_t)c->footer.warning);
    if (sum == 1)
        puts("unlikely");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    folder_cache cache;
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        abort();
    if (size)
        memcpy(bytes, data, size);
    make_right(bytes, size);
    if (folder_cache_parse(&cache, bytes, size, KEY, PICTURE_BYTES, FILES))
        check_cache(&cache);
    if (neap_failed())
        abort();
    free(bytes);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

/* Two pictures, a warning of five bytes and captions of three and none. */
static size_t make_cache(int index, uint8_t *bytes)
{
    const folder_record records[] = {{.file = 0, .caption = 0, .length = 3}, {.file = 2, .caption = 3, .length = 0}};
    const folder_footer footer = {.magic = FOLDER_MAGIC, .key = KEY, .picture_bytes = PICTURE_BYTES, .count = 2, .texts = 8,
                                  .warning = 5};
    if (index > 0)
        return 0;
    memset(bytes, 0, 64);
    memcpy(bytes + 64, records, sizeof records);
    memcpy(bytes + 64 + sizeof records, "hello" "abc", 8);
    memcpy(bytes + 72 + sizeof records, &footer, sizeof footer);
    const size_t size = 72 + sizeof records + sizeof footer;
    folder_cache cache;
    make_right(bytes, size);
    if (!folder_cache_parse(&cache, bytes, size, KEY, PICTURE_BYTES, FILES))
        abort();
    return size;
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_cache, 100000);
}

#endif
