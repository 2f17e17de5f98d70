/*
 * Scenes: one shape of a colour and a size at a place, on black. How they are drawn, what captions say of them, and how a scene is
 * read back from a caption and from pixels, without a network. Part of the plugins captioned_shapes and shape_attributes.
 *
 * Functions allocate nothing and may be called from any thread, unless their comments say otherwise.
 */
#ifndef NEAP_DATASET_SCENE_H
#define NEAP_DATASET_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include <neap/random.h>

typedef enum scene_attribute { SCENE_COLOR, SCENE_SHAPE, SCENE_PLACE, SCENE_SIZE, SCENE_ATTRIBUTES } scene_attribute;

#define SCENE_COLORS 8
#define SCENE_SHAPES 6
#define SCENE_PLACES 9 /* three rows of three, from the top left */
#define SCENE_SIZES 2
#define SCENE_COMBINATIONS (SCENE_COLORS * SCENE_SHAPES * SCENE_PLACES)

/* The number of each attribute's value, or -1 where it is unknown. */
typedef struct scene {
    int value[SCENE_ATTRIBUTES];
} scene;

/* The number of values of an attribute, and the word for it in messages. */
int scene_values(scene_attribute attribute);
const char *scene_attribute_name(scene_attribute attribute);

/* Scene `index` of SCENE_COMBINATIONS * SCENE_SIZES. */
scene scene_at(int index);

/* Is the combination of colour, shape and place held out of the training part? It is where the sum of their numbers is a
 * multiple of 8: 54 of 432. Each pair of two attributes is in the training part, as is each value with each size. */
bool scene_is_held_out(const scene *s);

/* --- Pictures --------------------------------------------------------------------------------------------------------- */

/* Draws the scene to x, f32 [size, size, 3] in [-1, 1]: centre, radius, rotation and brightness vary with (random, index). */
void scene_draw(const scene *s, neap_random random, uint64_t index, int64_t size, float *x);

/* The scene whose picture is nearest to x, f32 [size, size, 3], of finite values. All attributes are unknown where there is no
 * shape to see. `room` has size * size numbers. */
scene scene_of_picture(const float *x, int64_t size, double *room);

/* What both know of shapes: signed distance and area at radius 1; of sizes: range of the radius, as shares of the side. */
typedef struct scene_form {
    double (*distance)(double x, double y);
    double area;
} scene_form;
extern const scene_form scene_forms[SCENE_SHAPES];
extern const double scene_radii[SCENE_SIZES][2];
extern const double scene_colors[SCENE_COLORS][3]; /* red, green, blue in [0, 1]; the largest is 1 */

/* The middle of row or column 0 to 2, as a share of the side. */
static inline double scene_middle(int index)
{
    return 0.25 + 0.25 * index;
}

/* --- Captions --------------------------------------------------------------------------------------------------------- */

#define SCENE_CAPTION 64 /* room for a caption and its end */

/* Writes a caption of the scene, whose form and words vary with (random, index). Returns its bytes. */
int scene_caption(const scene *s, neap_random random, uint64_t index, char text[SCENE_CAPTION]);
int scene_longest_caption(void); /* bytes */

/* What a text of `length` bytes says about a scene, by its words, in any order. Attributes of which it says nothing or
 * contradictory things are unknown. */
scene scene_of_text(const char *text, int64_t length);

#endif
