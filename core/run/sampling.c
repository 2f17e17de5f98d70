/* Sampling: where the way begins, batch by batch, and a sampler over the field. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "run/field.h"

#define DEFAULT_BATCH 64

/* --- What does not fit is told before anything is drawn -------------------------------------------------------------- */

static int check_tensor(const char *name, neap_tensor *x, neap_shape want)
{
    char wanted[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!x || (neap_dtype_of(x) == NEAP_F32 && neap_shape_equal(neap_shape_of(x), want)))
        return 0;
    return neap_fail("sample: %s: expected f32 %s, got %s %s", name, neap_shape_text(want, wanted),
                     neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
}

static int check_labels(const neap_sampling *s, int64_t classes)
{
    if (classes == 0 && (s->labels || s->mixture))
        return neap_fail("sample: labels need a conditional network; this one has no classes");
    if (s->labels && s->mixture)
        return neap_fail("sample: expected labels or a mixture, got both");
    for (int64_t i = 0; s->labels && i < s->count; i++)
        if (s->labels[i] < 0 || s->labels[i] > classes)
            return neap_fail("sample: label: expected 0 to %lld, got %d", (long long)classes - 1, s->labels[i]);
    return check_tensor("mixture", s->mixture, neap_dims(s->count, classes + 1));
}

/* Values of the latents that the sampler begins from; 0 where it begins from pictures of noise. */
static int64_t latent_of(const neap_network *network, const neap_sampling *s)
{
    const neap_sampler *sampler = neap_instance_component(s->sampler)->functions;
    for (int i = 0; sampler->needs[i]; i++)
        if (strcmp(sampler->needs[i], "generate") == 0)
            return neap_network_latent(network);
    return 0;
}

static int check_latent(const neap_sampling *s, int64_t latent, int64_t classes)
{
    const char *name = neap_instance_component(s->sampler)->name;
    if (s->picture || s->keep || s->invert || s->level > 0)
        return neap_fail("sample: %s draws from latents: it takes no picture, level, keep or inversion", name);
    if (classes && !s->labels && !s->mixture) /* games teach no null label */
        return neap_fail("sample: %s draws by class: expected labels", name);
    return check_tensor("noise", s->noise, neap_dims(s->count, latent));
}

static int check_start(const neap_sampling *s, neap_spec spec)
{
    const neap_shape pictures = neap_dims(s->count, spec.height, spec.width, spec.channels);
    if (!(s->level >= 0 && s->level < 1))
        return neap_fail("sample: level: expected a time above 0 and below 1, got %g", s->level);
    if ((s->level > 0 || s->keep || s->invert) && !s->picture)
        return neap_fail("sample: %s needs a picture", s->invert ? "an inversion" : s->keep ? "keep" : "a level");
    if (s->invert && (s->level > 0 || s->keep))
        return neap_fail("sample: an inversion takes neither level nor keep");
    if (s->picture && !s->invert && !s->keep && s->level == 0)
        return neap_fail("sample: a picture needs a level, keep or an inversion");
    return check_tensor("picture", s->picture, pictures) || check_tensor("noise", s->noise, pictures) ||
                   check_tensor("keep", s->keep, neap_dims(s->count, spec.height, spec.width, 1))
               ? -1
               : 0;
}

static int check_worse(const neap_sampling *s, neap_spec spec)
{
    if (!s->worse)
        return 0;
    neap_spec other = neap_network_spec(s->worse);
    if (neap_network_require(s->worse, "sample: the worse network", (const char *const[]){"velocity", NULL}) < 0)
        return -1;
    if (other.height == spec.height && other.width == spec.width && other.channels == spec.channels &&
        other.classes == spec.classes)
        return 0;
    return neap_fail("sample: the worse network: expected [%lld, %lld, %lld] and %lld classes, got [%lld, %lld, %lld] and %lld",
                     (long long)spec.height, (long long)spec.width, (long long)spec.channels, (long long)spec.classes,
                     (long long)other.height, (long long)other.width, (long long)other.channels, (long long)other.classes);
}

/* Guidances combine velocities: a sampler that asks for none would pass one over in silence. */
static int check_guidance(const neap_sampling *s, const char *const *needs)
{
    for (int i = 0; s->guidance && needs[i]; i++)
        if (strcmp(needs[i], "velocity") == 0)
            return neap_instance_check(s->guidance);
    return s->guidance ? neap_fail("sample: %s takes no guidance, for it asks for no velocity; got %s",
                                   neap_instance_component(s->sampler)->name, neap_instance_component(s->guidance)->name)
                       : 0;
}

static int check(neap_network *network, const neap_sampling *s)
{
    const neap_component *sampler = neap_instance_component(s->sampler);
    const neap_sampler *functions = sampler->functions;
    neap_spec spec = neap_network_spec(network);
    if (neap_instance_check(s->sampler) < 0 || neap_network_require(network, sampler->name, functions->needs) < 0 ||
        check_guidance(s, functions->needs) < 0)
        return -1;
    if (s->count < 1 || s->batch < 0)
        return neap_fail("sample: expected a count from 1 and a batch from 0, got %lld and %lld", (long long)s->count,
                         (long long)s->batch);
    const int64_t latent = latent_of(network, s);
    if (check_labels(s, spec.classes) < 0 || (latent ? check_latent(s, latent, spec.classes) : check_start(s, spec)) < 0)
        return -1;
    return check_worse(s, spec);
}

/* --- One batch ------------------------------------------------------------------------------------------------------- */

typedef struct part {
    const neap_sampling *s;
    neap_spec spec;
    int64_t latent; /* see latent_of */
    int64_t first, batch;
} part;

static neap_tensor *rows_of(const part *p, neap_tensor *x)
{
    return x ? neap_contiguous(neap_slice(x, 0, p->first, p->first + p->batch)) : NULL;
}

static neap_shape pictures_of(const part *p)
{
    return neap_dims(p->batch, p->spec.height, p->spec.width, p->spec.channels);
}

/* The labels of this part, and the null ones in the same form: numbers, or rows of weights. */
static void give_labels(neap_conditional *c, const part *p)
{
    int64_t classes = p->spec.classes;
    if (!classes)
        return;
    c->null_labels = neap_full(NEAP_I32, neap_dims(p->batch), (double)classes);
    c->labels = c->null_labels;
    if (p->s->labels)
        c->labels = neap_from(NEAP_I32, neap_dims(p->batch), p->s->labels + p->first);
    if (!p->s->mixture)
        return;
    c->labels = rows_of(p, p->s->mixture);
    c->null_labels = neap_pad(neap_full(NEAP_F32, neap_dims(p->batch, 1), 1), (int64_t[]){0, 0, classes, 0});
}

static neap_tensor *keep_of(const part *p)
{
    neap_tensor *keep = rows_of(p, p->s->keep);
    return keep ? neap_contiguous(neap_expand(neap_gt(keep, neap_scalar(0.5)), pictures_of(p))) : NULL;
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
    const neap_shape noise = p->latent ? neap_dims(p->batch, p->latent) : pictures_of(p);
    return (neap_mask){keep_of(p), rows_of(p, s->picture),
                       s->noise ? rows_of(p, s->noise) : neap_sample_noise(s->seed, p->first, noise)};
}

static neap_tensor *walk_part(const part *p, neap_guided *g)
{
    const neap_sampling *s = p->s;
    const neap_sampler *sampler = neap_instance_component(s->sampler)->functions;
    const neap_random path = neap_random_fork((neap_random){s->seed, 0}, "path");
    neap_field field = neap_guided_field(g);
    field.first = (uint64_t)p->first;
    field.from = s->invert ? 0 : s->level > 0 ? s->level : 1;
    field.to = s->invert;
    neap_tensor *x = start_of(s, &g->mask);
    if (!x || neap_failed() || (s->watch && s->watch->step(s->watch->user, 0, 0, field.from, x)))
        return NULL;
    x = sampler->sample(neap_instance_config(s->sampler), &field, x, path, s->watch);
    const bool pictures = x && neap_shape_equal(neap_shape_of(x), pictures_of(p));
    return pictures ? neap_mask_kept(&g->mask, x, neap_zeros(NEAP_F64, neap_dims(p->batch))) : x;
}

static neap_tensor *sample_part(neap_network *network, const part *p)
{
    const neap_sampling *s = p->s;
    neap_guided g = {.network = network, .worse = s->worse, .guidance = s->guidance, .batch = p->batch,
                     .evaluations = neap_calloc((size_t)p->batch, sizeof *g.evaluations)};
    if (!g.evaluations)
        return NULL;
    g.conditional.rows = neap_arange(NEAP_I32, 0, 1, p->batch);
    give_labels(&g.conditional, p);
    g.mask = mask_of(p);
    neap_tensor *x = walk_part(p, &g);
    for (int64_t i = 0; s->evaluations && i < p->batch; i++)
        if (*s->evaluations < g.evaluations[i])
            *s->evaluations = g.evaluations[i];
    neap_free(g.evaluations);
    return x;
}

/* A sampler's result must be as many pictures, or there is no room for it. */
static int check_result(const part *p, const neap_tensor *x)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    const char *name = neap_instance_component(p->s->sampler)->name;
    if (neap_failed()) /* a picture beside a message is not whole */
        return -1;
    if (!x)
        return neap_fail("%s: gave nothing and no message", name);
    if (neap_shape_equal(neap_shape_of(x), pictures_of(p)))
        return 0;
    return neap_fail("%s: expected %s, got %s", name, neap_shape_text(pictures_of(p), want),
                     neap_shape_text(neap_shape_of(x), got));
}

/* Appends one part to the result, letting go of all that made it. */
static int append(neap_network *network, const part *p, float *out)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = sample_part(network, p);
    int status = check_result(p, x);
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
    if (s->evaluations)
        *s->evaluations = 0;
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false), trained = neap_training_set(false);
    neap_tensor *result = neap_empty(NEAP_F32, neap_dims(s->count, spec.height, spec.width, spec.channels));
    float *out = neap_data(result);
    int status = out ? 0 : -1;
    for (int64_t first = 0; status == 0 && first < s->count; first += batch) {
        const part p = {s, spec, latent_of(network, s), first, s->count - first < batch ? s->count - first : batch};
        status = append(network, &p, out + first * size);
    }
    neap_record(recorded);
    neap_training_set(trained);
    neap_tensor *kept = status == 0 ? result : NULL;
    if (status < 0)
        neap_fail_in("sample");
    return neap_scope_return(scope, kept);
}
