/*
 * For plugins that have one fault each: a sound sampler, and a constructor that leaves a trace when code of the shared
 * object runs. The test looks for the trace, in the environment variable NEAP_BROKEN_RAN.
 */
#ifndef NEAP_BROKEN_H
#define NEAP_BROKEN_H

#include <stdlib.h>

#include <neap/plugin.h>

__attribute__((constructor)) static void leave_trace(void)
{
    setenv("NEAP_BROKEN_RAN", "1", 1);
}

static inline neap_tensor *give_noise(const void *config, const neap_field *field, neap_tensor *noise,
                                      neap_random random, const neap_watch *watch)
{
    (void)config, (void)field, (void)random, (void)watch;
    return noise;
}

typedef struct drift_config {
    int64_t steps;
    double scale;
} drift_config;

static const char *const drift_needs[] = {NULL};
static const neap_param drift_params[] = {
    NEAP_INT(drift_config, steps, 10, 1, 100, "steps"),
    NEAP_REAL(drift_config, scale, 1.5, 0, 2, "scale"),
    NEAP_PARAMS_END,
};
static const neap_sampler drift_functions = {sizeof drift_functions, drift_needs, give_noise};

#define DRIFT(name) {"sampler/2", name, "Gives back the noise.", sizeof(drift_config), drift_params, &drift_functions}

#endif
