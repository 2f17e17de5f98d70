/* Sampling, batch by batch: the start, a sampler over the field, and the pictures of its result. */
#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/call.h"
#include "run/clock.h"
#include "run/field.h"
#include "run/network.h"

#define DEFAULT_BATCH 64

/* --- One batch ------------------------------------------------------------------------------------------------------ */

typedef struct part {
    neap_network *network;
    const neap_sampling *s;
    neap_spec spec;
    int64_t first, batch;
} part;

static neap_tensor *rows_of(const part *p, neap_tensor *x)
{
    return x ? neap_contiguous(neap_slice(x, 0, p->first, p->first + p->batch)) : NULL;
}

/* The shape of what the sampler returns: pictures, or an autoencoder's latents. */
static neap_shape sampled_shape(const part *p)
{
    return neap_dims(p->batch, p->spec.height, p->spec.width, p->spec.channels);
}

/* The rows of this part; null rows when `all` is NULL. */
static neap_condition *condition_rows(const part *p, const neap_condition *all)
{
    return all ? neap_condition_take(all, neap_arange(NEAP_I32, (double)p->first, 1, p->batch))
               : neap_condition_new(p->batch);
}

/* The condition of this part and what its guidance leads away from, prepared in one call: a network that encodes null rows, too,
 * must have encoded those of a guidance. */
static neap_condition *prepare_both(const part *p)
{
    neap_condition *all = neap_condition_join(condition_rows(p, p->s->condition), condition_rows(p, p->s->negative));
    neap_condition *ready = all ? neap_network_prepare(p->network, all, 2 * p->batch) : NULL;
    if (!ready)
        return NULL;
    return neap_condition_with_null(neap_condition_take(ready, neap_arange(NEAP_I32, 0, 1, p->batch)),
                                    neap_condition_take(ready, neap_arange(NEAP_I32, (double)p->batch, 1, p->batch)));
}

/* Prepares the condition of this part, once for all steps. */
static int set_condition(neap_conditional *c, const part *p)
{
    c->condition = p->s->guidance ? prepare_both(p)
                                  : neap_network_prepare(p->network, condition_rows(p, p->s->condition), p->batch);
    return neap_failed() ? -1 : 0;
}

neap_tensor *neap_sample_noise(uint64_t seed, int64_t first, neap_shape shape)
{
    return neap_randn(neap_random_fork((neap_random){seed, 0}, "noise"), (uint64_t)first, shape);
}

static neap_tensor *start_of(const neap_sampling *s, const neap_mask *given)
{
    if (s->invert)
        return given->picture;
    if (s->level > 0)
        return neap_add(neap_affine(given->picture, 1 - s->level, 0), neap_affine(given->noise, s->level, 0));
    return given->noise;
}

static neap_mask mask_of(const part *p)
{
    const neap_sampling *s = p->s;
    neap_tensor *keep = neap_latent_keep(rows_of(p, s->keep), &p->spec);
    neap_tensor *noise = s->noise ? rows_of(p, s->noise)
                                  : neap_sample_noise(s->seed, p->first, neap_network_noise_shape(p->network, p->batch));
    if (keep)
        keep = neap_contiguous(neap_expand(neap_gt(keep, neap_scalar(0.5)), sampled_shape(p)));
    return (neap_mask){keep, neap_network_to_latents(p->network, rows_of(p, s->picture), NULL, 0), noise};
}

/* Calls the caller's watch. A message of its own needs no name of a component. */
static int watch_step(void *user, int64_t step, int64_t steps, double t, neap_tensor *x)
{
    neap_guided *g = user;
    const int stop = g->watch->step(g->watch->user, step, steps, t, x);
    g->named = g->named || stop;
    return stop;
}

/* Puts the name of the sampler before a message of its own. */
static neap_tensor *by_sampler(const part *p, const neap_guided *g, neap_tensor *x)
{
    if ((!x || neap_failed()) && !g->named) {
        neap_call_fail(neap_instance_component(p->s->sampler), "sample", "returned NULL without a message");
        neap_fail_in(neap_instance_component(p->s->sampler)->name);
    }
    return neap_failed() ? NULL : x; /* a sampler may return a tensor although a call failed */
}

static neap_tensor *run_sampler(const part *p, neap_guided *g)
{
    const neap_sampling *s = p->s;
    const neap_watch watch = {.size = sizeof watch, .user = g, .step = watch_step};
    const neap_component *c = neap_instance_component(s->sampler);
    const neap_sampler *sampler = c->functions;
    const neap_random path = neap_random_fork((neap_random){s->seed, 0}, "path");
    neap_field field = neap_guided_field(g);
    field.first = (uint64_t)p->first;
    field.from = s->invert ? 0 : s->level > 0 ? s->level : 1;
    field.to = s->invert;
    neap_tensor *x = start_of(s, &g->mask);
    if (!x || neap_failed() || (s->watch && s->watch->step(s->watch->user, 0, 0, field.from, x)))
        return NULL;
    x = by_sampler(p, g, NEAP_CALL(c, "sample", sampler->sample(neap_instance_config(s->sampler), &field, x, path,
                                                                 s->watch ? &watch : NULL)));
    const bool fits = x && neap_shape_equal(neap_shape_of(x), sampled_shape(p));
    return fits ? neap_mask_kept(&g->mask, x, neap_zeros(NEAP_F64, neap_dims(p->batch))) : x;
}

static neap_tensor *sample_part(const part *p)
{
    const neap_sampling *s = p->s;
    neap_guided g = {.network = p->network, .guidance = s->guidance, .watch = s->watch, .batch = p->batch,
                     .evaluations = neap_calloc((size_t)p->batch, sizeof *g.evaluations)};
    if (!g.evaluations)
        return NULL;
    g.conditional.rows = neap_arange(NEAP_I32, 0, 1, p->batch);
    g.mask = mask_of(p);
    neap_tensor *x = set_condition(&g.conditional, p) < 0 ? NULL : run_sampler(p, &g);
    for (int64_t i = 0; s->evaluations && i < p->batch; i++)
        if (*s->evaluations < g.evaluations[i])
            *s->evaluations = g.evaluations[i];
    neap_free(g.evaluations);
    neap_condition_release(g.prepared);
    return x;
}

/* A result of another shape would not fit into the output. */
static int check_result(const part *p, const neap_tensor *x)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const char *name = neap_instance_component(p->s->sampler)->name;
    if (!x)
        return -1;
    if (!neap_shape_equal(neap_shape_of(x), sampled_shape(p)))
        return neap_fail("%s: expected %s, got %s", name, neap_shape_text(sampled_shape(p), want),
                         neap_shape_text(neap_shape_of(x), got));
    if (neap_dtype_of(x) != NEAP_F32)
        return neap_fail("%s: expected f32, got %s", name, neap_dtype_name(neap_dtype_of(x)));
    return 0;
}

/* The pictures of a sampler's result: decoded, with the kept pixels as given. The noise of an inversion is not decoded. */
static neap_tensor *pictures_of(const part *p, neap_tensor *x)
{
    if (p->s->invert || !neap_network_autoencoder(p->network))
        return x;
    neap_tensor *pictures = neap_network_to_pictures(p->network, x), *keep = rows_of(p, p->s->keep);
    if (!keep || !pictures)
        return pictures;
    keep = neap_expand(neap_gt(keep, neap_scalar(0.5)), neap_shape_of(pictures));
    return neap_where(keep, rows_of(p, p->s->picture), pictures);
}

/* Samples one part and writes it to `out`. Its scope releases everything else. */
static int write_part(const part *p, float *out)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = sample_part(p);
    int status = check_result(p, x);
    const double began = neap_clock();
    x = status == 0 ? pictures_of(p, x) : NULL;
    if (p->s->decoding)
        *p->s->decoding += neap_clock() - began;
    if (status == 0)
        status = x ? neap_read(x, NEAP_F32, out) : -1;
    neap_scope_close(scope);
    return status;
}

/* The shape of the network's x for an inversion, otherwise of pictures. */
static neap_shape result_shape(const neap_network *network, const neap_sampling *s)
{
    neap_spec spec = {.size = sizeof spec};
    if (s->invert)
        neap_network_spec(network, &spec);
    else
        neap_network_picture_spec(network, &spec);
    return neap_dims(s->count, spec.height, spec.width, spec.channels);
}

static int write_parts(neap_network *network, const neap_sampling *s, float *out, int64_t size)
{
    part p = {.network = network, .s = s, .spec = {.size = sizeof p.spec}, .batch = s->batch ? s->batch : DEFAULT_BATCH};
    int status = 0;
    neap_network_spec(network, &p.spec);
    for (; status == 0 && p.first < s->count; p.first += p.batch) {
        p.batch = s->count - p.first < p.batch ? s->count - p.first : p.batch;
        status = write_part(&p, out + p.first * size);
    }
    return status;
}

neap_tensor *neap_sample(neap_network *network, const neap_sampling *s)
{
    if (neap_sampling_check(network, s) < 0)
        return NULL;
    if (s->evaluations)
        *s->evaluations = 0;
    if (s->decoding)
        *s->decoding = 0;
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false), trained = neap_training_set(false);
    neap_tensor *result = neap_empty(NEAP_F32, result_shape(network, s));
    float *out = neap_data(result);
    const int status = out ? write_parts(network, s, out, neap_size(result) / s->count) : -1;
    neap_record(recorded);
    neap_training_set(trained);
    if (status < 0)
        neap_fail_in("sample");
    return neap_scope_return(scope, status == 0 ? result : NULL);
}
