/*
 * Real pictures and fakes changed alike before the discriminator sees them, so that it cannot learn a small data set by
 * heart (Karras et al. 2020, Training Generative Adversarial Networks with Limited Data; Zhao et al. 2020). Each change
 * comes with its probability below 1, so the generator is not taught to make it.
 */
#include "adversarial.h"

#define BACKGROUND -1.0 /* black: what moves in */

typedef struct change {
    bool flip;
    int64_t down, right;
} change;

static double draw(neap_random random, const char *what, int64_t picture)
{
    return (double)neap_random_below(neap_random_fork(random, what), (uint64_t)picture, 1 << 24) / (double)(1 << 24);
}

static int64_t draw_offset(const adversarial_config *c, neap_random random, const char *what, int64_t picture)
{
    return (int64_t)(draw(random, what, picture) * (double)(2 * c->shift + 1)) - c->shift;
}

static change draw_change(const adversarial_config *c, neap_random random, int64_t picture)
{
    change drawn = {0};
    if (c->flip && draw(random, "flip or not", picture) < c->augment)
        drawn.flip = draw(random, "flip", picture) < 0.5;
    if (c->shift && draw(random, "shift or not", picture) < c->augment) {
        drawn.down = draw_offset(c, random, "down", picture);
        drawn.right = draw_offset(c, random, "right", picture);
    }
    return drawn;
}

/* For each pixel of the batch, the one that comes to stand there; `background` where none does. */
static void fill_index(const adversarial_config *c, neap_random random, neap_shape s, int32_t background, int32_t *index)
{
    const int64_t rows = s.dim[1], columns = s.dim[2];
    for (int64_t i = 0; i < s.dim[0]; i++) {
        const change drawn = draw_change(c, random, i);
        for (int64_t p = 0; p < rows * columns; p++) {
            const int64_t row = p / columns - drawn.down, moved = p % columns - drawn.right;
            const int64_t column = drawn.flip ? columns - 1 - moved : moved;
            const bool inside = row >= 0 && row < rows && moved >= 0 && moved < columns;
            *index++ = inside ? (int32_t)((i * rows + row) * columns + column) : background;
        }
    }
}

neap_tensor *adversarial_augment(const adversarial_config *c, neap_random random, neap_tensor *x)
{
    if (!x || c->augment <= 0 || (!c->flip && !c->shift))
        return x;
    const neap_shape s = neap_shape_of(x);
    const int64_t pixels = s.dim[0] * s.dim[1] * s.dim[2];
    if (pixels >= INT32_MAX)
        return neap_fail_null("augment: expected below %d pixels in a batch, got %lld", INT32_MAX, (long long)pixels);
    neap_tensor *index = neap_empty(NEAP_I32, neap_dims(pixels));
    if (!index)
        return NULL;
    fill_index(c, random, s, (int32_t)pixels, neap_data(index));
    neap_tensor *background = neap_full(NEAP_F32, neap_dims(1, s.dim[3]), BACKGROUND);
    neap_tensor *table = neap_concat((neap_tensor *[]){neap_reshape(x, neap_dims(pixels, s.dim[3])), background}, 2, 0);
    return neap_reshape(neap_embedding(table, index), s);
}
