/* The gradient through batch norm, group norm and the like. */
#include "set_norm.h"

#include <neap/parallel.h>

static void find_sums(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = begin; block < end; block++) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_sums)
        (rows_of(s, block), a->channels, (const real *)a->x + at, (const real *)a->gy + at, &s->map,
         found_row(s, block, 0), found_row(s, block, 1), kept_at(s, block));
    }
}

/* Sums over a sample's blocks, those of g and those of g x^. */
static void merge_sums(const sample *s)
{
    const neap_set_norm_args *a = s->run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        double sum = 0, product = 0;
        for (int64_t block = 0; block < s->run->blocks; block++) {
            sum += (double)found_row(s, block, 0)[j];
            product += (double)found_row(s, block, 1)[j];
        }
        const int64_t set = s->outer * (a->channels / a->width) + j / a->width;
        map_row(s->run, s->outer, SUM)[j] = (real)sum;
        map_row(s->run, s->outer, PRODUCT)[j] = (real)(product * (double)((const real *)a->rstd)[set]);
    }
}

static void parameter_gradients(const set_run *run)
{
    const neap_set_norm_args *a = run->a;
    for (int64_t j = 0; j < a->channels; j++) {
        real shift = 0, scale = 0;
        for (int64_t outer = 0; outer < a->outer; outer++) {
            shift += map_row(run, outer, SUM)[j];
            scale += map_row(run, outer, PRODUCT)[j];
        }
        ((real *)a->gshift)[j] = shift;
        ((real *)a->gscale)[j] = scale;
    }
}

/* gx = rstd (scale g - mean over the set of scale g - x^ times that of scale g x^). */
static void coefficients(const sample *s, int64_t group)
{
    const neap_set_norm_args *a = s->run->a;
    const int64_t first = group * a->width, last = first + a->width;
    const double rstd = (double)((const real *)a->rstd)[s->outer * (a->channels / a->width) + group];
    double sum = 0, product = 0;
    for (int64_t j = first; j < last; j++) {
        const double scale = (double)((const real *)a->scale)[j];
        sum += scale * (double)map_row(s->run, s->outer, SUM)[j];
        product += scale * (double)map_row(s->run, s->outer, PRODUCT)[j];
    }
    const double count = (double)(a->n * a->width);
    for (int64_t j = first; j < last; j++) {
        map_row(s->run, s->outer, B)[j] = (real)(-rstd * rstd * product / count);
        map_row(s->run, s->outer, C)[j] = (real)(-rstd * sum / count);
    }
}

/* Backwards, as in neap_kernel_set_norm. */
static void gradient_blocks(void *user, int64_t begin, int64_t end)
{
    const sample *s = user;
    const neap_set_norm_args *a = s->run->a;
    for (int64_t block = end - 1; block >= begin; block--) {
        const int64_t at = block_at(s, block);
        NEAP_VARIANT(neap_channel_gradient)
        (rows_of(s, block), a->channels, (const real *)a->x + at, (const real *)a->gy + at, &s->map,
         map_row(s->run, s->outer, B), map_row(s->run, s->outer, C), kept_at(s, block), (real *)a->gx + at);
    }
}

static void backward(sample *s)
{
    const neap_set_norm_args *a = s->run->a;
    NEAP_VARIANT(neap_set_norm_map)(s);
    neap_parallel(s->run->blocks, 1, find_sums, s);
    merge_sums(s);
    for (int64_t group = 0; a->gx && group < a->channels / a->width; group++) {
        coefficients(s, group);
    }
    if (a->gx) {
        neap_parallel(s->run->blocks, 1, gradient_blocks, s);
    }
}

int NEAP_KERNEL(set_norm_gradient)(const neap_set_norm_args *a)
{
    set_run run;
    if (NEAP_VARIANT(neap_set_norm_begin)(&run, a, true) < 0) {
        return -1;
    }
    NEAP_VARIANT(neap_set_norm_each)(&run, backward);
    parameter_gradients(&run);
    return 0;
}
