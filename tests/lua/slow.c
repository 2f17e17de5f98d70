/*
 * A plugin for tests of Ctrl-C: an architecture of one parameter for points of the plane. While a file `slow` exists, a call
 * applies ops until one fails; while `stuck` exists, it loops without any. It says so on standard error first.
 */
#include <stdio.h>
#include <unistd.h>

#include <neap/error.h>
#include <neap/memory.h>
#include <neap/ops.h>
#include <neap/plugin.h>

typedef struct config {
    int64_t size;
} config;

typedef struct slow {
    const config *config;
    neap_tensor *weight;
} slow;

static void *build(const void *settings, neap_model *model)
{
    slow *s = neap_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = settings;
    s->weight = neap_model_parameter(model, neap_dims(s->config->size), (neap_init){NEAP_INIT_NORMAL, 1}, "weight");
    if (s->weight)
        return s;
    neap_free(s);
    return NULL;
}

static void destroy(void *self)
{
    neap_free(self);
}

static int spec(const void *self, neap_spec *out)
{
    (void)self;
    return neap_spec_fill(out, (neap_spec){.height = 1, .width = 1, .channels = ((const slow *)self)->config->size});
}

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

static void work(neap_tensor *x)
{
    say("many ops\n");
    while (x)
        x = neap_affine(x, 1, 0);
}

static void hang(void)
{
    volatile int count = 0;
    say("no ops\n");
    for (;;)
        count = !count;
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    const slow *s = self;
    (void)t, (void)condition;
    if (access("slow", F_OK) == 0) {
        work(x);
        return NULL;
    }
    if (access("stuck", F_OK) == 0)
        hang();
    return neap_mul(x, s->weight);
}

static const neap_architecture functions = {.size = sizeof functions, .build = build, .destroy = destroy, .spec = spec,
                                            .velocity = velocity};

static const neap_param params[] = {
    NEAP_INT(config, size, 2, 1, 8, "Dimensions."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(slow) = NEAP_ONE_COMPONENT("slow", "1.0.0", "MIT", "Loops while a file exists.", "architecture/2", config, params,
                                       functions);
