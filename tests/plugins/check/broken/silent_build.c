/* An architecture that fails without a message. */
#include "faulty.h"

static void *build_nothing(const void *config, neap_model *model)
{
    (void)config, (void)model;
    return NULL;
}

static neap_tensor *velocity(void *self, neap_tensor *x, neap_tensor *t, const neap_condition *condition)
{
    (void)self, (void)t, (void)condition;
    return x;
}

static const neap_architecture functions = {.size = sizeof functions, .build = build_nothing, .destroy = neap_free,
                                            .spec = faulty_spec, .velocity = velocity};
FAULTY_PLUGIN(silent_build, "architecture/2", functions);
