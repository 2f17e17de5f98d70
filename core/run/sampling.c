/* Sampling: noise by sample number, a field with labels and guidance inside, a sampler over it. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/run.h>

#define DEFAULT_BATCH 64

/* What a sampler's field and a guidance's conditional field stand on. */
typedef struct guided {
    neap_network *network;
    const neap_guidance *guidance; /* NULL: plain */
    const void *config;
    neap_conditional conditional;
} guided;

static neap_tensor *velocity_at(void *self, neap_tensor *x, double t, neap_tensor *labels)
{
    const guided *g = self;
    if (!x)
        return NULL;
    return neap_network_velocity(g->network, x, neap_full(NEAP_F32, neap_dims(neap_dim(x, 0)), t), labels);
}

static neap_tensor *field_velocity(void *self, neap_tensor *x, double t)
{
    const guided *g = self;
    neap_scope scope = neap_scope_open();
    neap_tensor *v = g->guidance ? g->guidance->velocity(g->config, &g->conditional, x, t)
                                 : velocity_at(self, x, t, g->conditional.labels);
    return neap_scope_return(scope, v);
}

static neap_tensor *field_generate(void *self, neap_tensor *z)
{
    const guided *g = self;
    return neap_network_generate(g->network, z, g->conditional.labels);
}

static int check(neap_network *network, const neap_sampling *s)
{
    const neap_component *sampler = neap_instance_component(s->sampler);
    const neap_sampler *functions = sampler->functions;
    neap_spec spec = neap_network_spec(network);
    if (neap_instance_check(s->sampler) < 0 || (s->guidance && neap_instance_check(s->guidance) < 0))
        return -1;
    if (neap_network_require(network, sampler->name, functions->needs) < 0)
        return -1;
    if (s->count < 1 || s->batch < 0)
        return neap_fail("sample: expected a count from 1 and a batch from 0, got %lld and %lld", (long long)s->count,
                         (long long)s->batch);
    if (s->guidance && spec.classes == 0)
        return neap_fail("sample: %s needs a conditional network; this one has no classes",
                         neap_instance_component(s->guidance)->name);
    if (s->labels && spec.classes == 0)
        return neap_fail("sample: labels need a conditional network; this one has no classes");
    for (int64_t i = 0; s->labels && i < s->count; i++)
        if (s->labels[i] < 0 || s->labels[i] > spec.classes)
            return neap_fail("sample: label: expected 0 to %lld, got %d", (long long)spec.classes - 1, s->labels[i]);
    return 0;
}

static guided guide(neap_network *network, const neap_sampling *s, int64_t first, int64_t batch)
{
    int64_t classes = neap_network_spec(network).classes;
    guided g = {.network = network};
    g.conditional.velocity = velocity_at;
    g.conditional.null_labels = classes ? neap_full(NEAP_I32, neap_dims(batch), (double)classes) : NULL;
    g.conditional.labels = g.conditional.null_labels;
    if (s->labels && classes)
        g.conditional.labels = neap_from(NEAP_I32, neap_dims(batch), s->labels + first);
    if (s->guidance) {
        g.guidance = neap_instance_component(s->guidance)->functions;
        g.config = neap_instance_config(s->guidance);
    }
    return g;
}

static neap_tensor *sample_batch(neap_network *network, const neap_sampling *s, int64_t first, int64_t batch)
{
    neap_spec spec = neap_network_spec(network);
    const neap_sampler *sampler = neap_instance_component(s->sampler)->functions;
    neap_random root = {s->seed, 0};
    guided g = guide(network, s, first, batch);
    g.conditional.self = &g;
    neap_field field = {&g, neap_network_offers(network, "velocity") ? field_velocity : NULL,
                        neap_network_offers(network, "generate") ? field_generate : NULL};
    neap_tensor *noise = neap_randn(neap_random_fork(root, "noise"), (uint64_t)first,
                                    neap_dims(batch, spec.height, spec.width, spec.channels));
    if (!noise || neap_failed())
        return NULL;
    return sampler->sample(neap_instance_config(s->sampler), &field, noise, neap_random_fork(root, "path"), s->watch);
}

/* A sampler's result must have the shape of its noise, or there is no room for it. */
static int check_result(const neap_sampling *s, const neap_tensor *x, neap_shape shape)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const char *name = neap_instance_component(s->sampler)->name;
    if (!x)
        return neap_fail("%s: gave nothing and no message", name);
    if (neap_shape_equal(neap_shape_of(x), shape))
        return 0;
    return neap_fail("%s: expected %s, got %s", name, neap_shape_text(shape, want),
                     neap_shape_text(neap_shape_of(x), got));
}

/* Appends one batch to the result, letting go of all that made it. */
static int append(neap_network *network, const neap_sampling *s, int64_t first, int64_t batch, float *out)
{
    neap_scope scope = neap_scope_open();
    neap_spec spec = neap_network_spec(network);
    neap_tensor *x = sample_batch(network, s, first, batch);
    int status = check_result(s, x, neap_dims(batch, spec.height, spec.width, spec.channels));
    if (status == 0)
        status = neap_read(x, NEAP_F32, out);
    neap_scope_close(scope);
    return status;
}

neap_tensor *neap_sample(neap_network *network, const neap_sampling *s)
{
    neap_spec spec = neap_network_spec(network);
    int64_t size = spec.height * spec.width * spec.channels, batch = s->batch ? s->batch : DEFAULT_BATCH;
    if (check(network, s) < 0)
        return NULL;
    neap_scope scope = neap_scope_open();
    bool was = neap_record(false);
    neap_tensor *result = neap_empty(NEAP_F32, neap_dims(s->count, spec.height, spec.width, spec.channels));
    float *out = neap_data(result);
    int status = out ? 0 : -1;
    for (int64_t first = 0; status == 0 && first < s->count; first += batch) {
        int64_t rows = s->count - first < batch ? s->count - first : batch;
        status = append(network, s, first, rows, out + first * size);
    }
    neap_record(was);
    neap_tensor *kept = status == 0 ? result : NULL;
    if (status < 0)
        neap_fail_in("sample");
    return neap_scope_return(scope, kept);
}
