/*
 * Fuzz target: any bytes as a pair of IDX files. The first two bytes are the size of the file of labels, which follows; the
 * rest is the file of pictures.
 */
#include "dataset.h"

extern const neap_plugin neap_plugin_idx;

/* Pixels lie in [-1, 1]. */
static void check_pixels(const neap_dataset *functions, void *self, int64_t index, float *x, int64_t size)
{
    (void)functions, (void)self, (void)index;
    for (int64_t p = 0; p < size; p++)
        if (!(x[p] >= -1 && x[p] <= 1))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static neap_instance *instance;
    static int images, labels;
    if (!instance) {
        instance = add_dataset(&neap_plugin_idx, "idx");
        images = open_memory(instance, "images");
        labels = open_memory(instance, "labels");
    }
    size_t first = size < 2 ? 0 : (size_t)data[0] << 8 | data[1];
    data += size < 2 ? size : 2;
    size -= size < 2 ? size : 2;
    first = first < size ? first : size;
    put(labels, data, first);
    put(images, data + first, size - first);
    read_all(instance, check_pixels);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

#include <zlib.h>

/* Plain files, and the same with the pictures in gzip. */
static size_t make_pair(int index, uint8_t *bytes)
{
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1};
    static const uint8_t images[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 50, 100, 255};
    if (index > 1)
        return 0;
    bytes[0] = 0;
    bytes[1] = sizeof labels;
    memcpy(bytes + 2, labels, sizeof labels);
    uint8_t *at = bytes + 2 + sizeof labels;
    memcpy(at, images, sizeof images);
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)images, .avail_in = sizeof images, .next_out = at,
                       .avail_out = 512};
    if (index == 0)
        return (size_t)(at - bytes) + sizeof images;
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&stream);
    return (size_t)(stream.next_out - bytes);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_pair, 10000);
}

#endif
