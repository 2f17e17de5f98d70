/* Sources: examples by index, endless shuffled batches whose order needs no state, and what cannot be read. */
#include "run_test.h"

/* A data set of numbers: example i is [i, -i], of class i modulo `classes`. */
typedef struct numbers_config {
    int64_t count, classes, height;
    int64_t broken, infinite; /* the example that cannot be read, and the one that is not finite; -1: none */
} numbers_config;

static void *numbers_open(const void *config)
{
    numbers_config *own = neap_calloc(1, sizeof *own);
    if (own)
        *own = *(const numbers_config *)config;
    return own;
}

static int numbers_spec(const void *self, neap_spec *out)
{
    const numbers_config *c = self;
    return neap_spec_fill(out, (neap_spec){.height = c->height, .width = 2, .channels = 1, .classes = c->classes});
}

static int64_t numbers_count(const void *self)
{
    return ((const numbers_config *)self)->count;
}

static int numbers_read(const void *self, int64_t index, const neap_example *out)
{
    const numbers_config *c = self;
    if (index == c->broken)
        return neap_fail("the disk is gone");
    out->x[0] = (float)index;
    out->x[1] = index == c->infinite ? INFINITY : (float)-index;
    if (out->label)
        *out->label = (int32_t)(index % c->classes);
    return 0;
}

static const char *numbers_label_name(const void *self, int64_t label)
{
    static const char *const names[] = {"zero", "one", "two"};
    (void)self;
    return label < 3 ? names[label] : "beyond";
}

static const neap_param params[] = {
    NEAP_INT(numbers_config, count, 7, 0, 1000, "Examples."),
    NEAP_INT(numbers_config, classes, 3, 0, 100, "Classes."),
    NEAP_INT(numbers_config, height, 1, 0, 1, "Rows."),
    NEAP_INT(numbers_config, broken, -1, -1, 1000, "The example that cannot be read."),
    NEAP_INT(numbers_config, infinite, -1, -1, 1000, "The example that is not finite."),
    NEAP_PARAMS_END,
};
static const neap_dataset named = {
    .size = sizeof named, .open = numbers_open, .close = neap_free, .spec = numbers_spec, .count = numbers_count,
    .label_name = numbers_label_name, .read = numbers_read,
};
static const neap_dataset nameless = {
    .size = sizeof nameless, .open = numbers_open, .close = neap_free, .spec = numbers_spec,
    .count = numbers_count, .read = numbers_read,
};
/* Numbers with a condition of two pixels, the second of which is NaN in example 2. */
static int pictured_spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 2, .channels = 1, .picture = {1, 2, 1}});
}

static int pictured_read(const void *self, int64_t index, const neap_example *out)
{
    out->picture[1] = index == 2 ? NAN : 1;
    return numbers_read(self, index, out);
}

static const neap_dataset pictured = {.size = sizeof pictured, .open = numbers_open, .close = neap_free,
                                      .spec = pictured_spec, .count = numbers_count, .read = pictured_read};
static void *careless_open(const void *config);
static int zeroed_spec(const void *self, neap_spec *out);
static const neap_dataset careless = {.size = sizeof careless, .open = careless_open, .close = neap_free,
                                      .spec = numbers_spec, .count = numbers_count, .read = numbers_read};
static const neap_dataset zeroed = {.size = sizeof zeroed, .open = numbers_open, .close = neap_free,
                                    .spec = zeroed_spec, .count = numbers_count, .read = numbers_read};
static const neap_component components[] = {
    {"dataset/2", "pictured", "With a picture as the condition.", sizeof(numbers_config), params, &pictured},
    {"dataset/2", "careless", "Fails and opens.", sizeof(numbers_config), params, &careless},
    {"dataset/2", "zeroed", "Overwrites a size.", sizeof(numbers_config), params, &zeroed},
    {"dataset/2", "numbers", "Numbers.", sizeof(numbers_config), params, &named},
    {"dataset/2", "nameless", "Numbers whose classes have no names.", sizeof(numbers_config), params, &nameless},
    {0},
};
static const neap_plugin plugin = {NEAP_ABI, sizeof plugin, "test", "1", "MIT", "For tests.", components};

static void open_sources(void)
{
    run_open();
    ck_succeeds(neap_registry_add(&plugin, NULL));
}

static neap_source *try_source(const char *name, const char *const *settings)
{
    neap_instance *instance = component_of("dataset", name, settings);
    neap_source *source = neap_source_open(instance);
    neap_instance_release(instance);
    return source;
}

#define TRY_SOURCE(name, ...) try_source(name, SETTINGS(__VA_ARGS__))

static const neap_random order = {.seed = 9, .stream = 4};

/* Batch `step` in a scope of its own, its examples by number; checks that each has its own label. */
static void draw(neap_source *source, neap_random random, int64_t step, int64_t batch, int64_t *out)
{
    neap_scope scope = neap_scope_open();
    const neap_batch drawn = batch_of(source, random, step, batch);
    neap_tensor *x = drawn.x, *labels = labels_in(&drawn);
    const neap_spec s = source_spec_of(source);
    ck_assert(neap_shape_equal(neap_shape_of(x), neap_dims(batch, 1, 2, 1)));
    ck_assert_int_eq(neap_dim(labels, 0), batch);
    for (int64_t i = 0; i < batch; i++) {
        out[i] = (int64_t)floats(x)[2 * i];
        ck_assert(floats(x)[2 * i + 1] == -floats(x)[2 * i]);
        ck_assert_int_eq(((const int32_t *)neap_data(labels))[i], out[i] % s.classes);
    }
    neap_scope_close(scope);
}

/* --- Batches ----------------------------------------------------------------------------------------------------- */

/* Batches that do not divide the count, that equal it, and that are larger: 36 epochs in all. */
START_TEST(epochs_are_permutations)
{
    static const int64_t batches[] = {1, 3, 7, 20};
    enum { COUNT = 7, DRAWS = 420 };
    neap_source *source = TRY_SOURCE("numbers", "count", "7");
    for (int b = 0; b < 4; b++) {
        int64_t drawn[DRAWS];
        int repeated = 0;
        for (int64_t step = 1; step <= DRAWS / batches[b]; step++)
            draw(source, order, step, batches[b], drawn + (step - 1) * batches[b]);
        for (int epoch = 0; epoch < DRAWS / COUNT; epoch++) {
            unsigned seen = 0;
            for (int i = 0; i < COUNT; i++)
                seen |= 1u << drawn[epoch * COUNT + i];
            ck_assert_msg(seen == (1u << COUNT) - 1, "batches of %d: epoch %d misses some", (int)batches[b], epoch);
            repeated += epoch && memcmp(drawn, drawn + epoch * COUNT, COUNT * sizeof *drawn) == 0;
        }
        ck_assert_int_le(repeated, 2); /* of 59, by chance one in 5040 */
    }
    neap_source_close(source);
}
END_TEST

START_TEST(order_needs_no_state)
{
    enum { BATCH = 16 };
    int64_t first[BATCH], again[BATCH], other[BATCH];
    neap_source *source = TRY_SOURCE("numbers", "count", "100"), *fresh = TRY_SOURCE("numbers", "count", "100");
    for (int64_t step = 1; step <= 5; step++)
        draw(source, order, step, BATCH, first);
    draw(fresh, order, 5, BATCH, again);
    ck_assert(memcmp(first, again, sizeof first) == 0);
    draw(fresh, (neap_random){order.seed + 1, order.stream}, 5, BATCH, other);
    ck_assert(memcmp(first, other, sizeof first) != 0);
    draw(fresh, order, INT64_MAX, BATCH, other);
    ck_assert(memcmp(first, other, sizeof first) != 0);
    neap_source_close(source);
    neap_source_close(fresh);
}
END_TEST

START_TEST(any_threads_read_the_same)
{
    neap_source *source = TRY_SOURCE("shapes", "size", "12", "count", "500");
    neap_batch b[3];
    for (int i = 0; i < 3; i++) {
        ck_succeeds(neap_threads_set(i + 1));
        b[i] = batch_of(source, order, 3, 100);
        ck_assert(same_bits(b[0].x, b[i].x) && same_bits(labels_in(&b[0]), labels_in(&b[i])));
    }
    neap_source_close(source);
}
END_TEST

/* --- Examples ---------------------------------------------------------------------------------------------------- */

START_TEST(examples_by_index)
{
    const int64_t indices[] = {5, 0, 4, 4};
    const int32_t classes[] = {2, 0, 1, 1};
    neap_source *source = TRY_SOURCE("numbers", "count", "7");
    neap_batch batch;
    ck_succeeds(neap_source_read(source, indices, 4, &batch));
    for (int i = 0; i < 4; i++)
        ck_assert(floats(batch.x)[2 * i] == (float)indices[i]);
    ck_assert(neap_dtype_of(batch.x) == NEAP_F32 && !batch.noise);
    ck_assert_int_eq(neap_condition_rows(batch.condition), 4);
    ck_assert(same_bits(labels_in(&batch), neap_from(NEAP_I32, neap_dims(4), classes)));
    ck_assert_int_eq(neap_source_count(source), 7);
    ck_assert_str_eq(neap_instance_component(neap_source_instance(source))->name, "numbers");
    neap_source_close(source);
    neap_source_close(NULL);
}
END_TEST

START_TEST(without_labels)
{
    neap_source *source = TRY_SOURCE("numbers", "classes", "0");
    const neap_batch batch = batch_of(source, order, 1, 4);
    ck_assert(batch.x && !batch.condition);
    ck_assert_ptr_null(neap_source_label_name(source, 0));
    neap_source_close(source);
}
END_TEST

START_TEST(label_names)
{
    neap_source *source = TRY_SOURCE("numbers", "count", "7"), *plain = TRY_SOURCE("nameless", "count", "7");
    ck_assert_str_eq(neap_source_label_name(source, 2), "two");
    ck_assert_ptr_null(neap_source_label_name(source, 3));
    ck_assert_ptr_null(neap_source_label_name(source, -1));
    ck_assert_ptr_null(neap_source_label_name(plain, 2));
    neap_source_close(source);
    neap_source_close(plain);
}
END_TEST

/* --- What is refused --------------------------------------------------------------------------------------------- */

START_TEST(refused)
{
    neap_source *source = TRY_SOURCE("numbers", "count", "7");
    neap_batch batch;
    static const struct {
        int64_t index;
        const char *message;
    } bad[] = {
        {7, "numbers: index: expected 0 to 6, got 7"},
        {-1, "numbers: index: expected 0 to 6, got -1"},
        {INT64_MAX, "numbers: index: expected 0 to 6, got 9223372036854775807"},
    };
    for (int i = 0; i < 3; i++)
        ck_fails_with(neap_source_read(source, (const int64_t[]){0, bad[i].index}, 2, &batch), bad[i].message);
    ck_fails_with(neap_source_read(source, NULL, 0, &batch), "numbers: expected at least one index");
    ck_assert(!batch.x && !batch.condition);
    ck_fails_with(neap_source_batch(source, order, 0, &(neap_batch_rows){.count = 4}, &batch),
                  "numbers: expected a step and a batch from 1, got 0 and 4");
    ck_fails_with(neap_source_batch(source, order, 1, &(neap_batch_rows){.count = 0}, &batch),
                  "numbers: expected a step and a batch from 1, got 1 and 0");
    ck_fails_with(neap_source_batch(source, order, 1, &(neap_batch_rows){.count = -4}, &batch),
                  "numbers: expected a step and a batch from 1, got 1 and -4");
    neap_source_close(source);
}
END_TEST

/* The caller gets the message whichever thread reads the example; a later batch is not affected. */
START_TEST(unreadable)
{
    neap_source *source = TRY_SOURCE("numbers", "count", "200", "broken", "150");
    neap_batch batch;
    int64_t all[200];
    for (int i = 0; i < 200; i++)
        all[i] = i;
    for (int threads = 1; threads <= 3; threads++) {
        ck_succeeds(neap_threads_set(threads));
        ck_fails_with(neap_source_read(source, all, 200, &batch), "numbers: example 150: the disk is gone");
        ck_assert(!batch.x && !batch.condition);
        ck_succeeds(neap_source_read(source, all, 150, &batch));
    }
    neap_source_close(source);
}
END_TEST

START_TEST(not_finite)
{
    neap_source *source = TRY_SOURCE("numbers", "infinite", "3");
    neap_batch batch;
    ck_succeeds(neap_source_read(source, (int64_t[]){2}, 1, &batch));
    ck_fails_with(neap_source_read(source, (int64_t[]){2, 3}, 2, &batch),
                  "numbers: example 3: expected finite values, got inf at 1");
    neap_source_close(source);
    source = TRY_SOURCE("pictured", "count", "7");
    ck_succeeds(neap_source_read(source, (int64_t[]){3}, 1, &batch));
    ck_fails_with(neap_source_read(source, (int64_t[]){2}, 1, &batch),
                  "pictured: example 2: picture: expected finite values, got nan at 1");
    neap_source_close(source);
}
END_TEST

/* Records a message and opens all the same. */
static void *careless_open(const void *config)
{
    neap_fail("could not be opened");
    return numbers_open(config);
}

/* Overwrites the size that the host has set. */
static int zeroed_spec(const void *self, neap_spec *out)
{
    (void)self;
    *out = (neap_spec){.height = 1, .width = 2, .channels = 1};
    return 0;
}

START_TEST(not_opened)
{
    ck_fails_with(!TRY_SOURCE("careless", "count", "7"), "careless: could not be opened");
    ck_fails_with(!TRY_SOURCE("zeroed", "count", "7"), "zeroed: spec: changed the member size; end it with neap_spec_fill");
    ck_fails_with(!TRY_SOURCE("numbers", "count", "0"), "numbers: expected at least one example");
    ck_fails_with(!TRY_SOURCE("numbers", "height", "0"), "numbers: expected sizes from 1, got [0, 2, 1]");
    ck_assert_ptr_null(neap_source_open(NULL));
}
END_TEST

static bool open_and_draw(void)
{
    neap_scope scope = neap_scope_open();
    neap_batch batch;
    neap_instance *instance = neap_instance_new(neap_registry_find("dataset", "numbers"));
    neap_source *source = neap_source_open(instance);
    bool whole = source && neap_source_batch(source, order, 1, &(neap_batch_rows){.count = 4}, &batch) == 0;
    neap_source_close(source);
    neap_instance_release(instance);
    neap_scope_close(scope);
    return whole;
}

START_TEST(every_allocation_may_fail)
{
    refuse_each(open_and_draw);
}
END_TEST

int main(void)
{
    return RUN_SUITE_WITH("source", open_sources, run_close, epochs_are_permutations, order_needs_no_state,
                          any_threads_read_the_same, examples_by_index, without_labels, label_names, refused,
                          unreadable, not_finite, not_opened, every_allocation_may_fail);
}
