/*
 * For plugins that sample or guide: grids of times, samplers of one step at a time, rows of a batch, the reverse SDE, and
 * guidances that modify another one. Tensors that are returned belong to the innermost scope.
 */
#ifndef NEAP_SAMPLING_H
#define NEAP_SAMPLING_H

#include <neap/plugin.h>
#include <neap/registry.h>

/* --- Grids of times ------------------------------------------------------------------------------------------------- */

/* The times of a sampler's steps: either a list, or `steps` equal steps that `shift` moves towards noise (t' = s t / (1 +
 * (s - 1) t); Esser et al. 2024). */
typedef struct neap_grid {
    int64_t steps;
    double shift;
    const char *times; /* "1 0.75 0.5 0": descending, from 1 to 0; "" or NULL: use steps and shift */
} neap_grid;

/* Rows for a parameter table whose config has a neap_grid named `grid`. */
#define NEAP_GRID_PARAMS(config, default_steps)                                                                      \
    {"steps", NEAP_PARAM_INT, offsetof(config, grid.steps), false, default_steps, 1, 100000, NULL, NULL, "Steps."},  \
        {"shift", NEAP_PARAM_REAL, offsetof(config, grid.shift), false, 1, 0.01, 100, NULL, NULL,                    \
         "Above 1, more of the steps lie near the noise; 1: even steps."},                                           \
        {"times", NEAP_PARAM_TEXT, offsetof(config, grid.times), false, 0, 0, 0, "", NULL,                           \
         "The times themselves, descending from 1 to 0, in place of steps and shift."}

/* The *steps + 1 times from `from` to `to`, both in [0, 1] and included; ascending when from < to. Of a list of times,
 * those between the two are used. Free the result with neap_free. NULL with a message when `times` is not a valid list. */
double *neap_grid_times(const neap_grid *grid, double from, double to, int64_t *steps);

/* The config of a sampler that has no other parameters. */
typedef struct neap_grid_config {
    neap_grid grid;
} neap_grid_config;

/* --- Samplers of one step at a time --------------------------------------------------------------------------------- */

typedef struct neap_time_step {
    double t, next;       /* next > t in an inversion */
    int64_t index, count; /* number of this step, from 0, and of all steps */
    neap_random random;   /* the same in every step; see neap_reverse_noise */
} neap_time_step;

/* One step: takes x at step.t and returns x at step.next. neap_integrate calls it in a scope of its own. */
typedef neap_tensor *neap_advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step);

/* Takes all steps of the grid from field->from to field->to and returns x at field->to. Uses the memory of one step.
 * `self` is passed to `advance`; `watch` may be NULL. NULL with a message when a step, the grid or the watch fails. */
neap_tensor *neap_integrate(const neap_grid *grid, const neap_field *field, neap_tensor *x, neap_random random,
                            const neap_watch *watch, neap_advance *advance, void *self);

/*
 * Defines `functions`, the neap_sampler of a method without state between steps. `config` is a type with a neap_grid named
 * `grid`; `advance` receives a copy of the config as self; `need` is what the network must offer. A whole sampler:
 *
 *     static neap_tensor *advance(void *self, const neap_field *field, neap_tensor *x, neap_time_step step) {...}
 *
 *     static const neap_param params[] = {NEAP_GRID_PARAMS(neap_grid_config, 50), NEAP_PARAMS_END};
 *     NEAP_STEP_SAMPLER(functions, "velocity", neap_grid_config, advance);
 *     NEAP_PLUGIN(euler) = NEAP_ONE_COMPONENT("euler", "1.0.0", "MIT", "Explicit Euler steps.", "sampler/2",
 *                                             neap_grid_config, params, functions);
 *
 * A method with a state between steps calls neap_integrate from a `sample` of its own.
 */
#define NEAP_STEP_SAMPLER(functions, need, config, advance)                                                          \
    static neap_tensor *functions##_sample(const void *settings, const neap_field *field, neap_tensor *x,            \
                                           neap_random random, const neap_watch *watch)                              \
    {                                                                                                                \
        config self = *(const config *)settings;                                                                     \
        return neap_integrate(&self.grid, field, x, random, watch, advance, &self);                                  \
    }                                                                                                                \
    static const neap_sampler functions = {sizeof functions, (const char *const[]){need, NULL}, functions##_sample}

/* --- Rows of a batch (see neap_rows in nn.h) ------------------------------------------------------------------------ */

/* The velocity of all samples of the batch at one time. */
neap_tensor *neap_velocity_at(const neap_field *field, neap_tensor *x, double t);

/* --- The reverse SDE ------------------------------------------------------------------------------------------------ */

/*
 * Let p_t be the marginals of the flow dx/dt = v, s = grad log p_t their score, and w(t) >= 0 any function. The SDE that
 * runs down from noise,
 *
 *     dx = (v - w s) dt + sqrt(2 w) dW,    dt < 0, dW of variance |dt|,
 *
 * has the same marginals: in its Fokker-Planck equation w Laplace(p) = w div(p s) cancels what -w s adds. From x_t = (1 -
 * t) x0 + t z follows E[z | x] = x + (1 - t) v, and s = -E[z | x] / t. Here w = strength t, which is 0 at the picture and
 * avoids the division by t: v - w s = v + strength (x + (1 - t) v). (Ma et al. 2024, SiT, section 2, where t = 1 is data,
 * and w is twice this one.)
 */

/* v - w s, of x's shape, for steps x + (next - t) drift. */
neap_tensor *neap_reverse_drift(const neap_field *field, neap_tensor *x, double t, double strength);

/* Noise of x's shape and this variance for one step: a function of (step.random, step.index, number of the sample). */
neap_tensor *neap_reverse_noise(const neap_field *field, neap_tensor *x, neap_time_step step, double variance);

/* Returns -1, with a message that names the sampler, for a step towards noise: an inversion cannot recover the noise that
 * the sampler added. */
int neap_reverse_check(neap_time_step step, const char *sampler);

/* --- Guidance ------------------------------------------------------------------------------------------------------- */

/* The velocity by a guidance; `guidance` NULL: the conditional velocity. `conditional` as in neap_guidance. */
neap_tensor *neap_guided_velocity(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x,
                                  neap_tensor *t, neap_tensor **conditional);

/* Does a guidance, or one inside it, use the velocity under the null condition? NULL: no. */
bool neap_guidance_uses_null(const neap_instance *guidance);

/* Restricts a field to the samples with the indices `rows`, i32 [m] in [0, n), and writes it to *part, whose size the
 * caller sets: neap_conditional part = {.size = sizeof part}. Its tensors belong to the innermost scope. */
int neap_conditional_rows(const neap_conditional *field, neap_tensor *rows, neap_conditional *part);

#endif
