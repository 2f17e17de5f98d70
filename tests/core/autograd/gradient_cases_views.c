/* Gradient cases: reductions, views, and elements laid out anew. */
#include "gradient_cases.h"

#define KEEP .i = {1}

#define REDUCTION(name, fill)                                                                                       \
    {name, {fill(3, 5)}, {0}}, {name, {fill(3, 5)}, {KEEP}}, {name, {fill(1)}, {0}},                                \
    {name, {fill(2, 3, 4)}, {LIST(1)}}, {name, {fill(2, 3, 4)}, {LIST(-1), KEEP}},                                  \
    {name, {fill(2, 3, 1, 4)}, {LIST(3, 1)}}, {name, {fill(2, 3, 4)}, {LIST(0, 1), KEEP}},                          \
    {name, {fill(5, 1)}, {LIST(1)}}, {name, {{SHAPE(3, 4, 2), FILL_##fill, LAYOUT_PERMUTED, 0}}, {LIST(0, 2)}}

const gradient_case view_cases[] = {
    REDUCTION("sum", NORMAL), REDUCTION("mean", NORMAL), REDUCTION("max", APART), REDUCTION("variance", NORMAL),
    {"sum", {SCALAR}, {0}},
    {"mean", {SCALAR}, {0}},
    {"max", {SCALAR}, {0}},
    {"variance", {SLICED(3, 5)}, {LIST(0)}},

    {"reshape", {NORMAL(3, 4)}, {LIST(2, -1)}},
    {"reshape", {PERMUTED(3, 4)}, {LIST(2, 6)}},
    {"reshape", {SLICED(3, 4)}, {LIST(3, 2, 2)}},
    {"reshape", {NORMAL(1)}, {.count = 0}},
    {"permute", {NORMAL(2, 3, 5)}, {LIST(2, 0, 1)}},
    {"permute", {PERMUTED(2, 3, 1)}, {LIST(1, 0, 2)}},
    {"permute", {SLICED(2, 3)}, {LIST(1, 0)}},
    {"slice", {NORMAL(3, 5)}, {.i = {1, 1, 4}}},
    {"slice", {PERMUTED(3, 5)}, {.i = {0, 2, 3}}},
    {"slice", {NORMAL(7)}, {.i = {-1, 0, 7}}},
    {"expand", {NORMAL(3, 1)}, {LIST(2, 3, 5)}},
    {"expand", {PERMUTED(1, 3)}, {LIST(4, 3)}},
    {"expand", {SCALAR}, {LIST(3)}},
    {"contiguous", {PERMUTED(2, 3, 5)}, {0}},
    {"contiguous", {EXPANDED(2, 3)}, {0}},
    {"contiguous", {NORMAL(1)}, {0}},
    {"pad", {NORMAL(3, 5)}, {LIST(1, 0, 2, 3)}},
    {"pad", {PERMUTED(2, 3, 1)}, {LIST(0, 0, 1, 1, 2, 0)}},
    {"pad", {SLICED(3)}, {LIST(0, 0)}},
    {"concat", {NORMAL(3, 2), NORMAL(3, 5), NORMAL(3, 1)}, {.i = {1}}},
    {"concat", {NORMAL(1, 3), PERMUTED(4, 3)}, {.i = {0}}},
    {"concat", {SLICED(2, 3, 2), EXPANDED(2, 1, 2)}, {.i = {-2}}},
    {"concat", {NORMAL(3)}, {.i = {0}}},
    {"gather", {NORMAL(4, 3), INDEX(4, 6, 3)}, {.i = {0}}},
    {"gather", {NORMAL(3, 5), INDEX(5, 3, 1)}, {.i = {-1}}},
    {"gather", {PERMUTED(2, 3, 5), INDEX(3, 2, 4, 5)}, {.i = {1}}},
    {"scatter_add", {NORMAL(6, 3), INDEX(4, 6, 3)}, {.i = {0, 4}}},
    {"scatter_add", {SLICED(3, 5), INDEX(2, 3, 5)}, {.i = {1, 2}}},
    {"scatter_add", {NORMAL(1), INDEX(3, 1)}, {.i = {0, 3}}},
    {NULL, {{{0}, FILL_NONE, LAYOUT_PLAIN, 0}}, {0}},
};
