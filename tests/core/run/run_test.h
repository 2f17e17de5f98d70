/*
 * For tests of networks, data sets, training and sampling: the bundled plugins in the registry, components from text,
 * networks without zero parameters, conditions, batches, and comparisons to the bit.
 */
#ifndef NEAP_RUN_TEST_H
#define NEAP_RUN_TEST_H

#include <math.h>

#include <neap/parallel.h>
#include <neap/run.h>

#include "tests/core/plugin/plugin_test.h"

extern const neap_plugin *const neap_static_plugins[]; /* ends with NULL */

static neap_scope run_scope;

/* Steps made by the test; run_close frees them. */
static struct {
    neap_step *step[64];
    int count;
} run_steps;

static inline void run_open(void)
{
    run_scope = neap_scope_open();
    for (int i = 0; neap_static_plugins[i]; i++)
        ck_succeeds(neap_registry_add(neap_static_plugins[i], NULL));
}

/* A test must free what it makes: no tensor may be left. */
static inline void run_close(void)
{
    while (run_steps.count)
        neap_step_free(run_steps.step[--run_steps.count]);
    neap_scope_close(run_scope);
    ck_assert_msg(!neap_failed(), "a message is pending: %s", neap_error_message());
    ck_assert_uint_eq(neap_memory().live, 0);
}

/* Settings are names and values in turn, and end with NULL. The caller releases the instance. */
static inline neap_instance *component_of(const char *kind, const char *name, const char *const *settings)
{
    neap_instance *instance = neap_instance_new(neap_registry_find(kind, name));
    ck_assert_msg(instance != NULL, "%s", neap_error_message());
    for (int i = 0; settings[i]; i += 2)
        ck_succeeds(neap_instance_set_text(instance, settings[i], settings[i + 1]));
    return instance;
}

/* The first member of a neap_evidence. */
#define EVIDENCE .size = sizeof(neap_evidence)

#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COMPONENT(kind, name, ...) component_of(kind, name, SETTINGS(__VA_ARGS__))
#define DEFAULTS(kind, name) component_of(kind, name, (const char *const[]){NULL})

/* NULL where building fails. */
static inline neap_network *try_network(const char *name, uint64_t seed, const char *const *settings)
{
    neap_instance *instance = component_of("architecture", name, settings);
    neap_network *network = neap_network_new(instance, seed);
    neap_instance_release(instance);
    return network;
}

#define TRY_NETWORK(name, ...) try_network(name, 1, SETTINGS(__VA_ARGS__))

/* Parameters that start at zero would hide most of a network, so all of them get random values; buffers keep theirs, for a
 * variance is not below zero. */
static inline void shake(neap_network *network)
{
    const neap_model *model = neap_network_model(network);
    for (int i = 0; i < neap_model_count(model); i++) {
        if (neap_model_is_buffer(model, i))
            continue;
        neap_scope scope = neap_scope_open();
        neap_tensor *p = neap_model_tensor(model, i);
        neap_random stream = neap_random_fork((neap_random){11, 0}, neap_model_name(model, i));
        neap_tensor *x = neap_affine(neap_randn(stream, 0, neap_shape_of(p)), 0.2, 0);
        ck_succeeds(neap_write(p, NEAP_F32, neap_data(x)));
        neap_scope_close(scope);
    }
}

static inline neap_network *shaken_network(const char *name, const char *const *settings)
{
    neap_network *network = try_network(name, 1, settings);
    ck_assert_msg(network != NULL, "%s", neap_error_message());
    shake(network);
    return network;
}

#define NETWORK(name, ...) shaken_network(name, SETTINGS(__VA_ARGS__))

static inline neap_spec spec_of(const neap_network *network)
{
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    return spec;
}

static inline neap_spec source_spec_of(const neap_source *source)
{
    neap_spec spec = {.size = sizeof spec};
    neap_source_spec(source, &spec);
    return spec;
}

/* The condition that has these labels, or weights of classes, and nothing else; NULL gives NULL. */
static inline neap_condition *labelled(neap_tensor *labels)
{
    return labels ? neap_condition_with(neap_condition_new(neap_dim(labels, 0)), NEAP_LABELS, labels) : NULL;
}

static inline neap_tensor *labels_in(const neap_batch *batch)
{
    return neap_condition_get(batch->condition, NEAP_LABELS);
}

/* Batch number `step`, all rows of it. */
static inline neap_batch batch_of(neap_source *source, neap_random random, int64_t step, int64_t count)
{
    neap_batch batch;
    ck_succeeds(neap_source_batch(source, random, step, &(neap_batch_rows){.count = count}, &batch));
    return batch;
}

static inline neap_step *step_on(neap_batch batch, neap_random random, int64_t number)
{
    neap_step *step = neap_step_new(&batch, random, number);
    ck_assert_msg(step != NULL, "%s", neap_error_message());
    ck_assert_int_lt(run_steps.count, (int)(sizeof run_steps.step / sizeof *run_steps.step));
    return run_steps.step[run_steps.count++] = step;
}

/* The elements of a contiguous f32 tensor. */
static inline const float *floats(neap_tensor *x)
{
    const float *data = neap_data(x);
    ck_assert_msg(data != NULL, "%s", neap_error_message());
    return data;
}

static inline bool same_bits(neap_tensor *a, neap_tensor *b)
{
    return neap_shape_equal(neap_shape_of(a), neap_shape_of(b)) && neap_dtype_of(a) == neap_dtype_of(b) &&
           memcmp(neap_data(a), neap_data(b), (size_t)neap_size(a) * neap_dtype_size(neap_dtype_of(a))) == 0;
}

/* |a - b| <= tolerance max(1, |b|), element by element. */
static inline void check_near(const char *what, neap_tensor *a, neap_tensor *b, double tolerance)
{
    ck_assert_msg(a && b, "%s: %s", what, neap_error_message());
    ck_assert_msg(neap_shape_equal(neap_shape_of(a), neap_shape_of(b)), "%s: other shapes", what);
    const neap_shape flat = neap_dims(neap_size(a));
    double *x = neap_data(neap_empty(NEAP_F64, flat)), *y = neap_data(neap_empty(NEAP_F64, flat));
    ck_succeeds(neap_read(a, NEAP_F64, x));
    ck_succeeds(neap_read(b, NEAP_F64, y));
    for (int64_t i = 0; i < neap_size(a); i++)
        ck_assert_msg(fabs(x[i] - y[i]) <= tolerance * fmax(1, fabs(y[i])), "%s: element %lld: expected %.9g, got %.9g",
                      what, (long long)i, y[i], x[i]);
}

#endif
