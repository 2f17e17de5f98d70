/*
 * Guidance in a limited interval (Kynkaanniemi et al. 2024): the given guidance at times in [low, high], the
 * conditional velocity outside. Near noise guidance reduces variety, and near the picture it costs evaluations
 * without an effect. If samples are at different times, those inside and those outside are evaluated separately, so
 * that guidance is computed only inside.
 */
#include <neap/error.h>
#include <neap/sampling.h>

typedef struct config {
    const neap_instance *of;
    double low, high;
} config;

/* Orders the rows, those inside first; returns the number of those. Row i is row place[i] of that order. */
static int64_t sort_rows(const config *c, const double *t, int64_t n, int32_t *row, int32_t *place)
{
    int64_t count = 0, inside = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++) {
            if ((t[i] >= c->low && t[i] <= c->high) != (pass == 0))
                continue;
            row[count] = (int32_t)i;
            place[i] = (int32_t)count++;
        }
        inside = pass == 0 ? count : inside;
    }
    return inside;
}

static neap_tensor *velocity_of_rows(const neap_instance *guidance, const neap_conditional *field, neap_tensor *x,
                                     neap_tensor *t, neap_tensor *rows, neap_tensor **conditional)
{
    neap_conditional part = {.size = sizeof part};
    if (!rows || neap_conditional_rows(field, rows, &part) < 0)
        return NULL;
    return neap_guided_velocity(guidance, &part, neap_rows(x, rows), neap_rows(t, rows), conditional);
}

static neap_tensor *velocity(const void *settings, const neap_conditional *field, neap_tensor *x, neap_tensor *t,
                             neap_tensor **conditional)
{
    const config *c = settings;
    if (c->low > c->high)
        return neap_fail_null("interval: expected low <= high, got %g and %g", c->low, c->high);
    neap_tensor *row = neap_empty(NEAP_I32, neap_shape_of(t)), *place = neap_empty(NEAP_I32, neap_shape_of(t));
    const double *time = neap_data(t);
    if (!row || !place || !time)
        return NULL;
    const int64_t n = neap_size(t), inside = sort_rows(c, time, n, neap_data(row), neap_data(place));
    if (inside == 0 || inside == n)
        return neap_guided_velocity(inside ? c->of : NULL, field, x, t, conditional);
    neap_tensor *v[2], *plain[2] = {NULL, NULL};
    v[0] = velocity_of_rows(c->of, field, x, t, neap_slice(row, 0, 0, inside), conditional ? &plain[0] : NULL);
    v[1] = velocity_of_rows(NULL, field, x, t, neap_slice(row, 0, inside, n), conditional ? &plain[1] : NULL);
    if (conditional)
        *conditional = neap_rows(neap_concat(plain, 2, 0), place);
    return neap_rows(neap_concat(v, 2, 0), place);
}

static bool uses_null(const void *settings)
{
    return neap_guidance_uses_null(((const config *)settings)->of);
}

static const neap_guidance functions = {sizeof functions, velocity, uses_null};

static const neap_param params[] = {
    NEAP_COMPONENT(config, of, "guidance", "Guidance inside the interval; nil: none."),
    NEAP_REAL(config, low, 0, 0, 1, "Lower end of the interval, towards the picture."),
    NEAP_REAL(config, high, 0.7, 0, 1, "Upper end of the interval, towards noise."),
    NEAP_PARAMS_END,
};

NEAP_PLUGIN(interval) = NEAP_ONE_COMPONENT("interval", "1.0.0", "MIT",
                                           "Another guidance, limited to an interval of times.", "guidance/2", config,
                                           params, functions);
