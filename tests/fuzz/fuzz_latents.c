/* Fuzz target: any bytes as a file of latents that were encoded once. */
#include "dataset.h"

extern const neap_plugin neap_plugin_latents;

static void no_check(const neap_dataset *functions, void *self, int64_t index, float *x, int64_t size)
{
    (void)functions, (void)self, (void)index, (void)x, (void)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static neap_instance *instance;
    static int file;
    if (!instance) {
        instance = add_dataset(&neap_plugin_latents, "latents");
        file = open_memory(instance, "path");
    }
    put(file, data, size);
    read_all(instance, no_check);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

#define MOMENTS "\"moments\":{\"dtype\":\"F32\",\"shape\":[2,1,1,2],\"data_offsets\":[0,16]}"

static size_t make_file(int index, uint8_t *bytes)
{
    static const char *const headers[] = {
        "{" MOMENTS "}",
        "{\"__metadata__\":{\"neap.classes\":\"3\"}," MOMENTS
        ",\"labels\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[16,24]}"
        ",\"lengths\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[24,32]}"
        ",\"text\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[32,36]}}",
    };
    static const uint8_t sizes[] = {16, 36};
    return index > 1 ? 0 : put_safetensors(headers[index], sizes[index], bytes);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_file, 20000);
}

#endif
