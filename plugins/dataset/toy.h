/* Two-dimensional shapes: their points, and the distance of any point to them. Part of the data set toy2d, which
 * draws from them, and of the metric support, which measures distances. */
#ifndef NEAP_DATASET_TOY_H
#define NEAP_DATASET_TOY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct toy_set {
    const char *name;
    int64_t classes;
    int dimensions; /* of the shape: 0 points, 1 curves, 2 areas. Areas have no noise, which would blur their edges */
    /* A point of class k without noise; u holds two uniforms. */
    void (*place)(int64_t k, const float u[2], double p[2]);
    double (*distance)(const double p[2]); /* to the nearest point of any class */
} toy_set;

#define TOY_SETS 5
extern const toy_set toy_sets[TOY_SETS];
extern const char *const toy_names[TOY_SETS + 1]; /* in the same order; ends with NULL */

#endif
