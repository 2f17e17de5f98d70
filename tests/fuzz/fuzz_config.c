/* Fuzz target: any bytes as the JSON of a component's config, with parameters of every type and components inside. */
#include <neap/error.h>
#include <neap/memory.h>

#include "tests/core/plugin/every_type.h"
#include "replay.h"

static neap_instance *read_config(const char *json)
{
    neap_instance *instance = neap_instance_from_json("metric", "wide", json);
    if (!instance != neap_failed())
        abort(); /* a failure has a message, and a success has none */
    return instance;
}

/* JSON that is written with too few digits reads as another number, and then looks the same for ever. */
static bool same_reals(const neap_instance *a, const neap_instance *b)
{
    bool same = true;
    for (const neap_param *p = wide_params; p->type != NEAP_PARAM_END; p++)
        same &= p->type != NEAP_PARAM_REAL || neap_instance_get(a, p).real == neap_instance_get(b, p).real;
    return same;
}

/* What was accepted is written, read again, and written as the same text. */
static void there_and_back(neap_instance *instance)
{
    char *json = neap_instance_json(instance);
    neap_instance *again = json ? read_config(json) : NULL;
    char *json_again = neap_instance_json(again);
    if (!json_again || strcmp(json, json_again) != 0 || !same_reals(instance, again))
        abort();
    if ((neap_instance_check(instance) != 0) != neap_failed())
        abort();
    neap_free(json);
    neap_free(json_again);
    neap_instance_release(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (neap_registry_count("metric") == 0 && neap_registry_add(&every_type, NULL))
        abort();
    char *json = malloc(size + 1);
    if (!json)
        return 0;
    memcpy(json, data, size);
    json[size] = 0;
    neap_instance *instance = read_config(json);
    neap_error_clear();
    if (instance)
        there_and_back(instance);
    neap_error_clear();
    neap_instance_release(instance);
    free(json);
    return 0;
}

#ifdef NEAP_FUZZ_REPLAY

static size_t make_config(int index, uint8_t *bytes)
{
    static const char *const configs[] = {
        "{\"depth\":7,\"scale\":1e-3,\"bias\":-2.5,\"gated\":false,\"note\":null,\"mode\":\"near\",\"path\":\"a/b\"}",
        "{\"inner\":{\"kind\":\"metric\",\"name\":\"deep\",\"config\":{\"width\":64,\"next\":{\"kind\":\"metric\","
        "\"name\":\"wide\",\"config\":{\"depth\":1.0,\"scale\":2}}}}}",
        "{\"note\":\"\\u00e9\\n\\\"\xf0\x9f\x8c\x99\",\"inner\":null,\"bias\":123456789012345678}",
    };
    if (index > 2)
        return 0;
    memcpy(bytes, configs[index], strlen(configs[index]));
    return strlen(configs[index]);
}

int main(int argc, char **argv)
{
    return replay(argc, argv, make_config, 20000);
}

#endif
