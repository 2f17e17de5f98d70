/* The functions that a network may offer: one table of names, members, arguments and results, and the calls through it. */
#include <stdio.h>
#include <string.h>

#include <neap/error.h>

#include "plugin/call.h"
#include "run/network.h"

/* --- The table ------------------------------------------------------------------------------------------------------ */

typedef struct arguments {
    neap_tensor *x, *t, *r; /* x: pictures, latents or noise */
    const neap_condition *condition;
} arguments;

typedef neap_tensor *invoke_fn(const neap_architecture *f, void *self, const arguments *a);
typedef neap_shape shape_fn(const neap_network *network, const neap_tensor *x); /* a size of -1: any */

typedef struct offer {
    const char *name;
    size_t offset;       /* of the member in neap_architecture */
    invoke_fn *invoke;
    shape_fn *input;     /* the shape of x */
    shape_fn *output;
    int times;           /* 0: none; 1: t; 2: t and r */
    bool condition;      /* does it take one? */
    bool open;           /* may more axes follow those of output? */
} offer;

#define INVOKE(name, ...)                                                                                           \
    static neap_tensor *invoke_##name(const neap_architecture *f, void *self, const arguments *a)                   \
    {                                                                                                               \
        return f->name(self, __VA_ARGS__);                                                                          \
    }
INVOKE(velocity, a->x, a->t, a->condition)
INVOKE(average, a->x, a->t, a->r, a->condition)
INVOKE(generate, a->x, a->condition)
INVOKE(discriminate, a->x, a->condition)
INVOKE(encode, a->x)
INVOKE(decode, a->x)
INVOKE(features, a->x)
INVOKE(classify, a->x)

static neap_shape pictures(const neap_network *n, const neap_tensor *x)
{
    return neap_dims(neap_dim(x, 0), n->spec.height, n->spec.width, n->spec.channels);
}

static neap_shape noise(const neap_network *n, const neap_tensor *x)
{
    return neap_network_noise_shape(n, neap_dim(x, 0));
}

static neap_shape latents(const neap_network *n, const neap_tensor *x)
{
    const neap_extent *e = &n->spec.latent;
    return neap_dims(neap_dim(x, 0), e->height, e->width, e->channels);
}

static neap_shape moments(const neap_network *n, const neap_tensor *x)
{
    neap_shape shape = latents(n, x);
    shape.dim[3] *= 2;
    return shape;
}

/* Latents of any size, where the architecture decodes them; their pictures are as many times the usual size. */
static neap_shape decoded_latents(const neap_network *n, const neap_tensor *x)
{
    neap_shape shape = latents(n, x);
    if (n->spec.scales)
        shape.dim[1] = shape.dim[2] = -1;
    return shape;
}

static neap_shape decoded_pictures(const neap_network *n, const neap_tensor *x)
{
    const neap_extent *e = &n->spec.latent;
    return neap_dims(neap_dim(x, 0), neap_dim(x, 1) * n->spec.height / e->height, neap_dim(x, 2) * n->spec.width / e->width,
                     n->spec.channels);
}

static neap_shape rows(const neap_network *n, const neap_tensor *x)
{
    (void)n;
    return neap_dims(neap_dim(x, 0), -1);
}

static neap_shape logits(const neap_network *n, const neap_tensor *x)
{
    return neap_dims(neap_dim(x, 0), n->spec.classes);
}

static neap_shape batch(const neap_network *n, const neap_tensor *x)
{
    (void)n;
    return neap_dims(neap_dim(x, 0));
}

#define OFFER(name, ...) {#name, offsetof(neap_architecture, name), invoke_##name, __VA_ARGS__}
enum { VELOCITY, GENERATE, DISCRIMINATE, ENCODE, DECODE, FEATURES, CLASSIFY, AVERAGE, OFFERS };
static const offer offers[OFFERS] = {
    [VELOCITY] = OFFER(velocity, pictures, pictures, 1, true),
    [GENERATE] = OFFER(generate, noise, pictures, 0, true),
    [DISCRIMINATE] = OFFER(discriminate, pictures, batch, 0, true, true),
    [ENCODE] = OFFER(encode, pictures, moments, 0, false),
    [DECODE] = OFFER(decode, decoded_latents, decoded_pictures, 0, false),
    [FEATURES] = OFFER(features, pictures, rows, 0, false),
    [CLASSIFY] = OFFER(classify, pictures, logits, 0, false),
    [AVERAGE] = OFFER(average, pictures, pictures, 2, true),
};

/* --- Queries -------------------------------------------------------------------------------------------------------- */

static const neap_component *component_of(const neap_network *network)
{
    return neap_instance_component(network->instance);
}

static bool has(const neap_network *network, const offer *o)
{
    void (*member)(void) = NULL;
    if (network->functions->size >= o->offset + sizeof member)
        memcpy(&member, (const char *)network->functions + o->offset, sizeof member);
    bool (*offers_it)(const void *, const char *) = NEAP_MEMBER(network->functions, offers);
    return member && (!offers_it || NEAP_CALL(component_of(network), "offers", offers_it(network->self, o->name)));
}

bool neap_network_offers(const neap_network *network, const char *what)
{
    for (int i = 0; i < OFFERS; i++)
        if (strcmp(offers[i].name, what) == 0)
            return has(network, &offers[i]);
    return false;
}

bool neap_network_takes_latents(const neap_network *network)
{
    return network->spec.latent.channels && neap_network_offers(network, "generate");
}

neap_shape neap_network_noise_shape(const neap_network *network, int64_t count)
{
    const neap_spec *s = &network->spec;
    const neap_extent *e = &s->latent;
    if (!neap_network_takes_latents(network))
        return neap_dims(count, s->height, s->width, s->channels);
    return e->height * e->width == 1 ? neap_dims(count, e->channels) : neap_dims(count, e->height, e->width, e->channels);
}

int neap_network_require(const neap_network *network, const char *who, const char *const *needs)
{
    char list[160] = "";
    for (int i = 0; i < OFFERS; i++)
        if (has(network, &offers[i]))
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s'%s'", *list ? ", " : "", offers[i].name);
    for (; *needs; needs++)
        if (!neap_network_offers(network, *needs))
            return neap_fail("%s needs '%s'; %s offers %s", who, *needs, neap_network_name(network), *list ? list : "nothing");
    return 0;
}

/* --- Calls ---------------------------------------------------------------------------------------------------------- */

static bool shape_fits(neap_shape got, neap_shape want, bool open)
{
    bool fits = open ? got.rank >= want.rank : got.rank == want.rank;
    for (int i = 0; fits && i < want.rank; i++)
        fits = want.dim[i] < 0 || got.dim[i] == want.dim[i];
    return fits;
}

static int check_shape(const char *what, const neap_tensor *x, neap_shape want, bool open)
{
    char wanted[NEAP_SHAPE_TEXT], got[NEAP_SHAPE_TEXT];
    if (shape_fits(neap_shape_of(x), want, open))
        return 0;
    return neap_fail("%s: expected %s%s, got %s", what, neap_shape_text(want, wanted), open ? " and any further axes" : "",
                     neap_shape_text(neap_shape_of(x), got));
}

static int check_time(const char *name, const neap_tensor *t, const neap_tensor *x)
{
    return check_shape(name, t, neap_dims(neap_dim(x, 0)), false);
}

static int check_arguments(const neap_network *n, const offer *o, const arguments *a)
{
    const char *x = o == &offers[GENERATE] || o == &offers[DECODE] ? "z" : "x";
    if (check_shape(x, a->x, o->input(n, a->x), false) < 0)
        return -1;
    return (o->times < 1 || check_time("t", a->t, a->x) == 0) && (o->times < 2 || check_time("r", a->r, a->x) == 0) ? 0 : -1;
}

static neap_tensor *call_fitted(neap_network *n, const offer *o, arguments a)
{
    neap_condition *condition = NULL;
    if (check_arguments(n, o, &a) < 0 || (o->condition && neap_condition_fit(n, a.condition, neap_dim(a.x, 0), &condition) < 0))
        return NULL;
    a.condition = condition;
    const bool failed = neap_failed();
    neap_tensor *result = NEAP_CALL(component_of(n), o->name, o->invoke(n->functions, n->self, &a));
    if (!result)
        neap_call_fail(component_of(n), o->name, "returned NULL without a message");
    if (!result || (neap_failed() && !failed)) /* a result beside a message, which a failed call has left, is no result */
        return NULL;
    return check_shape(o->name, result, o->output(n, a.x), o->open) == 0 ? result : NULL;
}

/* NULL as the condition is valid, unless a message says that making it has failed. */
static bool has_failed_argument(const offer *o, const arguments *a)
{
    return !a->x || (o->times > 0 && !a->t) || (o->times > 1 && !a->r) || (o->condition && !a->condition && neap_failed());
}

static neap_tensor *call(neap_network *n, int index, arguments a)
{
    const offer *o = &offers[index];
    if (has_failed_argument(o, &a) || neap_network_require(n, "the call", (const char *const[]){o->name, NULL}) < 0)
        return NULL;
    const bool training = n->frozen && neap_training_set(false);
    neap_tensor *result = call_fitted(n, o, a);
    if (training)
        neap_training_set(true);
    if (!result)
        neap_fail_in(neap_network_name(n));
    return result;
}

neap_tensor *neap_network_velocity(neap_network *n, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    return call(n, VELOCITY, (arguments){.x = x, .t = t, .condition = condition});
}

neap_tensor *neap_network_average(neap_network *n, neap_tensor *x, neap_tensor *t, neap_tensor *r,
                                  const neap_condition *condition)
{
    return call(n, AVERAGE, (arguments){x, t, r, condition});
}

neap_tensor *neap_network_generate(neap_network *n, neap_tensor *z, const neap_condition *condition)
{
    return call(n, GENERATE, (arguments){.x = z, .condition = condition});
}

neap_tensor *neap_network_discriminate(neap_network *n, neap_tensor *x, const neap_condition *condition)
{
    return call(n, DISCRIMINATE, (arguments){.x = x, .condition = condition});
}

neap_tensor *neap_network_encode(neap_network *n, neap_tensor *x)
{
    return call(n, ENCODE, (arguments){.x = x});
}

neap_tensor *neap_network_decode(neap_network *n, neap_tensor *z)
{
    return call(n, DECODE, (arguments){.x = z});
}

neap_tensor *neap_network_features(neap_network *n, neap_tensor *x)
{
    return call(n, FEATURES, (arguments){.x = x});
}

neap_tensor *neap_network_classify(neap_network *n, neap_tensor *x)
{
    return call(n, CLASSIFY, (arguments){.x = x});
}

neap_condition *neap_network_prepare(neap_network *n, const neap_condition *condition, int64_t batch)
{
    neap_condition *fitted = NULL;
    if (!condition && neap_failed())
        return NULL;
    if (neap_condition_fit(n, condition, batch, &fitted) < 0)
        neap_fail_in(neap_network_name(n));
    return fitted;
}
