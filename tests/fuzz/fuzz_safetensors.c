/* Fuzz target: any bytes as a safetensors file, of which every tensor is then loaded. */
#include <neap/error.h>
#include <neap/io.h>

#include "replay.h"

/* A name leads to its tensor, and a tensor either comes as its entry says or is missed with a message. */
static void load(const neap_safetensors *file, int index)
{
    const char *name = neap_safetensors_name(file, index);
    if (!name || neap_safetensors_find(file, name) != index || !neap_safetensors_dtype(file, index))
        abort();
    neap_tensor *x = neap_safetensors_load(file, index);
    if (!x != neap_failed() || (x && !neap_shape_equal(neap_shape_of(x), neap_safetensors_shape(file, index))))
        abort();
    neap_error_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const neap_pair *pairs = NULL;
    neap_scope scope = neap_scope_open();
    neap_safetensors *file = neap_safetensors_parse("fuzz", data, size);
    if (!file != neap_failed())
        abort(); /* a failure has a message, and a success has none */
    neap_error_clear();
    for (int i = 0; file && i < neap_safetensors_count(file); i++)
        load(file, i);
    for (int i = 0; file && i < neap_safetensors_pairs(file, &pairs); i++)
        if (neap_safetensors_value(file, pairs[i].key) != pairs[i].value)
            abort();
    neap_safetensors_close(file);
    neap_scope_close(scope);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

#define ENTRY(name, dtype, shape, offsets)                                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* Few tensors of what is copied, tensors of what is converted, and text that needs escapes. */
static size_t make_file(int index, uint8_t *bytes)
{
    static const char *const headers[] = {
        "{" ENTRY("a", "F32", "[2,1]", "[0,8]") "," ENTRY("b", "U8", "[]", "[8,9]") "}",
        "{" ENTRY("h", "F16", "[2]", "[0,4]") "," ENTRY("l", "I64", "[1]", "[4,12]") ","
            ENTRY("o", "BOOL", "[0,3]", "[12,12]") "," ENTRY("u", "U64", "[1]", "[12,20]") "}",
        "{\"__metadata__\":{\"format\":\"pt\",\"k\":\"\\u00e9\\n\xc3\xa9\"}," ENTRY("\\\"", "BF16", "[1]", "[0,2]") "}",
    };
    static const uint8_t sizes[] = {9, 20, 2};
    return index > 2 ? 0 : put_safetensors(headers[index], sizes[index], bytes);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_file, 20000);
}

#endif
