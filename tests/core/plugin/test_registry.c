/*
 * The registry: what is found and suggested, and one fault at a time in a plugin that is otherwise sound.
 */
#include <math.h>

#include "plugin_test.h"

typedef struct small_config {
    int64_t count;
    double scale;
    const char *text;
    int mode;
    bool flag;
} small_config;

static const char *const no_scores[] = {NULL};

static int no_score(const void *config, const neap_evidence *samples, const neap_evidence *reference, double *score)
{
    (void)config, (void)samples, (void)reference;
    *score = 0;
    return 0;
}

#define ROWS 8
static const char *const modes[] = {"near", "far", NULL};
static neap_param rows[ROWS]; /* a sound table, made anew before each fault */
static neap_metric functions;
static neap_component components[4];
static neap_plugin plugin;

static void make_sound(void)
{
    static const neap_param sound[] = {
        NEAP_INT(small_config, count, 1, 1, 9, "count"),
        NEAP_REAL(small_config, scale, 1, 0, 9, "scale"),
        NEAP_TEXT(small_config, text, NULL, "text"),
        NEAP_CHOICE(small_config, mode, 1, modes, "mode"),
        NEAP_FLAG(small_config, flag, 0, "flag"),
        NEAP_PARAMS_END,
    };
    memset(rows, 0, sizeof rows);
    memcpy(rows, sound, sizeof sound);
    functions = (neap_metric){.size = sizeof functions, .scores = no_scores, .score = no_score};
    memset(components, 0, sizeof components);
    components[0] = (neap_component){"metric/2", "first", "First.", sizeof(small_config), rows, &functions};
    components[1] = (neap_component){"metric/2", "second", "Second.", sizeof(small_config), rows, &functions};
    plugin = (neap_plugin){NEAP_ABI, sizeof plugin, "sound", "1", "MIT", "Sound.", components};
}

/* Refused with this message, and nothing of it is registered. */
static void refused(const char *message)
{
    char whole[512];
    snprintf(whole, sizeof whole, "plugin sound (here): %s", message);
    ck_fails_with(neap_registry_add(&plugin, "here"), whole);
    ck_assert_int_eq(neap_registry_count("metric"), 0);
    make_sound();
}

START_TEST(sound_is_registered)
{
    make_sound();
    ck_succeeds(neap_registry_add(&plugin, NULL));
    ck_assert_int_eq(neap_registry_count("metric"), 2);
    ck_assert_int_eq(neap_registry_count("sampler"), 0);
    ck_assert_int_eq(neap_registry_count("no kind"), 0);
    const neap_component *first = neap_registry_find("metric", "first");
    ck_assert_ptr_eq(first, &components[0]);
    ck_assert_ptr_eq(neap_registry_plugin(first), &plugin);
    ck_assert_str_eq(neap_registry_origin(first), "built in");
    ck_assert_ptr_null(neap_registry_plugin(&components[2]));
    ck_assert_ptr_null(neap_registry_at("metric", 2));
    ck_assert_ptr_null(neap_registry_at("metric", -1));
    ck_fails_with(neap_registry_find("metric", "frist") == NULL, "metric 'frist' is not known; did you mean 'first'?");
    ck_fails_with(neap_registry_find("metric", "zebra") == NULL, "metric 'zebra' is not known");
    ck_fails_with(neap_registry_find("sampler", "first") == NULL, "sampler 'first' is not known");
    ck_fails_with(neap_registry_find("smapler", "x") == NULL, "kind 'smapler' is not known; did you mean 'sampler'?");
}
END_TEST

START_TEST(sorted_by_name)
{
    static const char *const names[] = {"pear", "apple", "quince", "fig"};
    static const char *const sorted[] = {"apple", "fig", "first", "pear", "quince", "second"};
    static neap_component more[5];
    static neap_plugin other;
    make_sound();
    ck_succeeds(neap_registry_add(&plugin, NULL));
    for (int i = 0; i < 4; i++) {
        more[i] = components[0];
        more[i].name = names[i];
    }
    other = plugin;
    other.components = more;
    ck_succeeds(neap_registry_add(&other, "elsewhere"));
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(neap_registry_at("metric", i)->name, sorted[i]);
    ck_assert_str_eq(neap_registry_origin(neap_registry_find("metric", "fig")), "elsewhere");
}
END_TEST

START_TEST(replaced_by_the_same_origin)
{
    static neap_component again[2];
    make_sound();
    ck_succeeds(neap_registry_add(&plugin, "here"));
    neap_instance *instance = neap_instance_new(neap_registry_find("metric", "first"));
    again[0] = components[0];
    again[0].help = "Again.";
    neap_plugin other = plugin;
    other.components = again;
    ck_fails_with(neap_registry_add(&other, "here"), "plugin sound (here): metric 'first' is taken by here");
    ck_fails_with(neap_registry_replace(&other, "there"), "plugin sound (there): metric 'first' is taken by here");
    ck_succeeds(neap_registry_replace(&other, "here"));
    ck_assert_ptr_eq(neap_registry_find("metric", "first"), &again[0]);
    ck_assert_int_eq(neap_registry_count("metric"), 2);
    ck_assert_str_eq(neap_registry_at("metric", 0)->help, "Again.");
    ck_assert_str_eq(neap_registry_at("metric", 1)->name, "second");
    ck_assert_ptr_eq(neap_registry_plugin(neap_instance_component(instance)), &plugin);
    ck_assert_str_eq(neap_registry_origin(neap_instance_component(instance)), "here");
    neap_instance_release(instance);
    components[0].help = "Thrice.";
    ck_succeeds(neap_registry_replace(&plugin, "here"));
    ck_assert_str_eq(neap_registry_find("metric", "first")->help, "Thrice.");
}
END_TEST

START_TEST(kinds_in_order)
{
    static const char *const kinds[] = {"architecture", "objective", "sampler", "guidance", "dataset", "metric"};
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(neap_kind_at(i), kinds[i]);
    ck_assert_ptr_null(neap_kind_at(6));
    ck_assert_ptr_null(neap_kind_at(-1));
}
END_TEST

START_TEST(bad_plugins)
{
    make_sound();
    ck_fails_with(neap_registry_add(NULL, NULL), "plugin: expected a neap_plugin, got NULL");
    plugin.abi = 7;
    ck_fails_with(neap_registry_add(&plugin, NULL), "plugin ? (built in): expected ABI 2, got ABI 7");
    make_sound();
    plugin.size = 16;
    ck_fails_saying(neap_registry_add(&plugin, NULL), "bytes, got 16");
    make_sound();
    plugin.name = "So und";
    ck_fails_with(neap_registry_add(&plugin, NULL),
                  "plugin So und (built in): expected a plugin name of a-z, 0-9 and _, got 'So und'");
    make_sound();
    plugin.license = NULL;
    refused("expected a version, a license and help");
    plugin.components = NULL;
    refused("has no components");
    components[0] = (neap_component){0};
    refused("has no components");
}
END_TEST

START_TEST(bad_components)
{
    make_sound();
    components[0].interface = "oracle/1";
    refused("component 1 (first): interface 'oracle/1' is not known");
    components[1].interface = "metric/1";
    refused("component 2 (second): interface 'metric/1' is not served; this neap serves metric/2");
    components[1].interface = "metric/3";
    refused("component 2 (second): interface 'metric/3' is not served; this neap serves metric/2");
    components[1].interface = "metric";
    refused("component 2 (second): interface 'metric' is not served; this neap serves metric/2");
    components[1].name = "first";
    refused("metric 'first' is there twice");
    components[1].name = "2nd";
    refused("component 2 (2nd): expected a name of a-z, 0-9 and _, got '2nd'");
    components[0].name = NULL;
    refused("component 1 (nothing): expected a name of a-z, 0-9 and _, got 'nothing'");
    components[0].help = NULL;
    refused("component 1 (first): has no help");
    components[0].params = NULL;
    refused("component 1 (first): has no parameter table");
    components[0].functions = NULL;
    refused("component 1 (first): expected at least 24 bytes of metric/2, got 0");
    functions.size = 8;
    refused("component 1 (first): expected at least 24 bytes of metric/2, got 8");
    functions.score = NULL;
    refused("component 1 (first): metric/2: the member 'score' may not be NULL");
    components[0].config_size = (size_t)1 << 40;
    refused("component 1 (first): expected a config of at most 1048576 bytes, got 1099511627776");
}
END_TEST

/* A newer header's structs are longer. Of two versions of one component this host takes the one that it serves, whichever comes
 * first. */
START_TEST(newer_plugins)
{
    make_sound();
    plugin.size += 8;
    functions.size += 8;
    components[2] = components[0];
    components[0].interface = "metric/3";
    components[0].functions = NULL; /* of a kind unknown here: not read */
    ck_succeeds(neap_registry_add(&plugin, NULL));
    ck_assert_int_eq(neap_registry_count("metric"), 2);
    ck_assert_ptr_eq(neap_registry_find("metric", "first"), &components[2]);
}
END_TEST

#define bad_row(row, change, message)                                                                               \
    do {                                                                                                            \
        rows[row].change;                                                                                           \
        refused("component 1 (first): parameter " message);                                                         \
    } while (0)

START_TEST(bad_tables)
{
    make_sound();
    bad_row(0, name = NULL, "1 (nothing): expected a name of a-z, 0-9 and _, got 'nothing'");
    bad_row(0, name = "Count", "1 (Count): expected a name of a-z, 0-9 and _, got 'Count'");
    bad_row(1, name = "count", "2 (count): named twice");
    bad_row(2, type = (neap_param_type)77, "3 (text): its type 77 is not known");
    bad_row(2, help = NULL, "3 (text): has no help");
    bad_row(0, fallback = 0, "1 (count): expected a default within 1 to 9, got 0");
    bad_row(0, fallback = 1.5, "1 (count): expected a default that is a whole number, got 1.5");
    bad_row(1, fallback = NAN, "2 (scale): expected a default that is finite, got nan");
    bad_row(1, fallback = 10, "2 (scale): expected a default within 0 to 9, got 10");
    bad_row(1, low = 10, "2 (scale): expected a range from low to high, got 10 to 9");
    bad_row(1, high = NAN, "2 (scale): expected a range from low to high, got 0 to nan");
    bad_row(3, fallback = 2, "4 (mode): expected a default among 2 choices, got 2");
    bad_row(3, choices = NULL, "4 (mode): expected a default among 0 choices, got 1");
    bad_row(4, fallback = 2, "5 (flag): expected a default of 0 or 1, got 2");
    bad_row(1, offset = sizeof(small_config) - 4, "2 (scale): offset 28 lies outside the config's 32 bytes");
    bad_row(1, offset = (size_t)-8, "2 (scale): offset 18446744073709551608 lies outside the config's 32 bytes");
    bad_row(1, offset = 12, "2 (scale): offset 12 is not a multiple of 8");
    bad_row(4, offset = 7, "5 (flag): overlaps 'count' in the config");
    rows[2].type = NEAP_PARAM_COMPONENT;
    rows[2].text = "wizard";
    refused("component 1 (first): parameter 3 (text): expected a kind of component, got wizard");
    rows[5] = (neap_param)NEAP_FLAG(small_config, flag, 0, "again");
    rows[5].name = "other";
    refused("component 1 (first): parameter 6 (other): overlaps 'flag' in the config");
    ck_succeeds(neap_registry_add(&plugin, NULL)); /* what was changed each time is sound again */
}
END_TEST

START_TEST(taken_names)
{
    static neap_component more[3];
    static neap_plugin other;
    make_sound();
    ck_succeeds(neap_registry_add(&plugin, "there"));
    more[0] = components[0];
    more[0].name = "fresh";
    more[1] = components[1];
    other = plugin;
    other.name = "other";
    other.components = more;
    ck_fails_with(neap_registry_add(&other, "here"), "plugin other (here): metric 'second' is taken by there");
    ck_assert_int_eq(neap_registry_count("metric"), 2); /* the fresh one is not there either */
}
END_TEST

static bool add_sound(void)
{
    return neap_registry_add(&plugin, "here") == 0;
}

START_TEST(no_memory)
{
    make_sound();
    refuse_each(add_sound);
    ck_assert_int_eq(neap_registry_count("metric"), 2);
}
END_TEST

int main(void)
{
    return RUN_SUITE("registry", sound_is_registered, sorted_by_name, replaced_by_the_same_origin, kinds_in_order, bad_plugins,
                     bad_components, newer_plugins, bad_tables, taken_names, no_memory);
}
