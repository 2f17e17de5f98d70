/* Sampling: where it begins, batch by batch, and a sampler over the field. */
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "run/field.h"
#include "run/network.h"

#define DEFAULT_BATCH 64

/* --- What does not fit is refused before anything is drawn -------------------------------------------------------- */

static int check_tensor(const char *name, neap_tensor *x, neap_shape want)
{
    char wanted[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!x || (neap_dtype_of(x) == NEAP_F32 && neap_shape_equal(neap_shape_of(x), want)))
        return 0;
    return neap_fail("sample: %s: expected f32 %s, got %s %s", name, neap_shape_text(want, wanted),
                     neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
}

/* Labels must name classes; `classes` itself is the null label, and so is -1. */
static int check_labels(neap_tensor *labels, int64_t classes)
{
    neap_tensor *numbers = neap_contiguous(labels);
    const int32_t *label = numbers ? neap_data(numbers) : NULL;
    for (int64_t i = 0; label && i < neap_size(numbers); i++)
        if (label[i] < -1 || label[i] > classes)
            return neap_fail("sample: label: expected 0 to %lld, got %d", (long long)classes - 1, label[i]);
    return label ? 0 : -1;
}

/* A kind that the network does not take would change nothing. */
static int check_condition(neap_network *network, const neap_spec *spec, const neap_sampling *s)
{
    neap_tensor *labels = neap_condition_get(s->condition, NEAP_LABELS);
    if (s->condition && neap_condition_rows(s->condition) != s->count)
        return neap_fail("sample: condition: expected %lld rows, got %lld", (long long)s->count,
                         (long long)neap_condition_rows(s->condition));
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (neap_condition_get(s->condition, kind) && !neap_spec_has(spec, kind))
            return kind == NEAP_LABELS ? neap_fail("sample: labels need a conditional network; this one has no classes")
                                       : neap_fail("sample: %s takes no '%s'", neap_network_name(network),
                                                   neap_condition_kind_name(kind));
    if (labels && neap_dtype_of(labels) == NEAP_I32)
        return check_labels(labels, spec->classes);
    return labels ? check_tensor("mixture", labels, neap_dims(s->count, spec->classes + 1)) : 0;
}

/* Does the sampler begin from latents [B, n] rather than from noise of the pictures' shape? */
static bool takes_latents(const neap_network *network, const neap_sampling *s)
{
    const neap_sampler *sampler = neap_instance_component(s->sampler)->functions;
    for (int i = 0; sampler->needs[i]; i++)
        if (strcmp(sampler->needs[i], "generate") == 0)
            return neap_network_noise_shape(network, 1).rank == 2;
    return false;
}

static int check_latents(neap_network *network, const neap_sampling *s, int64_t classes)
{
    const char *name = neap_instance_component(s->sampler)->name;
    if (s->picture || s->keep || s->invert || s->level > 0)
        return neap_fail("sample: %s draws from latents: it takes no picture, level, keep or inversion", name);
    if (classes && !neap_condition_get(s->condition, NEAP_LABELS)) /* adversarial training teaches no null label */
        return neap_fail("sample: %s draws by class: expected labels", name);
    return check_tensor("noise", s->noise, neap_network_noise_shape(network, s->count));
}

static int check_start(neap_network *network, const neap_sampling *s)
{
    neap_spec shown = {.size = sizeof shown};
    neap_network_picture_spec(network, &shown);
    const neap_shape pictures = neap_dims(s->count, shown.height, shown.width, shown.channels);
    if (!(s->level >= 0 && s->level < 1))
        return neap_fail("sample: level: expected a time above 0 and below 1, got %g", s->level);
    if ((s->level > 0 || s->keep || s->invert) && !s->picture)
        return neap_fail("sample: %s needs a picture", s->invert ? "an inversion" : s->keep ? "keep" : "a level");
    if (s->invert && (s->level > 0 || s->keep))
        return neap_fail("sample: an inversion takes neither level nor keep");
    if (s->picture && !s->invert && !s->keep && s->level == 0)
        return neap_fail("sample: a picture needs a level, keep or an inversion");
    return check_tensor("picture", s->picture, pictures) ||
                   check_tensor("noise", s->noise, neap_network_noise_shape(network, s->count)) ||
                   check_tensor("keep", s->keep, neap_dims(s->count, shown.height, shown.width, 1))
               ? -1
               : 0;
}

/* A network that a guidance compares with must work on the same pictures. */
static int check_network(const neap_instance *guidance, const neap_param *param, const neap_spec *spec)
{
    const neap_network *network = neap_instance_get(guidance, param).network;
    neap_spec other = {.size = sizeof other};
    if (!network)
        return 0;
    neap_network_spec(network, &other);
    if (other.height == spec->height && other.width == spec->width && other.channels == spec->channels &&
        other.classes == spec->classes)
        return 0;
    return neap_fail("sample: %s: %s: expected [%lld, %lld, %lld] and %lld classes, got [%lld, %lld, %lld] and %lld",
                     neap_instance_component(guidance)->name, param->name, (long long)spec->height, (long long)spec->width,
                     (long long)spec->channels, (long long)spec->classes, (long long)other.height, (long long)other.width,
                     (long long)other.channels, (long long)other.classes);
}

/* All networks of a guidance and of those inside it. */
static int check_networks(const neap_instance *guidance, const neap_spec *spec)
{
    const neap_param *param = guidance ? neap_instance_component(guidance)->params : NULL;
    for (; param && param->type != NEAP_PARAM_END; param++) {
        if (param->type == NEAP_PARAM_NETWORK && check_network(guidance, param, spec) < 0)
            return -1;
        if (param->type == NEAP_PARAM_COMPONENT && check_networks(neap_instance_get(guidance, param).component, spec) < 0)
            return -1;
    }
    return 0;
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
    neap_spec spec = {.size = sizeof spec};
    neap_network_spec(network, &spec);
    if (neap_instance_check(s->sampler) < 0 || neap_network_require(network, sampler->name, functions->needs) < 0 ||
        check_guidance(s, functions->needs) < 0)
        return -1;
    if (s->count < 1 || s->batch < 0)
        return neap_fail("sample: expected a count from 1 and a batch from 0, got %lld and %lld", (long long)s->count,
                         (long long)s->batch);
    if (check_condition(network, &spec, s) < 0)
        return -1;
    if ((takes_latents(network, s) ? check_latents(network, s, spec.classes) : check_start(network, s)) < 0)
        return -1;
    return check_networks(s->guidance, &spec);
}

/* --- One batch ------------------------------------------------------------------------------------------------------- */

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

/* The shape of what the network draws: pictures or latents. */
static neap_shape drawn_shape(const part *p)
{
    return neap_dims(p->batch, p->spec.height, p->spec.width, p->spec.channels);
}

/* The condition of this part, prepared once for all steps. */
static int give_condition(neap_conditional *c, const part *p)
{
    const neap_condition *all = p->s->condition;
    neap_tensor *rows = neap_arange(NEAP_I32, (double)p->first, 1, p->batch);
    c->condition = neap_network_prepare(p->network, all ? neap_condition_take(all, rows) : NULL, p->batch);
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
        keep = neap_contiguous(neap_expand(neap_gt(keep, neap_scalar(0.5)), drawn_shape(p)));
    return (neap_mask){keep, neap_network_to_latents(p->network, rows_of(p, s->picture), NULL, 0), noise};
}

static neap_tensor *run_sampler(const part *p, neap_guided *g)
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
    const bool whole = x && neap_shape_equal(neap_shape_of(x), drawn_shape(p));
    return whole ? neap_mask_kept(&g->mask, x, neap_zeros(NEAP_F64, neap_dims(p->batch))) : x;
}

static neap_tensor *sample_part(const part *p)
{
    const neap_sampling *s = p->s;
    neap_guided g = {.network = p->network, .guidance = s->guidance, .batch = p->batch,
                     .evaluations = neap_calloc((size_t)p->batch, sizeof *g.evaluations)};
    if (!g.evaluations)
        return NULL;
    g.conditional.rows = neap_arange(NEAP_I32, 0, 1, p->batch);
    g.mask = mask_of(p);
    neap_tensor *x = give_condition(&g.conditional, p) < 0 ? NULL : run_sampler(p, &g);
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
    if (neap_shape_equal(neap_shape_of(x), drawn_shape(p)))
        return 0;
    return neap_fail("%s: expected %s, got %s", name, neap_shape_text(drawn_shape(p), want),
                     neap_shape_text(neap_shape_of(x), got));
}

/* Pictures of what was drawn: decoded, with the kept pixels as they were given. Noise stays as it is. */
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

/* Appends one part to the result, letting go of all that made it. */
static int append(const part *p, float *out)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *x = sample_part(p);
    int status = check_result(p, x);
    x = status == 0 ? pictures_of(p, x) : NULL;
    if (status == 0)
        status = x ? neap_read(x, NEAP_F32, out) : -1;
    neap_scope_close(scope);
    return status;
}

/* Of an inversion what the network works on, otherwise pictures. */
static neap_shape result_shape(const neap_network *network, const neap_sampling *s)
{
    neap_spec spec = {.size = sizeof spec};
    if (s->invert)
        neap_network_spec(network, &spec);
    else
        neap_network_picture_spec(network, &spec);
    return neap_dims(s->count, spec.height, spec.width, spec.channels);
}

neap_tensor *neap_sample(neap_network *network, const neap_sampling *s)
{
    if (check(network, s) < 0)
        return NULL;
    if (s->evaluations)
        *s->evaluations = 0;
    neap_scope scope = neap_scope_open();
    const bool recorded = neap_record(false), trained = neap_training_set(false);
    neap_tensor *result = neap_empty(NEAP_F32, result_shape(network, s));
    float *out = neap_data(result);
    int status = out ? 0 : -1;
    part p = {.network = network, .s = s, .spec = {.size = sizeof p.spec}, .batch = s->batch ? s->batch : DEFAULT_BATCH};
    neap_network_spec(network, &p.spec);
    for (; status == 0 && p.first < s->count; p.first += p.batch) {
        p.batch = s->count - p.first < p.batch ? s->count - p.first : p.batch;
        status = append(&p, out + p.first * (neap_size(result) / s->count));
    }
    neap_record(recorded);
    neap_training_set(trained);
    neap_tensor *kept = status == 0 ? result : NULL;
    if (status < 0)
        neap_fail_in("sample");
    return neap_scope_return(scope, kept);
}
