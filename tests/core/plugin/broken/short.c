/* Sound, and compiled against a header whose architecture ended with `spec` and `velocity`: later members are missing. */
#include "broken.h"

#include <neap/memory.h>
#include <neap/ops.h>

typedef struct short_architecture {
    size_t size;
    void *(*build)(const void *config, neap_model *model);
    void (*destroy)(void *self);
    int (*spec)(const void *self, neap_spec *out);
    neap_tensor *(*velocity)(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition);
} short_architecture;

/* A spec that ended with its classes. */
typedef struct short_spec {
    size_t size;
    int64_t height, width, channels, classes;
} short_spec;

static void *build(const void *config, neap_model *model)
{
    (void)config;
    return neap_model_parameter(model, neap_dims(1), (neap_init){NEAP_INIT_ONE, 0}, "weight") ? neap_calloc(1, 1) : NULL;
}

static int spec(const void *self, neap_spec *out)
{
    const short_spec own = {out->size, 1, 1, 2, 0};
    (void)self;
    memcpy(out, &own, sizeof own);
    return 0;
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)self, (void)t, (void)condition;
    return neap_affine(x, 2, 0);
}

/* What lies behind the struct must not be read as a function. */
static const struct {
    short_architecture functions;
    uintptr_t garbage[16];
} own = {{sizeof(short_architecture), build, neap_free, spec, velocity}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};

static const neap_param no_params[] = {NEAP_PARAMS_END};
static const neap_component components[] = {
    {"architecture/2", "short", "Twice x.", 0, no_params, &own.functions},
    {0},
};

NEAP_PLUGIN(short) = {NEAP_ABI, sizeof(neap_plugin), "short", "1", "MIT", "An older architecture.", components};
