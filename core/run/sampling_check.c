/* Checks of a sampling's settings against network, sampler and guidance, before anything is drawn. */
#include <string.h>

#include <neap/error.h>

#include "run/field.h"
#include "run/network.h"

static int check_tensor(const char *name, neap_tensor *x, neap_shape want)
{
    char wanted[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!x || (neap_dtype_of(x) == NEAP_F32 && neap_shape_equal(neap_shape_of(x), want)))
        return 0;
    return neap_fail("sample: %s: expected f32 %s, got %s %s", name, neap_shape_text(want, wanted),
                     neap_dtype_name(neap_dtype_of(x)), neap_shape_text(neap_shape_of(x), got));
}

/* Labels are classes, or the null class: `classes` or -1. */
static int check_labels(neap_tensor *labels, int64_t classes)
{
    neap_tensor *numbers = neap_contiguous(labels);
    const int32_t *label = numbers ? neap_data(numbers) : NULL;
    for (int64_t i = 0; label && i < neap_size(numbers); i++)
        if (label[i] < -1 || label[i] > classes)
            return neap_fail("sample: label: expected 0 to %lld, got %d", (long long)classes - 1, label[i]);
    return label ? 0 : -1;
}

/* Refuses a kind that the network does not take, which would have no effect. `name`: condition or negative. */
static int check_condition(neap_network *network, const neap_spec *spec, const char *name, const neap_condition *c,
                           int64_t count)
{
    neap_tensor *labels = neap_condition_get(c, NEAP_LABELS);
    if (c && neap_condition_rows(c) != count)
        return neap_fail("sample: %s: expected %lld rows, got %lld", name, (long long)count,
                         (long long)neap_condition_rows(c));
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (neap_condition_get(c, kind) && !neap_spec_has(spec, kind))
            return kind == NEAP_LABELS ? neap_fail("sample: labels need a conditional network; this one has no classes")
                                       : neap_fail("sample: %s takes no '%s'", neap_network_name(network),
                                                   neap_condition_kind_name(kind));
    if (labels && neap_dtype_of(labels) == NEAP_I32)
        return check_labels(labels, spec->classes);
    return labels ? check_tensor("mixture", labels, neap_dims(count, spec->classes + 1)) : 0;
}

/* Refuses a negative condition that nothing would be led away from. */
static int check_negative(const neap_sampling *s)
{
    if (!s->negative || neap_guidance_uses_null(s->guidance))
        return 0;
    if (!s->guidance)
        return neap_fail("sample: negative: needs a guidance such as cfg that leads away from it");
    return neap_fail("sample: negative: the guidance %s, as it is set, uses no null condition, whose place it would take",
                     neap_instance_component(s->guidance)->name);
}

/* Does the sampler start from a generator's latents, and not from noise of the pictures' shape? */
static bool takes_latents(const neap_network *network, const neap_sampling *s)
{
    const neap_sampler *sampler = neap_instance_component(s->sampler)->functions;
    for (int i = 0; sampler->needs[i]; i++)
        if (strcmp(sampler->needs[i], "generate") == 0)
            return neap_network_takes_latents(network);
    return false;
}

static int check_latents(neap_network *network, const neap_sampling *s, int64_t classes)
{
    const char *name = neap_instance_component(s->sampler)->name;
    if (s->picture || s->keep || s->invert || s->level > 0)
        return neap_fail("sample: %s draws from latents: it takes no picture, level, keep or inversion", name);
    if (classes && !neap_condition_get(s->condition, NEAP_LABELS)) /* adversarial training does not train the null class */
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

/* The networks that a guidance evaluates must have the sizes of the sampled one. */
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

/* Checks all networks of a guidance and of the guidances inside it. */
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

/* Refuses a guidance for a sampler that uses no velocity, which would ignore it. */
static int check_guidance(const neap_sampling *s, const char *const *needs)
{
    for (int i = 0; s->guidance && needs[i]; i++)
        if (strcmp(needs[i], "velocity") == 0)
            return neap_instance_check(s->guidance);
    return s->guidance ? neap_fail("sample: %s takes no guidance, for it asks for no velocity; got %s",
                                   neap_instance_component(s->sampler)->name, neap_instance_component(s->guidance)->name)
                       : 0;
}

int neap_sampling_check(neap_network *network, const neap_sampling *s)
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
    if (check_condition(network, &spec, "condition", s->condition, s->count) < 0 ||
        check_condition(network, &spec, "negative", s->negative, s->count) < 0 || check_negative(s) < 0)
        return -1;
    if ((takes_latents(network, s) ? check_latents(network, s, spec.classes) : check_start(network, s)) < 0)
        return -1;
    return check_networks(s->guidance, &spec);
}
