/* Fuzz target: any bytes as a file of samples coupled with their noise. */
#include "dataset.h"

extern const neap_plugin neap_plugin_coupled;

/* Noise is of the example's size, which a sanitizer checks. */
static void check_noise(const neap_dataset *functions, void *self, int64_t index, float *x, int64_t size)
{
    (void)size;
    if (functions->noise(self, index, x))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static neap_instance *instance;
    static int file;
    if (!instance) {
        instance = add_dataset(&neap_plugin_coupled, "coupled");
        file = open_memory(instance, "path");
    }
    put(file, data, size);
    read_all(instance, check_noise);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

#define PICTURES                                                                                                    \
    "\"x\":{\"dtype\":\"F32\",\"shape\":[2,1,2,1],\"data_offsets\":[0,16]},"                                         \
    "\"noise\":{\"dtype\":\"F32\",\"shape\":[2,1,2,1],\"data_offsets\":[16,32]}"

static size_t make_file(int index, uint8_t *bytes)
{
    static const char *const headers[] = {
        "{" PICTURES "}",
        "{\"__metadata__\":{\"classes\":\"3\"}," PICTURES
        ",\"labels\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[32,40]}}",
    };
    static const uint8_t sizes[] = {32, 40};
    return index > 1 ? 0 : put_safetensors(headers[index], sizes[index], bytes);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_file, 20000);
}

#endif
