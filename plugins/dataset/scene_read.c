/*
 * Scenes from pixels. The colour is the mean of the bright pixels. For the shape, a pixel's brightness in that colour is taken as
 * the share of it that the shape covers: the sum of these shares is an area and their centroid a centre, which give each shape its
 * radius and position but for small errors. The shape that then differs least is the answer, and its centre and radius give place
 * and size.
 */
#include <math.h>

#include "outline.h"
#include "scene.h"

#define DARKEST 0.2 /* a brightness below which nothing is visible */
#define STRAY 0.5   /* the largest area beside the shape, as a share of its own */
#define REACH 0.27  /* half the side of a square that holds any shape, as a share of the picture's */

typedef struct view {
    const float *x;
    int64_t size;
    double rgb[3];   /* of the shape, in [0, 1] */
    double *covered; /* [size, size]: the share of each pixel that the shape covers */
    double area, column, row; /* the sum of these shares, and their centroid */
} view;

/* A channel in [0, 1]. */
static double level(const view *v, int64_t i, int c)
{
    return fmin(fmax(((double)v->x[3 * i + c] + 1) / 2, 0), 1);
}

static double brightness(const double rgb[3])
{
    return fmax(fmax(rgb[0], rgb[1]), rgb[2]);
}

/* The mean, weighted by the cube of the brightness: that of the pixels within the shape, however few these are. */
static void measure_color(view *v)
{
    double sum = 0;
    for (int64_t i = 0; i < v->size * v->size; i++) {
        const double rgb[3] = {level(v, i, 0), level(v, i, 1), level(v, i, 2)}, b = brightness(rgb), weight = b * b * b;
        for (int c = 0; c < 3; c++)
            v->rgb[c] += weight * rgb[c];
        sum += weight;
    }
    for (int c = 0; c < 3 && sum > 0; c++)
        v->rgb[c] /= sum;
}

/* Edges become steeper about their middle, so that faint noise has no area. */
static void measure_cover(view *v)
{
    const double norm = v->rgb[0] * v->rgb[0] + v->rgb[1] * v->rgb[1] + v->rgb[2] * v->rgb[2];
    for (int64_t i = 0; i < v->size * v->size; i++) {
        const double sum = level(v, i, 0) * v->rgb[0] + level(v, i, 1) * v->rgb[1] + level(v, i, 2) * v->rgb[2];
        v->covered[i] = fmin(fmax((sum / norm - 0.5) * 1.6 + 0.5, 0), 1);
    }
}

/* The rows or columns of a square around a centre, from *first to before *end. */
static void reach_around(double centre, double reach, int64_t size, int64_t *first, int64_t *end)
{
    *first = (int64_t)fmin(fmax(floor(centre - reach), 0), (double)size);
    *end = (int64_t)fmin(fmax(ceil(centre + reach), 0), (double)size);
}

/* Area and centroid within a square around a centre. */
static void measure_area(view *v, double column, double row, double reach)
{
    int64_t left, right, top, bottom;
    double area = 0, columns = 0, rows = 0;
    reach_around(column, reach, v->size, &left, &right);
    reach_around(row, reach, v->size, &top, &bottom);
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++) {
            const double share = v->covered[y * v->size + x];
            area += share;
            columns += share * ((double)x + 0.5);
            rows += share * ((double)y + 0.5);
        }
    v->area = area;
    v->column = area > 0 ? columns / area : column;
    v->row = area > 0 ? rows / area : row;
}

/* The place with the largest area, then the centroid there, twice, since the first is off where noise is. Returns false when there
 * is too much beside it, as a second shape. */
static bool find_shape(view *v)
{
    const double side = (double)v->size, reach = REACH * side;
    view best = {.area = -1};
    measure_area(v, side / 2, side / 2, side);
    const double whole = v->area;
    for (int place = 0; place < SCENE_PLACES; place++) {
        measure_area(v, side * scene_middle(place % 3), side * scene_middle(place / 3), reach);
        best = v->area > best.area ? *v : best;
    }
    *v = best;
    for (int i = 0; i < 2; i++)
        measure_area(v, v->column, v->row, reach);
    return v->area > 0 && whole <= (1 + STRAY) * v->area;
}

static double squared_distance(const double a[3], const double b[3])
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

static int nearest_color(const view *v)
{
    const double most = brightness(v->rgb), rgb[3] = {v->rgb[0] / most, v->rgb[1] / most, v->rgb[2] / most};
    int best = 0;
    for (int k = 1; k < SCENE_COLORS; k++)
        if (squared_distance(rgb, scene_colors[k]) < squared_distance(rgb, scene_colors[best]))
            best = k;
    return best;
}

/* --- The shape -------------------------------------------------------------------------------------------------------- */

typedef struct fit {
    int shape;
    double difference;
    outline_pose pose;
} fit;

/* The squared difference of the view and a shape, within a square that holds the shape and its surroundings. */
static double difference(const view *v, int shape, const outline_pose *pose, double reach)
{
    int64_t left, right, top, bottom;
    double sum = 0;
    reach_around(v->column, reach, v->size, &left, &right);
    reach_around(v->row, reach, v->size, &top, &bottom);
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++) {
            const double share = outline_coverage(scene_forms[shape].distance, pose, (double)x + 0.5, (double)y + 0.5);
            const double error = v->covered[y * v->size + x] - share;
            sum += error * error;
        }
    return sum;
}

#define TURNS 0.09 /* radians between the rotations that are tried; the data set turns by up to 0.12 */

/* Tries the centre and radius that the area and its centroid give, without rotation; or those around these, and rotations. */
static void fit_shape(const view *v, int shape, bool around, fit *best)
{
    const double radius = sqrt(v->area / scene_forms[shape].area), reach = 1.2 * sqrt(v->area) + 1;
    for (int i = around ? 0 : 40; i < (around ? 81 : 41); i++) {
        const double angle = TURNS * (i / 27 - 1);
        const outline_pose pose = {.x = v->column + 0.4 * (i % 3 - 1), .y = v->row + 0.4 * (i / 3 % 3 - 1),
                                   .radius = radius * (1 + 0.08 * (i / 9 % 3 - 1)), .cosine = cos(angle), .sine = sin(angle)};
        const double differs = difference(v, shape, &pose, reach);
        if (differs < best->difference)
            *best = (fit){shape, differs, pose};
    }
}

/* Only shapes that are not far behind at once are looked at closely. */
static fit fit_shapes(const view *v)
{
    fit first[SCENE_SHAPES], best = {.difference = INFINITY};
    for (int shape = 0; shape < SCENE_SHAPES; shape++) {
        first[shape] = (fit){.difference = INFINITY};
        fit_shape(v, shape, false, &first[shape]);
        best = first[shape].difference < best.difference ? first[shape] : best;
    }
    const double most = 3 * best.difference;
    for (int shape = 0; shape < SCENE_SHAPES; shape++)
        if (first[shape].difference <= most)
            fit_shape(v, shape, true, &best);
    return best;
}

static int cell_of(double at, int64_t size)
{
    const double share = at / (double)size;
    return share < (scene_middle(0) + scene_middle(1)) / 2 ? 0 : share < (scene_middle(1) + scene_middle(2)) / 2 ? 1 : 2;
}

scene scene_of_picture(const float *x, int64_t size, double *room)
{
    const scene nothing = {{-1, -1, -1, -1}};
    const double boundary = (scene_radii[0][1] + scene_radii[1][0]) / 2;
    view v = {.x = x, .size = size, .covered = room};
    measure_color(&v);
    if (brightness(v.rgb) < DARKEST)
        return nothing;
    measure_cover(&v);
    if (!find_shape(&v))
        return nothing;
    const fit best = fit_shapes(&v);
    return (scene){{[SCENE_COLOR] = nearest_color(&v),
                    [SCENE_SHAPE] = best.shape,
                    [SCENE_PLACE] = 3 * cell_of(best.pose.y, size) + cell_of(best.pose.x, size),
                    [SCENE_SIZE] = best.pose.radius / (double)size > boundary}};
}
