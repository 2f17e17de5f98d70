/* Augmentation by index: each pixel of the result is a pixel of the batch, or background. */
#include "augment.h"

#include <neap/error.h>

#define BACKGROUND -1.0

/* Pixel (row, column) of the result is pixel (row - down, column - right) of the picture, which is mirrored first if
 * `flip`. */
typedef struct move {
    bool flip;
    int64_t down, right;
} move;

static int64_t draw_offset(const augmentation *a, neap_random random, uint64_t picture)
{
    return (int64_t)neap_random_below(random, picture, (uint64_t)(2 * a->shift + 1)) - a->shift;
}

#define PARTS (1 << 24) /* resolution of probabilities */

static bool happens(const augmentation *a, neap_random random, uint64_t picture)
{
    return a->probability >= 1 || neap_random_below(random, picture, PARTS) < (uint32_t)(a->probability * PARTS);
}

static move draw_move(const augmentation *a, neap_random random, uint64_t picture)
{
    move drawn = {0};
    if (a->flip && happens(a, neap_random_fork(random, "flip or not"), picture))
        drawn.flip = neap_random_below(neap_random_fork(random, "flip"), picture, 2);
    if (a->shift && happens(a, neap_random_fork(random, "shift or not"), picture)) {
        drawn.down = draw_offset(a, neap_random_fork(random, "down"), picture);
        drawn.right = draw_offset(a, neap_random_fork(random, "right"), picture);
    }
    return drawn;
}

/* The index of the pixel that each pixel of the result copies, or `background`. */
static void fill_index(const augmentation *a, neap_random random, uint64_t first, neap_shape s, int32_t background,
                       int32_t *index)
{
    const int64_t rows = s.dim[1], columns = s.dim[2];
    for (int64_t i = 0; i < s.dim[0]; i++) {
        const move drawn = draw_move(a, random, first + (uint64_t)i);
        for (int64_t p = 0; p < rows * columns; p++) {
            const int64_t row = p / columns - drawn.down, moved = p % columns - drawn.right;
            const int64_t column = drawn.flip ? columns - 1 - moved : moved;
            const bool inside = row >= 0 && row < rows && moved >= 0 && moved < columns;
            *index++ = inside ? (int32_t)((i * rows + row) * columns + column) : background;
        }
    }
}

neap_tensor *augment(const augmentation *a, neap_random random, uint64_t first, neap_tensor *x)
{
    if (!x || a->probability <= 0 || (!a->flip && !a->shift))
        return x;
    const neap_shape s = neap_shape_of(x);
    const int64_t pixels = s.dim[0] * s.dim[1] * s.dim[2];
    if (pixels >= INT32_MAX)
        return neap_fail_null("augment: expected fewer than %d pixels in a batch, got %lld", INT32_MAX,
                              (long long)pixels);
    neap_tensor *index = neap_empty(NEAP_I32, neap_dims(pixels));
    if (!index)
        return NULL;
    fill_index(a, random, first, s, (int32_t)pixels, neap_data(index));
    neap_tensor *background = neap_full(NEAP_F32, neap_dims(1, s.dim[3]), BACKGROUND);
    neap_tensor *table = neap_concat((neap_tensor *[]){neap_reshape(x, neap_dims(pixels, s.dim[3])), background}, 2, 0);
    return neap_reshape(neap_embedding(table, index), s);
}
