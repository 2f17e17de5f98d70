/* Outlines of shapes as signed distances, which make their edges smooth. See outline.h. */
#include "outline.h"

#include <math.h>

static double box(double x, double y, double half_width, double half_height)
{
    return fmax(fabs(x) - half_width, fabs(y) - half_height);
}

double outline_disc(double x, double y)
{
    return sqrt(x * x + y * y) - 0.9;
}

double outline_ring(double x, double y)
{
    return fabs(sqrt(x * x + y * y) - 0.72) - 0.18;
}

double outline_square(double x, double y)
{
    return box(x, y, 0.75, 0.75);
}

double outline_frame(double x, double y)
{
    return fabs(box(x, y, 0.65, 0.65)) - 0.13;
}

double outline_triangle(double x, double y)
{
    return fmax(y, 0.8660254037844386 * fabs(x) - 0.5 * y) - 0.5;
}

double outline_plus(double x, double y)
{
    return fmin(box(x, y, 0.95, 0.25), box(x, y, 0.25, 0.95));
}

double outline_cross(double x, double y)
{
    return outline_plus(0.7071067811865476 * (x + y), 0.7071067811865476 * (x - y));
}

double outline_diamond(double x, double y)
{
    return (0.95 * fabs(x) + 0.55 * fabs(y) - 0.95 * 0.55) / sqrt(0.95 * 0.95 + 0.55 * 0.55);
}

double outline_stripes(double x, double y)
{
    double nearest = y < -0.3 ? -0.6 : y > 0.3 ? 0.6 : 0;
    return box(x, y - nearest, 0.85, 0.17);
}

double outline_half_moon(double x, double y)
{
    double bite = sqrt((x - 0.5) * (x - 0.5) + y * y) - 0.75;
    return fmax(outline_disc(x, y), -bite);
}

double outline_coverage(outline *distance, const outline_pose *pose, double x, double y)
{
    double dx = (x - pose->x) / pose->radius, dy = (y - pose->y) / pose->radius;
    double away = distance(pose->cosine * dx + pose->sine * dy, pose->cosine * dy - pose->sine * dx);
    return fmin(fmax(0.5 - away * pose->radius, 0), 1);
}
