/* A network: an architecture built into a model, called with checks. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/run.h>

struct neap_network {
    neap_instance *instance;
    const neap_architecture *functions;
    neap_model *model;
    void *self;
    neap_instance *objective; /* or NULL */
};

static const char *name_of(const neap_network *network)
{
    return neap_instance_component(network->instance)->name;
}

neap_network *neap_network_new(neap_instance *architecture, uint64_t seed)
{
    return neap_network_new_within(architecture, seed, INT64_MAX);
}

neap_network *neap_network_new_within(neap_instance *architecture, uint64_t seed, int64_t elements)
{
    if (!architecture || neap_instance_check(architecture) < 0)
        return NULL;
    neap_network *network = neap_calloc(1, sizeof *network);
    if (!network)
        return NULL;
    network->instance = neap_instance_keep(architecture);
    network->functions = neap_instance_component(architecture)->functions;
    network->model = neap_model_new(seed);
    if (network->model)
        neap_model_limit(network->model, elements);
    if (network->model)
        network->self = network->functions->build(neap_instance_config(architecture), network->model);
    if (!network->self) {
        neap_fail_in(name_of(network));
        neap_network_free(network);
        return NULL;
    }
    return network;
}

void neap_network_free(neap_network *network)
{
    if (!network)
        return;
    if (network->self)
        network->functions->destroy(network->self);
    neap_model_free(network->model);
    neap_instance_release(network->instance);
    neap_instance_release(network->objective);
    neap_free(network);
}

neap_model *neap_network_model(const neap_network *network)
{
    return network->model;
}

neap_instance *neap_network_instance(const neap_network *network)
{
    return network->instance;
}

neap_spec neap_network_spec(const neap_network *network)
{
    return network->functions->spec(network->self);
}

int64_t neap_network_latent(const neap_network *network)
{
    return network->functions->latent ? network->functions->latent(network->self) : 0;
}

void neap_network_set_objective(neap_network *network, neap_instance *objective)
{
    neap_instance *before = network->objective;
    network->objective = neap_instance_keep(objective);
    neap_instance_release(before);
}

neap_instance *neap_network_objective(const neap_network *network)
{
    return network->objective;
}

/* --- What it offers ---------------------------------------------------------------------------------------------- */

#define OFFERS 7
static const char *const offers[OFFERS] = {"velocity", "generate", "discriminate", "encode", "decode",
                                           "classify", "average"};

static bool has(const neap_network *network, int offer)
{
    const neap_architecture *f = network->functions;
    const bool there[OFFERS] = {f->velocity, f->generate, f->discriminate, f->encode, f->decode,
                                f->classify, f->average};
    return there[offer];
}

bool neap_network_offers(const neap_network *network, const char *what)
{
    for (int i = 0; i < OFFERS; i++)
        if (strcmp(offers[i], what) == 0)
            return has(network, i);
    return false;
}

int neap_network_require(const neap_network *network, const char *who, const char *const *needs)
{
    char list[128] = "";
    for (int i = 0; i < OFFERS; i++)
        if (has(network, i))
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s'%s'", *list ? ", " : "", offers[i]);
    for (; *needs; needs++)
        if (!neap_network_offers(network, *needs))
            return neap_fail("%s needs '%s'; %s offers %s", who, *needs, name_of(network), *list ? list : "nothing");
    return 0;
}

/* --- Calls ------------------------------------------------------------------------------------------------------- */

static int check_picture(const neap_tensor *x, neap_spec spec)
{
    char got[NEAP_SHAPE_TEXT];
    if (neap_rank(x) != 4 || neap_dim(x, 1) != spec.height || neap_dim(x, 2) != spec.width || neap_dim(x, 3) != spec.channels)
        return neap_fail("x: expected [*, %lld, %lld, %lld], got %s", (long long)spec.height, (long long)spec.width,
                         (long long)spec.channels, neap_shape_text(neap_shape_of(x), got));
    return 0;
}

static neap_tensor *null_labels(int64_t batch, int64_t classes)
{
    return neap_full(NEAP_I32, neap_dims(batch), (double)classes);
}

/* Numbers, or weights of the rows of the label table. */
static bool are_labels(const neap_tensor *labels, int64_t batch, int64_t classes)
{
    if (neap_dtype_of(labels) == NEAP_F32)
        return neap_shape_equal(neap_shape_of(labels), neap_dims(batch, classes + 1));
    return neap_dtype_of(labels) == NEAP_I32 && neap_shape_equal(neap_shape_of(labels), neap_dims(batch));
}

/* Labels as the architecture wants them: none where it has no classes, null ones where the caller gave none. */
static int fit_labels(neap_spec spec, int64_t batch, neap_tensor **labels)
{
    char got[NEAP_SHAPE_TEXT];
    if (spec.classes == 0)
        *labels = NULL;
    else if (!*labels)
        return (*labels = null_labels(batch, spec.classes)) ? 0 : -1;
    else if (!are_labels(*labels, batch, spec.classes))
        return neap_fail("labels: expected i32 [%lld], got %s %s", (long long)batch, neap_dtype_name(neap_dtype_of(*labels)),
                         neap_shape_text(neap_shape_of(*labels), got));
    return 0;
}

/* No labels stand for null ones, unless a failed call was to make them. */
static bool lost(const neap_tensor *labels)
{
    return !labels && neap_failed();
}

static neap_tensor *named(const neap_network *network, neap_tensor *result)
{
    if (!result) {
        neap_fail("gave nothing and no message");
        neap_fail_in(name_of(network));
    }
    return result;
}

static int require_one(const neap_network *network, const char *what)
{
    return neap_network_require(network, "the call", (const char *const[]){what, NULL});
}

/* What follows relies on the shape that architectures promise: sums would broadcast another one. */
static neap_tensor *like(neap_tensor *v, const neap_tensor *x)
{
    char want[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (!v || neap_shape_equal(neap_shape_of(v), neap_shape_of(x)))
        return v;
    return neap_fail_null("velocity: expected %s, got %s", neap_shape_text(neap_shape_of(x), want),
                          neap_shape_text(neap_shape_of(v), got));
}

static int check_time(const char *name, const neap_tensor *t, const neap_tensor *x)
{
    char got[NEAP_SHAPE_TEXT];
    if (neap_rank(t) == 1 && neap_dim(t, 0) == neap_dim(x, 0))
        return 0;
    return neap_fail("%s: expected [%lld], got %s", name, (long long)neap_dim(x, 0), neap_shape_text(neap_shape_of(t), got));
}

static neap_tensor *velocity(neap_network *n, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    neap_spec spec = neap_network_spec(n);
    if (check_picture(x, spec) < 0 || fit_labels(spec, neap_dim(x, 0), &labels) < 0 || check_time("t", t, x) < 0)
        return NULL;
    return like(n->functions->velocity(n->self, x, t, labels), x);
}

neap_tensor *neap_network_velocity(neap_network *n, neap_tensor *x, neap_tensor *t, neap_tensor *labels)
{
    return !x || !t || lost(labels) || require_one(n, "velocity") < 0 ? NULL : named(n, velocity(n, x, t, labels));
}

static neap_tensor *generate(neap_network *n, neap_tensor *z, neap_tensor *labels)
{
    const neap_spec spec = neap_network_spec(n);
    const int64_t batch = neap_dim(z, 0), latent = neap_network_latent(n);
    char got[NEAP_SHAPE_TEXT];
    if (latent && !neap_shape_equal(neap_shape_of(z), neap_dims(batch, latent)))
        return neap_fail_null("z: expected [*, %lld], got %s", (long long)latent, neap_shape_text(neap_shape_of(z), got));
    if (fit_labels(spec, batch, &labels) < 0)
        return NULL;
    neap_tensor *x = n->functions->generate(n->self, z, labels);
    return !x || check_picture(x, spec) == 0 ? x : NULL;
}

neap_tensor *neap_network_generate(neap_network *n, neap_tensor *z, neap_tensor *labels)
{
    return !z || lost(labels) || require_one(n, "generate") < 0 ? NULL : named(n, generate(n, z, labels));
}

static neap_tensor *discriminate(neap_network *n, neap_tensor *x, neap_tensor *labels)
{
    neap_spec spec = neap_network_spec(n);
    if (check_picture(x, spec) < 0 || fit_labels(spec, neap_dim(x, 0), &labels) < 0)
        return NULL;
    return n->functions->discriminate(n->self, x, labels);
}

neap_tensor *neap_network_discriminate(neap_network *n, neap_tensor *x, neap_tensor *labels)
{
    return !x || lost(labels) || require_one(n, "discriminate") < 0 ? NULL : named(n, discriminate(n, x, labels));
}

neap_tensor *neap_network_encode(neap_network *n, neap_tensor *x)
{
    if (!x || require_one(n, "encode") < 0)
        return NULL;
    return named(n, check_picture(x, neap_network_spec(n)) < 0 ? NULL : n->functions->encode(n->self, x));
}

neap_tensor *neap_network_decode(neap_network *n, neap_tensor *z)
{
    return !z || require_one(n, "decode") < 0 ? NULL : named(n, n->functions->decode(n->self, z));
}

neap_tensor *neap_network_classify(neap_network *n, neap_tensor *x)
{
    if (!x || require_one(n, "classify") < 0)
        return NULL;
    return named(n, check_picture(x, neap_network_spec(n)) < 0 ? NULL : n->functions->classify(n->self, x));
}

static neap_tensor *average(neap_network *n, neap_tensor *x, neap_tensor *t, neap_tensor *r, neap_tensor *labels)
{
    neap_spec spec = neap_network_spec(n);
    if (check_picture(x, spec) < 0 || fit_labels(spec, neap_dim(x, 0), &labels) < 0)
        return NULL;
    if (check_time("t", t, x) < 0 || check_time("r", r, x) < 0)
        return NULL;
    return like(n->functions->average(n->self, x, t, r, labels), x);
}

neap_tensor *neap_network_average(neap_network *n, neap_tensor *x, neap_tensor *t, neap_tensor *r, neap_tensor *labels)
{
    if (!x || !t || !r || lost(labels) || require_one(n, "average") < 0)
        return NULL;
    return named(n, average(n, x, t, r, labels));
}
