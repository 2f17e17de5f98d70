/* For tests of data sets: opening one by its settings as texts, and reading its examples. */
#ifndef NEAP_DATASET_TEST_H
#define NEAP_DATASET_TEST_H

#include <math.h>

#include "tests/core/plugin/plugin_test.h"

#define MOST_VALUES (128 * 128 * 3)

typedef struct test_set {
    const neap_dataset *functions;
    neap_instance *instance;
    void *self; /* NULL: it could not be opened, and the message is pending */
    neap_spec spec;
    int64_t count;
} test_set;

/* Opens a set from the texts key, value, key, ...; the list ends with NULL. */
static inline test_set open_set_by(const neap_plugin *plugin, const char *const *settings)
{
    if (neap_registry_count("dataset") == 0)
        ck_succeeds(neap_registry_add(plugin, NULL));
    const neap_component *component = neap_registry_find("dataset", plugin->name);
    test_set s = {.functions = component->functions, .instance = neap_instance_new(component)};
    for (int i = 0; settings[i]; i += 2)
        ck_succeeds(neap_instance_set_text(s.instance, settings[i], settings[i + 1]));
    s.self = s.functions->open(neap_instance_config(s.instance));
    if (s.self) {
        s.spec = dataset_spec(s.functions, s.self);
        s.count = s.functions->count(s.self);
    }
    return s;
}

static inline void close_set(test_set s)
{
    if (s.self)
        s.functions->close(s.self);
    neap_instance_release(s.instance);
}

static inline test_set opened(test_set s)
{
    ck_assert_msg(s.self != NULL, "%s", neap_error_message());
    return s;
}

/* The set must not open, and the message is this. */
#define ck_refuses(set, message)                                                                                    \
    do {                                                                                                            \
        test_set refused_ = (set);                                                                                  \
        ck_fails_with(refused_.self == NULL, message);                                                              \
        close_set(refused_);                                                                                        \
    } while (0)

#define ck_refuses_saying(set, part)                                                                                \
    do {                                                                                                            \
        test_set refused_ = (set);                                                                                  \
        ck_fails_saying(refused_.self == NULL, part);                                                               \
        close_set(refused_);                                                                                        \
    } while (0)

typedef struct test_example {
    float x[MOST_VALUES];
    int32_t label, length;
    char text[1025]; /* ends with a NUL */
} test_example;

/* The example, good until the second call after. */
static inline const test_example *example_of(test_set s, int64_t index)
{
    static test_example examples[2];
    static int turn;
    test_example *e = &examples[turn = !turn];
    ck_assert(s.spec.height * s.spec.width * s.spec.channels <= MOST_VALUES && s.spec.text <= 1024);
    memset(e, 0, sizeof *e);
    const neap_example out = {.size = sizeof out, .x = e->x, .label = s.spec.classes ? &e->label : NULL,
                              .text = s.spec.text ? (uint8_t *)e->text : NULL,
                              .length = s.spec.text ? &e->length : NULL};
    ck_succeeds(s.functions->read(s.self, index, &out));
    ck_assert_int_eq(e->length, (int)strlen(e->text));
    return e;
}

/* The pixel at (x, y), as shares of width and height, is within 0.15 of these values in [-1, 1]. */
static inline void check_color(test_set s, const test_example *e, double x, double y, double red, double green, double blue)
{
    const double wanted[3] = {red, green, blue};
    const int64_t column = (int64_t)(x * (double)s.spec.width), row = (int64_t)(y * (double)s.spec.height);
    const float *got = e->x + (row * s.spec.width + column) * s.spec.channels;
    for (int c = 0; c < s.spec.channels; c++)
        ck_assert_msg(fabs((double)got[c] - wanted[c]) < 0.15, "channel %d at %g, %g: expected %g, got %g", c, x, y, wanted[c],
                      (double)got[c]);
}

#endif
