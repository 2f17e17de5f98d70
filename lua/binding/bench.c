/*
 * For `neap bench`: the measured FMA peak, the speeds of bf16 and of copies, and a data set of random numbers and texts in
 * memory, so that a training step is timed without reading files.
 */
#include <string.h>

#include "binding.h"

typedef struct random_config {
    int64_t size, channels, classes, text, count;
} random_config;

typedef struct random_data {
    const random_config *config;
    float pixels[];
} random_data;

static int64_t pixels_of(const random_config *c)
{
    return c->size * c->size * c->channels;
}

static void *random_open(const void *settings)
{
    const random_config *c = settings;
    random_data *data = neap_calloc(1, sizeof *data + (size_t)(c->count * pixels_of(c)) * sizeof *data->pixels);
    if (!data)
        return NULL;
    data->config = c;
    for (int64_t i = 0; i < c->count; i++)
        neap_random_normal((neap_random){0, 0}, (uint64_t)i, pixels_of(c), data->pixels + i * pixels_of(c));
    return data;
}

static void random_close(void *self)
{
    neap_free(self);
}

static int random_spec(const void *self, neap_spec *out)
{
    const random_config *c = ((const random_data *)self)->config;
    return neap_spec_fill(out, (neap_spec){.height = c->size, .width = c->size, .channels = c->channels,
                                           .classes = c->classes, .text = c->text});
}

static int64_t random_count(const void *self)
{
    return ((const random_data *)self)->config->count;
}

static int random_read(const void *self, int64_t index, const neap_example *out)
{
    const random_data *data = self;
    int64_t pixels = pixels_of(data->config);
    memcpy(out->x, data->pixels + index * pixels, (size_t)pixels * sizeof *out->x);
    if (out->label)
        *out->label = (int32_t)(index % data->config->classes);
    for (int64_t i = 0; out->text && i < data->config->text; i++)
        out->text[i] = (uint8_t)('a' + (index + i * i) % 26);
    if (out->length)
        *out->length = (int32_t)data->config->text;
    return 0;
}

static const neap_dataset functions = {
    .size = sizeof functions, .open = random_open, .close = random_close, .spec = random_spec,
    .count = random_count, .read = random_read,
};

static const neap_param params[] = {
    NEAP_INT(random_config, size, 32, 1, 4096, "Height and width."),
    NEAP_INT(random_config, channels, 4, 1, 4096, "Channels."),
    NEAP_INT(random_config, classes, 10, 0, 1000000, "Classes."),
    NEAP_INT(random_config, text, 0, 0, 4096, "Bytes of each text."),
    NEAP_INT(random_config, count, 8, 1, 1000000, "Examples."),
    NEAP_PARAMS_END,
};

static const neap_component components[] = {
    {"dataset/2", "random", "Random numbers, for benchmarks.", sizeof(random_config), params, &functions},
    {0},
};

static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "random", NEAP_VERSION, "MIT", "Random numbers, for benchmarks.",
                                   components};

/* bench_data(): registers dataset.random, which other verbs do not list. */
static int bench_data(lua_State *L)
{
    return neap_registry_add(&plugin, "built in") < 0 ? neap_lua_raise(L) : 0;
}

/* fma_peak(bf16) -> floating-point operations per second of all threads */
static int fma_peak(lua_State *L)
{
    lua_pushnumber(L, neap_fma_peak(lua_toboolean(L, 1)));
    return 1;
}

/* bf16_speed() -> speed of products in bf16 over that in fp32; 0 if the processor has no instruction for bf16 */
static int bf16_speed(lua_State *L)
{
    const double speed = neap_bf16_speed();
    if (speed < 0)
        return neap_lua_raise(L);
    lua_pushnumber(L, speed);
    return 1;
}

/* copy_rate(bytes) -> bytes per second, read and written, at which all threads copy an array of so many bytes */
static int copy_rate(lua_State *L)
{
    const double rate = neap_copy_rate((size_t)luaL_checkinteger(L, 1));
    if (rate < 0)
        return neap_lua_raise(L);
    lua_pushnumber(L, rate);
    return 1;
}

void neap_lua_open_bench(lua_State *L)
{
    lua_pushcfunction(L, bf16_speed);
    lua_setfield(L, -2, "bf16_speed");
    lua_pushcfunction(L, bench_data);
    lua_setfield(L, -2, "bench_data");
    lua_pushcfunction(L, fma_peak);
    lua_setfield(L, -2, "fma_peak");
    lua_pushcfunction(L, copy_rate);
    lua_setfield(L, -2, "copy_rate");
}
