/* Drawing of scenes. See scene.h. */
#include <math.h>

#include "outline.h"
#include "scene.h"

const scene_form scene_forms[SCENE_SHAPES] = {
    {outline_disc, 0.81 * M_PI},    {outline_square, 2.25}, {outline_triangle, 0.75 * 1.7320508075688772},
    {outline_ring, 0.5184 * M_PI},  {outline_plus, 1.65},   {outline_diamond, 1.045},
};

const double scene_radii[SCENE_SIZES][2] = {{0.12, 0.14}, {0.19, 0.21}};

const double scene_colors[SCENE_COLORS][3] = {
    {1, 0.1, 0.1}, {1, 0.5, 0}, {1, 0.95, 0.1}, {0.1, 1, 0.2}, {0.1, 0.3, 1}, {0.6, 0.1, 1}, {1, 0.5, 0.8}, {1, 1, 1},
};

#define JITTER 0.03 /* of the centre, to each side, as a share of the side */
#define TURN 0.12   /* radians to each side */

int scene_values(scene_attribute attribute)
{
    static const int values[SCENE_ATTRIBUTES] = {SCENE_COLORS, SCENE_SHAPES, SCENE_PLACES, SCENE_SIZES};
    return values[attribute];
}

const char *scene_attribute_name(scene_attribute attribute)
{
    static const char *const names[SCENE_ATTRIBUTES] = {"colour", "shape", "place", "size"};
    return names[attribute];
}

scene scene_at(int index)
{
    scene s;
    for (int a = 0; a < SCENE_ATTRIBUTES; a++) {
        s.value[a] = index % scene_values(a);
        index /= scene_values(a);
    }
    return s;
}

bool scene_is_held_out(const scene *s)
{
    return (s->value[SCENE_COLOR] + s->value[SCENE_SHAPE] + s->value[SCENE_PLACE]) % 8 == 0;
}

static double between(float u, double low, double high)
{
    return low + (high - low) * (double)u;
}

void scene_draw(const scene *s, neap_random random, uint64_t index, int64_t size, float *x)
{
    float u[5];
    const int place = s->value[SCENE_PLACE], scale = s->value[SCENE_SIZE];
    const double *color = scene_colors[s->value[SCENE_COLOR]];
    neap_random_uniform(random, index, 5, u);
    const double angle = between(u[3], -TURN, TURN), brightness = between(u[4], 0.8, 1);
    const outline_pose pose = {.x = (double)size * (scene_middle(place % 3) + between(u[0], -JITTER, JITTER)),
                               .y = (double)size * (scene_middle(place / 3) + between(u[1], -JITTER, JITTER)),
                               .radius = (double)size * between(u[2], scene_radii[scale][0], scene_radii[scale][1]),
                               .cosine = cos(angle), .sine = sin(angle)};
    for (int64_t i = 0; i < size * size; i++) {
        const double covered = outline_coverage(scene_forms[s->value[SCENE_SHAPE]].distance, &pose, (double)(i % size) + 0.5,
                                                (double)(i / size) + 0.5);
        for (int c = 0; c < 3; c++)
            x[3 * i + c] = (float)(2 * brightness * covered * color[c] - 1);
    }
}
