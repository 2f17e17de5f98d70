/* Making a trainer: whether network, data set and objective fit, and the optimizers. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "plugin/call.h"
#include "run/network.h"
#include "run/trainer.h"

/* The names of the kinds that a spec has: "'labels', 'text'", or "nothing". */
static const char *kinds_text(const neap_spec *spec, char text[128])
{
    *text = '\0';
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (kind != NEAP_LENGTHS && neap_spec_has(spec, kind))
            snprintf(text + strlen(text), 128 - strlen(text), "%s'%s'", *text ? ", " : "", neap_condition_kind_name(kind));
    return *text ? text : "nothing";
}

static int check_picture(const neap_spec *n, const neap_spec *s)
{
    const neap_extent *a = &n->picture, *b = &s->picture;
    if (!a->channels || (a->height == b->height && a->width == b->width && a->channels == b->channels))
        return 0;
    return neap_fail("expects the condition 'picture' as [%lld, %lld, %lld]; the data set has [%lld, %lld, %lld]",
                     (long long)a->height, (long long)a->width, (long long)a->channels, (long long)b->height,
                     (long long)b->width, (long long)b->channels);
}

/* Does the data set provide what the network takes? */
static int check_condition(const neap_spec *n, const neap_spec *s, const char *dataset)
{
    char provided[128];
    for (int kind = 0; kind < NEAP_CONDITION_KINDS; kind++)
        if (neap_spec_has(n, kind) && !neap_spec_has(s, kind))
            return neap_fail("takes '%s'; the data set '%s' provides %s", neap_condition_kind_name(kind), dataset,
                             kinds_text(s, provided));
    if (n->classes && s->classes != n->classes)
        return neap_fail("expects %lld classes; the data set has %lld", (long long)n->classes, (long long)s->classes);
    if (n->text && s->text > n->text)
        return neap_fail("expects texts of at most %lld bytes; the data set has up to %lld", (long long)n->text,
                         (long long)s->text);
    return check_picture(n, s);
}

/* Moments must be those that the autoencoder gives, in size and by its weights. */
static int check_moments(const neap_trainer *t, const neap_spec *s)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT], own[NEAP_FINGERPRINT];
    const neap_network *a = neap_network_autoencoder(t->network);
    const char *dataset = neap_instance_component(neap_source_instance(t->source))->name;
    const char *by = neap_source_encoded_by(t->source);
    if (!a)
        return neap_fail("the data set '%s' has latents; expected their autoencoder", dataset);
    const neap_extent *e = &a->spec.latent;
    if (e->height != s->latent.height || e->width != s->latent.width || e->channels != s->latent.channels)
        return neap_fail("expects latents %s of %s; the data set has %s",
                         neap_shape_text(neap_dims(e->height, e->width, e->channels), want), neap_network_name(a),
                         neap_shape_text(neap_dims(s->latent.height, s->latent.width, s->latent.channels), got));
    if (by && strcmp(by, neap_network_fingerprint(a, own)) != 0)
        return neap_fail("the latents of the data set '%s' were encoded by other weights (%s) than those of the autoencoder "
                         "%s (%s); encode them anew", dataset, by, neap_network_name(a), own);
    return 0;
}

/* A flow trains best on data of mean 0 and deviation 1. Latents have neither, so they are normalised by their statistics. */
static int check_statistics(const neap_trainer *t)
{
    const neap_network *a = neap_network_autoencoder(t->network);
    if (!a || neap_autoencoder_measured(a))
        return 0;
    return neap_fail("the autoencoder %s has no mean and deviation of its latents; measure them first: "
                     "autoencoder:measure(data, examples, seed)", neap_network_name(a));
}

static int check_pictures(const neap_trainer *t, const neap_spec *n, const neap_spec *s)
{
    if (s->latent.channels)
        return check_moments(t, s);
    if (n->height != s->height || n->width != s->width || n->channels != s->channels)
        return neap_fail("expects pictures [%lld, %lld, %lld]; the data set has [%lld, %lld, %lld]", (long long)n->height,
                         (long long)n->width, (long long)n->channels, (long long)s->height, (long long)s->width,
                         (long long)s->channels);
    if (neap_network_autoencoder(t->network) && neap_source_couples_noise(t->source))
        return neap_fail("works on latents; the data set couples noise with pictures");
    return 0;
}

static int check_rows(const neap_trainer_config *c)
{
    if (c->batch < 1)
        return neap_fail("train: batch: expected at least 1, got %lld", (long long)c->batch);
    if (c->first < 0 || (c->global ? c->first + c->batch > c->global : c->first))
        return neap_fail("train: rows: expected %lld rows from row %lld to lie in a global batch, got one of %lld",
                         (long long)c->batch, (long long)c->first, (long long)c->global);
    return 0;
}

static int check_fit(const neap_trainer *t)
{
    neap_spec n = {.size = sizeof n}, s = {.size = sizeof s};
    neap_network_picture_spec(t->network, &n);
    neap_source_spec(t->source, &s);
    const neap_component *dataset = neap_instance_component(neap_source_instance(t->source));
    if (neap_network_require(t->network, neap_instance_component(t->instance)->name, t->objective->needs) < 0)
        return -1;
    int (*check)(const void *, neap_network *) = NEAP_MEMBER(t->objective, check);
    const neap_component *c = neap_instance_component(t->instance);
    if (check && NEAP_CALL(c, "check", check(neap_instance_config(t->instance), t->network)) < 0) {
        neap_call_fail(c, "check", "failed without a message");
        return neap_fail_in(c->name);
    }
    if (check_pictures(t, &n, &s) < 0 || check_statistics(t) < 0 || check_condition(&n, &s, dataset->name) < 0)
        return neap_fail_in(neap_instance_component(neap_network_instance(t->network))->name);
    return check_rows(&t->config);
}

/* The settings of a phase: its own, or the common ones when no phase has its own. NULL when only other phases have. */
static const neap_optimizer_config *settings_of(const neap_trainer_config *config, const char *phase)
{
    for (int i = 0; i < config->own_count; i++)
        if (strcmp(config->own[i].phase, phase) == 0)
            return &config->own[i].optimizer;
    return config->own_count ? NULL : &config->optimizer;
}

static bool has_phase(const neap_trainer *t, const char *name)
{
    for (int i = 0; i < t->phases; i++)
        if (strcmp(t->objective->phases[i].name, name) == 0)
            return true;
    return false;
}

static int check_phase_optimizers(const neap_trainer *t)
{
    const char *objective = neap_instance_component(t->instance)->name;
    char list[128] = "";
    for (int i = 0; i < t->phases; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s'%s'", i ? ", " : "", t->objective->phases[i].name);
    for (int i = 0; i < t->config.own_count; i++)
        if (!has_phase(t, t->config.own[i].phase))
            return neap_fail("train: optimizer: %s has no phase '%s'; it has %s", objective, t->config.own[i].phase, list);
    for (int i = 0; i < t->phases; i++)
        if (t->begins[i] && !settings_of(&t->config, t->objective->phases[i].name))
            return neap_fail("train: optimizer: %s has the phases %s; expected one for each, got none for '%s'", objective,
                             list, t->objective->phases[i].name);
    return 0;
}

int64_t neap_trainer_repeats(const neap_trainer *t, int phase)
{
    int64_t (*repeats)(const void *, int) = NEAP_MEMBER(t->objective, repeats);
    const int64_t wanted = repeats ? NEAP_CALL(neap_instance_component(t->instance), "repeats",
                                             repeats(neap_instance_config(t->instance), phase))
                                 : 1;
    return wanted < 1 ? 1 : wanted;
}

/* Makes phase i's optimizer and the names of its reports. */
static int make_phase(neap_trainer *t, int i)
{
    const neap_phase *phase = &t->objective->phases[i];
    neap_optimizer_config settings = *settings_of(&t->config, phase->name);
    const double *least = NEAP_MEMBER(t->objective, least);
    settings.least = least ? least[i] : 0;
    t->optimizer[i] = neap_optimizer_new(neap_network_model(t->network), phase->part, &settings);
    if (!t->optimizer[i])
        return -1;
    t->name[2 * i] = neap_format("loss_%s", phase->name);
    t->name[2 * i + 1] = neap_format("gradient_norm_%s", phase->name);
    return t->name[2 * i] && t->name[2 * i + 1] ? 0 : -1;
}

/* The step at which each phase begins, and the first phase that runs. */
static int place_phases(neap_trainer *t)
{
    int64_t (*begins)(const void *, int) = NEAP_MEMBER(t->objective, begins);
    for (int i = 0; i < t->phases; i++)
        t->begins[i] = begins ? NEAP_CALL(neap_instance_component(t->instance), "begins",
                                          begins(neap_instance_config(t->instance), i))
                              : 1;
    while (t->first < t->phases && !t->begins[t->first])
        t->first++;
    if (t->first < t->phases && t->begins[t->first] == 1)
        return 0;
    return neap_fail("%s: expected a phase that begins at step 1", neap_instance_component(t->instance)->name);
}

static int make_phases(neap_trainer *t)
{
    int most = 0;
    while (t->objective->phases[t->phases].name)
        t->phases++;
    t->begins = neap_calloc((size_t)t->phases, sizeof *t->begins);
    t->optimizer = neap_calloc((size_t)t->phases, sizeof *t->optimizer);
    t->name = neap_calloc(2 * (size_t)t->phases, sizeof *t->name);
    if (!t->begins || !t->optimizer || !t->name || place_phases(t) < 0 || check_phase_optimizers(t) < 0)
        return -1;
    for (int i = t->first; i < t->phases; i++) {
        if (!t->begins[i])
            continue;
        if (make_phase(t, i) < 0)
            return -1;
        const int count = neap_optimizer_count(t->optimizer[i]);
        const int64_t rounds = neap_trainer_repeats(t, i);
        most = count > most ? count : most;
        t->rounds = rounds > t->rounds ? rounds : t->rounds;
    }
    t->gradients = neap_calloc((size_t)most, sizeof *t->gradients);
    t->arena = neap_arena_new();
    return t->gradients && t->arena ? 0 : -1;
}

static int check_frozen(const neap_network *network)
{
    return neap_network_frozen(network) ? neap_fail("train: %s is frozen: it is a parameter or the autoencoder of another",
                                                    neap_instance_component(neap_network_instance(network))->name)
                                        : 0;
}

neap_trainer *neap_trainer_new(neap_network *network, neap_source *source, neap_instance *objective,
                               const neap_trainer_config *config)
{
    if (!network || !source || !objective || neap_instance_check(objective) < 0)
        return NULL;
    neap_trainer *t = neap_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->network = network;
    t->source = source;
    t->instance = neap_instance_keep(objective);
    t->objective = neap_instance_component(objective)->functions;
    t->config = *config;
    if (check_frozen(network) < 0 || check_fit(t) < 0 || make_phases(t) < 0) {
        neap_trainer_free(t);
        return NULL;
    }
    t->config.own = NULL;
    neap_network_set_objective(network, objective);
    return t;
}

void neap_trainer_free(neap_trainer *t)
{
    if (!t)
        return;
    for (int i = 0; t->optimizer && i < t->phases; i++)
        neap_optimizer_free(t->optimizer[i]);
    for (int i = 0; t->name && i < 2 * t->phases; i++)
        neap_free(t->name[i]);
    neap_free(t->begins);
    neap_free(t->optimizer);
    neap_free(t->name);
    neap_free(t->gradients);
    neap_arena_free(t->arena);
    neap_instance_release(t->instance);
    neap_free(t);
}

int neap_trainer_optimizers(const neap_trainer *t)
{
    int count = 0;
    for (int i = 0; i < t->phases; i++)
        count += t->optimizer[i] != NULL;
    return count;
}

neap_optimizer *neap_trainer_optimizer(const neap_trainer *t, int index)
{
    for (int i = 0; i < t->phases; i++)
        if (t->optimizer[i] && index-- == 0)
            return t->optimizer[i];
    return NULL;
}
