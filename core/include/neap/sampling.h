/*
 * For plugins that sample or guide: grids of times, the walk along one, guidances that stand on each other.
 */
#ifndef NEAP_SAMPLING_H
#define NEAP_SAMPLING_H

#include <neap/plugin.h>
#include <neap/registry.h>

/* --- Grids of times -------------------------------------------------------------------------------------------------- */

/* How a sampler's way is cut: `steps` steps of equal length, pushed towards noise by `shift` (t' = s t / (1 + (s - 1) t);
 * Esser et al. 2024), or at the times given. */
typedef struct neap_grid {
    int64_t steps;
    double shift;
    const char *times; /* "1 0.75 0.5 0": descending, from 1 to 0; "" or NULL: none given */
} neap_grid;

/* Rows for a parameter table whose config has a neap_grid named `grid`. */
#define NEAP_GRID_PARAMS(config, default_steps)                                                                      \
    {"steps", NEAP_PARAM_INT, offsetof(config, grid.steps), false, default_steps, 1, 100000, NULL, NULL, "Steps."},  \
        {"shift", NEAP_PARAM_REAL, offsetof(config, grid.shift), false, 1, 0.01, 100, NULL, NULL,                    \
         "Above 1, more of the steps lie near the noise; 1: even steps."},                                           \
        {"times", NEAP_PARAM_TEXT, offsetof(config, grid.times), false, 0, 0, 0, "", NULL,                           \
         "The times themselves, descending from 1 to 0, in place of steps and shift."}

/* The times from `from` to `to`, *steps + 1 of them, both ends included; ascending where from < to. Of a grid of given times
 * the part between the two ends is taken. The caller frees them with neap_free. NULL with a message where the given times
 * are no such list. */
double *neap_grid_times(const neap_grid *grid, double from, double to, int64_t *steps);

/* --- The walk -------------------------------------------------------------------------------------------------------- */

typedef struct neap_leg {
    double t, next;      /* next > t in an inversion */
    int64_t step, steps; /* step from 0 */
} neap_leg;

/* One step: x at leg.t to x at leg.next. Runs in a scope of its own. */
typedef neap_tensor *neap_advance(void *self, const neap_field *field, neap_tensor *x, neap_leg leg);

/* All steps of the grid; memory stays at one step's. The result belongs to the caller's scope. */
neap_tensor *neap_walk(const neap_grid *grid, const neap_field *field, neap_tensor *x, const neap_watch *watch,
                       neap_advance *advance, void *self);

/* --- Guidance -------------------------------------------------------------------------------------------------------- */

/* The velocity by a guidance, or the conditional one where it is NULL; `conditional` as in guidance/1. */
neap_tensor *neap_guided_velocity(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x, double t,
                                  neap_tensor **conditional);

#endif
