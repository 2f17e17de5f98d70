/*
 * Configs filled from parameter tables: defaults, values of every type, every refusal, JSON there and back.
 */
#include <math.h>

#include "every_type.h"
#include "plugin_test.h"

static neap_instance *make(const char *kind, const char *name)
{
    if (neap_registry_count("metric") == 0)
        ck_succeeds(neap_registry_add(&every_type, NULL));
    neap_instance *instance = neap_instance_new(neap_registry_find(kind, name));
    ck_assert_msg(instance != NULL, "%s", neap_error_message());
    return instance;
}

static const wide_config *config_of(const neap_instance *instance)
{
    return neap_instance_config(instance);
}

static int set_int(neap_instance *instance, const char *name, int64_t value)
{
    return neap_instance_set(instance, name, &(neap_value){.type = NEAP_PARAM_INT, .integer = value});
}

static int set_real(neap_instance *instance, const char *name, double value)
{
    return neap_instance_set(instance, name, &(neap_value){.type = NEAP_PARAM_REAL, .real = value});
}

static int set_string(neap_instance *instance, const char *name, const char *value)
{
    return neap_instance_set(instance, name, &(neap_value){.type = NEAP_PARAM_TEXT, .text = value});
}

static int set_inner(neap_instance *instance, const char *name, neap_instance *value)
{
    return neap_instance_set(instance, name, &(neap_value){.type = NEAP_PARAM_COMPONENT, .component = value});
}

START_TEST(defaults)
{
    neap_instance *wide = make("metric", "wide");
    const wide_config *config = config_of(wide);
    ck_assert_int_eq(config->depth, 6);
    ck_assert(config->scale == 0.5 && config->bias == -0.1 && config->gated);
    ck_assert_str_eq(config->note, "none so far");
    ck_assert_int_eq(config->mode, 1);
    ck_assert_ptr_null(config->path);
    ck_assert_ptr_null(config->inner);
    ck_assert_ptr_eq(neap_instance_component(wide), neap_registry_find("metric", "wide"));
    neap_instance_release(wide);
}
END_TEST

START_TEST(values_are_set)
{
    neap_instance *wide = make("metric", "wide");
    const wide_config *config = config_of(wide);
    char text[] = "a/b";
    ck_succeeds(set_int(wide, "depth", 1024));
    ck_succeeds(set_real(wide, "depth", 12)); /* a whole real serves as an int */
    ck_assert_int_eq(config->depth, 12);
    ck_succeeds(set_int(wide, "scale", 2)); /* and an int as a real */
    ck_assert(config->scale == 2);
    ck_succeeds(neap_instance_set(wide, "gated", &(neap_value){.type = NEAP_PARAM_FLAG, .integer = 0}));
    ck_assert(!config->gated);
    ck_succeeds(set_string(wide, "path", text));
    text[0] = 'z'; /* the config has its own copy */
    ck_assert_str_eq(config->path, "a/b");
    ck_succeeds(set_string(wide, "path", "c"));
    ck_assert_str_eq(config->path, "c");
    ck_succeeds(set_string(wide, "mode", "near"));
    ck_assert_int_eq(config->mode, 0);
    neap_instance_release(wide);
}
END_TEST

START_TEST(values_come_back)
{
    neap_instance *wide = make("metric", "wide");
    neap_value depth = neap_instance_get(wide, &wide_params[0]), gated = neap_instance_get(wide, &wide_params[3]);
    neap_value mode = neap_instance_get(wide, &wide_params[5]), inner = neap_instance_get(wide, &wide_params[6]);
    ck_assert(depth.type == NEAP_PARAM_INT && depth.integer == 6);
    ck_assert(gated.type == NEAP_PARAM_FLAG && gated.integer == 1);
    ck_assert_int_eq(mode.type, NEAP_PARAM_TEXT);
    ck_assert_str_eq(mode.text, "far");
    ck_assert(inner.type == NEAP_PARAM_COMPONENT && !inner.component);
    neap_instance_release(wide);
}
END_TEST

START_TEST(bad_values)
{
    neap_instance *wide = make("metric", "wide"), *aside = make("guidance", "aside");
    ck_fails_with(set_int(wide, "detph", 3), "wide: unknown parameter 'detph'; did you mean 'depth'?");
    ck_fails_with(set_int(wide, "zzz", 3), "wide: unknown parameter 'zzz'");
    ck_fails_with(set_int(wide, "depth", 0), "wide: depth: expected 1 to 1024, got 0");
    ck_fails_with(set_int(wide, "depth", INT64_MIN), "wide: depth: expected 1 to 1024, got -9223372036854775808");
    ck_fails_with(set_real(wide, "depth", 1.5), "wide: depth: expected a whole number, got 1.5");
    ck_fails_with(set_real(wide, "depth", 1e300), "wide: depth: expected a whole number, got 1e+300");
    ck_fails_with(set_real(wide, "depth", NAN), "wide: depth: expected a whole number, got nan");
    ck_fails_with(set_string(wide, "depth", "x"), "wide: depth: expected a whole number, got text 'x'");
    ck_fails_with(set_real(wide, "scale", 2.0000001), "wide: scale: expected 0 to 2, got 2.0000001");
    ck_fails_with(set_real(wide, "bias", INFINITY), "wide: bias: expected a finite number, got inf");
    ck_fails_with(set_int(wide, "gated", 1), "wide: gated: expected true or false, got 1");
    ck_fails_with(set_int(wide, "note", 1), "wide: note: expected a text, got 1");
    ck_fails_with(set_string(wide, "mode", "fra"), "wide: mode: expected one of 'near', 'far', got text 'fra'");
    ck_fails_with(set_string(wide, "inner", "x"), "wide: inner: expected a component of kind 'metric', got text 'x'");
    ck_fails_with(set_inner(wide, "inner", aside),
                  "wide: inner: expected a component of kind 'metric', got guidance 'aside'");
    ck_assert_int_eq(config_of(wide)->depth, 6); /* nothing changed */
    ck_assert_ptr_null(config_of(wide)->inner);
    neap_instance_release(wide);
    neap_instance_release(aside);
}
END_TEST

START_TEST(required)
{
    neap_instance *wide = make("metric", "wide"), *deep = make("metric", "deep");
    ck_fails_with(neap_instance_check(wide), "wide: path is required: where it is");
    ck_succeeds(set_string(wide, "path", "x"));
    ck_succeeds(neap_instance_check(wide));
    ck_succeeds(set_inner(wide, "inner", deep));
    ck_fails_with(neap_instance_check(wide), "wide: deep: width is required: channels");
    ck_succeeds(set_int(deep, "width", 8));
    ck_succeeds(neap_instance_check(wide));
    ck_succeeds(set_string(wide, "path", NULL)); /* taken back */
    ck_fails_with(neap_instance_check(wide), "wide: path is required: where it is");
    neap_instance_release(wide);
    neap_instance_release(deep);
}
END_TEST

START_TEST(components_inside)
{
    neap_instance *outer = make("metric", "deep"), *middle = make("metric", "deep"), *inner = make("metric", "deep");
    ck_succeeds(set_int(inner, "width", 77));
    ck_succeeds(set_inner(middle, "next", inner));
    ck_succeeds(set_inner(outer, "next", middle));
    ck_fails_with(set_inner(inner, "next", outer), "deep: next: a component cannot hold itself");
    ck_fails_with(set_inner(inner, "next", inner), "deep: next: a component cannot hold itself");
    neap_instance_release(middle); /* the outer one owns it still */
    neap_instance_release(inner);
    const deep_config *config = neap_instance_config(outer);
    config = neap_instance_config(config->next);
    config = neap_instance_config(config->next);
    ck_assert_int_eq(config->width, 77);
    ck_succeeds(set_inner(outer, "next", NULL));
    neap_instance_release(outer);
}
END_TEST

START_TEST(from_text)
{
    neap_instance *wide = make("metric", "wide");
    const wide_config *config = config_of(wide);
    ck_succeeds(neap_instance_set_text(wide, "depth", "1e3"));
    ck_assert_int_eq(config->depth, 1000);
    ck_succeeds(neap_instance_set_text(wide, "depth", "12"));
    ck_assert_int_eq(config->depth, 12);
    ck_succeeds(neap_instance_set_text(wide, "scale", "0.125"));
    ck_assert(config->scale == 0.125);
    ck_succeeds(neap_instance_set_text(wide, "gated", "no"));
    ck_assert(!config->gated);
    ck_succeeds(neap_instance_set_text(wide, "mode", "near"));
    ck_succeeds(neap_instance_set_text(wide, "path", ""));
    ck_assert_str_eq(config->path, "");
    ck_succeeds(neap_instance_set_text(wide, "inner", "deep"));
    ck_assert_ptr_nonnull(config->inner);
    ck_succeeds(neap_instance_set_text(wide, "inner", "none"));
    ck_assert_ptr_null(config->inner);
    neap_instance_release(wide);
}
END_TEST

START_TEST(from_bad_text)
{
    neap_instance *wide = make("metric", "wide");
    ck_fails_with(neap_instance_set_text(wide, "depth", "12x"), "wide: depth: expected a whole number, got text '12x'");
    ck_fails_with(neap_instance_set_text(wide, "depth", ""), "wide: depth: expected a whole number, got text ''");
    ck_fails_with(neap_instance_set_text(wide, "depth", "99999999999999999999"),
                  "wide: depth: expected a whole number, got 1e+20");
    ck_fails_with(neap_instance_set_text(wide, "depth", "4096"), "wide: depth: expected 1 to 1024, got 4096");
    ck_fails_with(neap_instance_set_text(wide, "scale", "nan"), "wide: scale: expected a finite number, got nan");
    ck_fails_with(neap_instance_set_text(wide, "gated", "maybe"),
                  "wide: gated: expected true or false, got text 'maybe'");
    ck_fails_with(neap_instance_set_text(wide, "inner", "depe"), "metric 'depe' is not known; did you mean 'deep'?");
    ck_fails_with(neap_instance_set_text(wide, "moed", "near"), "wide: unknown parameter 'moed'; did you mean 'mode'?");
    neap_instance_release(wide);
}
END_TEST

START_TEST(json_is_exact)
{
    static const double values[] = {0.1, 1.0 / 3, 5e-324, 2, 1.9999999999999998, 2.2250738585072014e-308, 0};
    neap_instance *wide = make("metric", "wide"), *deep = make("metric", "deep");
    ck_succeeds(set_int(deep, "width", 9));
    ck_succeeds(set_inner(wide, "inner", deep));
    ck_succeeds(set_string(wide, "path", "q\"\\\n\xc3\xa9"));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_succeeds(set_real(wide, "scale", values[i]));
        ck_succeeds(set_real(wide, "bias", -values[i] * 1e300));
        char *json = neap_instance_json(wide);
        ck_assert_msg(json != NULL, "%s", neap_error_message());
        neap_instance *again = neap_instance_from_json("metric", "wide", json);
        ck_assert_msg(again != NULL, "%s", neap_error_message());
        ck_assert_mem_eq(&config_of(again)->scale, &config_of(wide)->scale, sizeof(double));
        ck_assert_mem_eq(&config_of(again)->bias, &config_of(wide)->bias, sizeof(double));
        ck_assert_str_eq(config_of(again)->path, config_of(wide)->path);
        char *json_again = neap_instance_json(again);
        ck_assert_str_eq(json_again, json);
        neap_free(json);
        neap_free(json_again);
        neap_instance_release(again);
    }
    neap_instance_release(wide);
    neap_instance_release(deep);
}
END_TEST

START_TEST(json_form)
{
    neap_instance *wide = make("metric", "wide"), *deep = make("metric", "deep");
    ck_succeeds(set_inner(wide, "inner", deep));
    char *json = neap_instance_json(wide);
    /* The required parameters have no value, so they do not stand there. */
    ck_assert_str_eq(json, "{\"depth\":6,\"scale\":0.5,\"bias\":-0.10000000000000001,\"gated\":true,"
                           "\"note\":\"none so far\",\"mode\":\"far\","
                           "\"inner\":{\"kind\":\"metric\",\"name\":\"deep\",\"config\":{\"next\":null}}}");
    neap_free(json);
    neap_instance_release(wide);
    neap_instance_release(deep);
}
END_TEST

/* Paths are bytes: each text comes back as it was. */
START_TEST(json_bytes)
{
    static const char *const texts[][2] = {
        {"caf\xe9/\n", "\"path\":{\"bytes\":\"636166e92f0a\"}"}, {"\xff", "{\"bytes\":\"ff\"}"}, {"caf\xc3\xa9", "\"path\":\"caf\xc3\xa9\""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        neap_instance *wide = make("metric", "wide");
        ck_succeeds(set_string(wide, "path", texts[i][0]));
        char *json = neap_instance_json(wide);
        ck_assert_msg(json && strstr(json, texts[i][1]), "%s", json ? json : neap_error_message());
        neap_instance *again = neap_instance_from_json("metric", "wide", json);
        ck_assert_msg(again != NULL, "%s", neap_error_message());
        ck_assert_str_eq(config_of(again)->path, texts[i][0]);
        neap_free(json);
        neap_instance_release(again);
        neap_instance_release(wide);
    }
}
END_TEST

START_TEST(bad_json)
{
    static const char *const cases[][2] = {
        {"{\"dpeth\": 3}", "wide: unknown parameter 'dpeth'; did you mean 'depth'?"},
        {"{\"depth\": 0}", "wide: depth: expected 1 to 1024, got 0"},
        {"{\"depth\": [1]}", "wide: depth: expected one value, got an array"},
        {"{\"depth\": null}", "wide: depth: expected a whole number, got nothing"},
        {"{\"inner\": 3}", "wide: inner: expected a component of kind 'metric', got 3"},
        {"{\"inner\": {\"name\": \"deep\"}}", "wide: inner: expected an object of kind, name and config"},
        {"{\"inner\": {\"kind\": \"metric\", \"name\": \"dep\", \"config\": {}}}",
         "wide: inner: metric 'dep' is not known; did you mean 'deep'?"},
        {"{\"inner\": {\"kind\": \"metric\", \"name\": \"deep\", \"config\": {\"width\": -1}}}",
         "wide: inner: deep: width: expected 1 to 4096, got -1"},
        {"{\"path\": {\"bytes\": \"e\"}}", "wide: path: expected pairs of hexadecimal digits, got 'e'"},
        {"{\"path\": {\"bytes\": \"E9\"}}", "wide: path: expected pairs of hexadecimal digits, got 'E9'"},
        {"{\"path\": {\"bytes\": \"e900\"}}", "wide: path: expected bytes without NUL, got 'e900'"},
        {"{\"depth\": {\"bytes\": \"e9\"}}", "wide: depth: expected a whole number, got text '\xe9'"},
        {"[]", "wide: expected a JSON object"},
    };
    neap_instance_release(make("metric", "wide"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_fails_with(neap_instance_from_json("metric", "wide", cases[i][0]) == NULL, cases[i][1]);
    ck_fails_saying(neap_instance_from_json("metric", "wide", "{\"depth\": 1") == NULL, "wide: no JSON: ");
    ck_fails_saying(neap_instance_from_json("metric", "wide", "{\"depth\": 1, \"depth\": 2}") == NULL, "duplicate");
    ck_fails_with(neap_instance_from_json("metirc", "wide", "{}") == NULL,
                  "kind 'metirc' is not known; did you mean 'metric'?");
}
END_TEST

START_TEST(found_by_config)
{
    neap_instance *wide = make("metric", "wide"), *copy = neap_instance_copy(wide);
    ck_assert_ptr_eq(neap_instance_of(neap_instance_config(wide)), wide);
    ck_assert_ptr_eq(neap_instance_of(neap_instance_config(copy)), copy);
    neap_instance_release(wide);
    ck_assert_ptr_eq(neap_instance_of(neap_instance_config(copy)), copy);
    neap_instance_release(copy);
}
END_TEST

static bool live_and_die(void)
{
    neap_instance *wide = neap_instance_new(neap_registry_find("metric", "wide"));
    neap_instance *again = NULL;
    char *json = NULL;
    bool done = wide && !neap_instance_set_text(wide, "path", "x") && !neap_instance_set_text(wide, "inner", "deep") &&
                (json = neap_instance_json(wide)) && (again = neap_instance_from_json("metric", "wide", json));
    neap_free(json);
    neap_instance_release(again);
    neap_instance_release(wide);
    return done;
}

START_TEST(no_memory)
{
    neap_instance_release(make("metric", "wide"));
    refuse_each(live_and_die);
}
END_TEST

int main(void)
{
    return RUN_SUITE("instance", defaults, values_are_set, values_come_back, bad_values, required, components_inside,
                     from_text, from_bad_text, json_is_exact, json_form, json_bytes, bad_json, found_by_config,
                     no_memory);
}
