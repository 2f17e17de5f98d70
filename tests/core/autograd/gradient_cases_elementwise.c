/* Gradient cases: elementwise ops of one, two and three arguments. */
#include "gradient_cases.h"

#define SMOOTH(name, fill)                                                                                          \
    {name, {fill(3, 5)}, {0}}, {name, {fill(1)}, {0}}, {name, {{SHAPE(2, 3, 5), FILL_##fill, LAYOUT_PERMUTED, 0}}, {0}}

#define PAIR(name, left, right)                                                                                     \
    {name, {left(3, 5), right(3, 5)}, {0}}, {name, {left(3, 1, 5), right(2, 1)}, {0}},                              \
    {name, {left(1), right(2, 3)}, {0}}, {name, {left(1, 1), right(1)}, {0}},                                       \
    {name, {{SHAPE(4, 3, 5), FILL_##left, LAYOUT_PERMUTED, 0}, {SHAPE(3, 5), FILL_##right, LAYOUT_SLICED, 0}}, {0}}

#define COMPARISON(name) {name, {NORMAL(3, 5), NORMAL(5)}, {0}}

const gradient_case elementwise_cases[] = {
    SMOOTH("neg", NORMAL), SMOOTH("exp", NORMAL), SMOOTH("log", POSITIVE), SMOOTH("sqrt", POSITIVE),
    SMOOTH("rsqrt", POSITIVE), SMOOTH("abs", APART), SMOOTH("sign", APART), SMOOTH("sin", NORMAL),
    SMOOTH("cos", NORMAL), SMOOTH("tanh", NORMAL), SMOOTH("erf", NORMAL), SMOOTH("sigmoid", NORMAL),
    SMOOTH("silu", NORMAL), SMOOTH("gelu", NORMAL), SMOOTH("gelu_tanh", NORMAL), SMOOTH("relu", APART),
    SMOOTH("softplus", NORMAL), SMOOTH("square", NORMAL), SMOOTH("reciprocal", POSITIVE), SMOOTH("floor", APART),
    {"exp", {SCALAR}, {0}},
    {"silu", {EXPANDED(3, 4)}, {0}},
    {"leaky_relu", {APART(3, 5)}, {.f = {0.2}}},
    {"leaky_relu", {APART(7)}, {.f = {-0.1}}},
    {"clamp", {APART(3, 7)}, {.f = {-0.5, 0.5}}},
    {"clamp", {APART(1)}, {.f = {-0.01, 0.01}}},
    {"affine", {NORMAL(3, 5)}, {.f = {-1.5, 2}}},
    {"affine", {SLICED(3, 5)}, {.f = {0, 1}}},
    {"power", {POSITIVE(3, 5)}, {.f = {2.5}}},
    {"power", {NORMAL(3, 5)}, {.f = {3}}},
    {"power", {POSITIVE(1)}, {.f = {-0.5}}},

    PAIR("add", NORMAL, NORMAL), PAIR("sub", NORMAL, NORMAL), PAIR("mul", NORMAL, NORMAL),
    PAIR("div", NORMAL, POSITIVE), PAIR("maximum", APART, APART), PAIR("minimum", APART, APART),
    {"mul", {SCALAR, NORMAL(3, 5)}, {0}},
    {"mul", {EXPANDED(3, 4), PERMUTED(3, 4)}, {0}},
    COMPARISON("eq"), COMPARISON("ne"), COMPARISON("lt"), COMPARISON("le"), COMPARISON("gt"), COMPARISON("ge"),
    {"where", {CONDITION(3, 5), NORMAL(3, 5), NORMAL(3, 5)}, {0}},
    {"where", {CONDITION(3, 1), NORMAL(5), NORMAL(2, 1, 1)}, {0}},
    {"where", {CONDITION(3, 5), PERMUTED(3, 5), SCALAR}, {0}},
    {"cast", {NORMAL(3, 5)}, {.i = {NEAP_F64}}},
    {"cast", {PERMUTED(3, 5)}, {.i = {NEAP_F64}}},
    {NULL, {{{0}, FILL_NONE, LAYOUT_PLAIN, 0}}, {0}},
};
