/* Two-dimensional shapes. Without noise, each lies within [-1, 1] in both coordinates. */
#include <math.h>
#include <stddef.h>

#include "toy.h"

#define PI 3.14159265358979323846

/* --- Two interleaved half circles --------------------------------------------------------------------------------- */

#define MOONS_SCALE 1.5 /* the circles have radius 1 before division by this */

static void place_moons(int64_t k, const float u[2], double p[2])
{
    double angle = PI * (double)u[0];
    double x = k == 0 ? cos(angle) : 1 - cos(angle);
    double y = k == 0 ? sin(angle) : 0.5 - sin(angle);
    p[0] = (x - 0.5) / MOONS_SCALE;
    p[1] = (y - 0.25) / MOONS_SCALE;
}

/* Distance to the upper half of the unit circle; from below, an end is nearest. */
static double distance_to_half_circle(double x, double y)
{
    return y >= 0 ? fabs(hypot(x, y) - 1) : hypot(fabs(x) - 1, y);
}

static double distance_to_moons(const double p[2])
{
    double x = MOONS_SCALE * p[0] + 0.5, y = MOONS_SCALE * p[1] + 0.25;
    return fmin(distance_to_half_circle(x, y), distance_to_half_circle(x - 1, 0.5 - y)) / MOONS_SCALE;
}

/* --- Two arms of one and a half turns ----------------------------------------------------------------------------- */

#define TURNS 1.5
#define SEGMENTS 256 /* per arm: its points are at most 2e-4 from their segment */

static void on_spiral(double radius, int64_t k, double p[2])
{
    double angle = 2 * PI * TURNS * radius + PI * (double)k;
    p[0] = radius * cos(angle);
    p[1] = radius * sin(angle);
}

/* The square root makes the density uniform along an arm. */
static void place_spirals(int64_t k, const float u[2], double p[2])
{
    on_spiral(sqrt((double)u[0]), k, p);
}

static double distance_to_segment(const double p[2], const double a[2], const double b[2])
{
    double dx = b[0] - a[0], dy = b[1] - a[1];
    double at = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy);
    at = fmin(1, fmax(0, at));
    return hypot(a[0] + at * dx - p[0], a[1] + at * dy - p[1]);
}

static double distance_to_spirals(const double p[2])
{
    double nearest = INFINITY;
    for (int64_t k = 0; k < 2; k++) {
        double from[2] = {0, 0}, to[2];
        for (int i = 1; i <= SEGMENTS; i++) {
            on_spiral((double)i / SEGMENTS, k, to);
            nearest = fmin(nearest, distance_to_segment(p, from, to));
            from[0] = to[0];
            from[1] = to[1];
        }
    }
    return nearest;
}

/* --- The eight dark squares of a board of 4 by 4 ------------------------------------------------------------------ */

static void place_checkerboard(int64_t k, const float u[2], double p[2])
{
    int64_t row = k / 2, column = 2 * (k % 2) + row % 2;
    p[0] = ((double)column + (double)u[0]) / 2 - 1;
    p[1] = ((double)row + (double)u[1]) / 2 - 1;
}

static double outside(double x, double low, double high)
{
    return fmax(0, fmax(low - x, x - high));
}

static double distance_to_checkerboard(const double p[2])
{
    static const float corner[2] = {0, 0};
    double nearest = INFINITY, low[2];
    for (int64_t k = 0; k < 8; k++) {
        place_checkerboard(k, corner, low);
        nearest = fmin(nearest, hypot(outside(p[0], low[0], low[0] + 0.5), outside(p[1], low[1], low[1] + 0.5)));
    }
    return nearest;
}

/* --- Eight Gaussians, two rings ----------------------------------------------------------------------------------- */

static void place_gaussians8(int64_t k, const float u[2], double p[2])
{
    (void)u;
    p[0] = 0.8 * cos(PI / 4 * (double)k);
    p[1] = 0.8 * sin(PI / 4 * (double)k);
}

static double distance_to_gaussians8(const double p[2])
{
    double nearest = INFINITY, centre[2];
    for (int64_t k = 0; k < 8; k++) {
        place_gaussians8(k, (const float[]){0, 0}, centre);
        nearest = fmin(nearest, hypot(p[0] - centre[0], p[1] - centre[1]));
    }
    return nearest;
}

static const double ring_radius[] = {0.4, 0.9};

static void place_rings(int64_t k, const float u[2], double p[2])
{
    double angle = 2 * PI * (double)u[0];
    p[0] = ring_radius[k] * cos(angle);
    p[1] = ring_radius[k] * sin(angle);
}

static double distance_to_rings(const double p[2])
{
    double radius = hypot(p[0], p[1]);
    return fmin(fabs(radius - ring_radius[0]), fabs(radius - ring_radius[1]));
}

const toy_set toy_sets[TOY_SETS] = {
    {"moons", 2, 1, place_moons, distance_to_moons},
    {"spirals", 2, 1, place_spirals, distance_to_spirals},
    {"checkerboard", 8, 2, place_checkerboard, distance_to_checkerboard},
    {"gaussians8", 8, 0, place_gaussians8, distance_to_gaussians8},
    {"rings", 2, 1, place_rings, distance_to_rings},
};

const char *const toy_names[TOY_SETS + 1] = {"moons", "spirals", "checkerboard", "gaussians8", "rings", NULL};
