/* What test_gradients checks of each row of the op table: inputs, how they are filled, how they lie in memory. */
#ifndef NEAP_TEST_GRADIENT_CASES_H
#define NEAP_TEST_GRADIENT_CASES_H

#include <neap/ops.h>

typedef enum input_fill {
    FILL_NONE,      /* no such input */
    FILL_NORMAL,    /* in [-1.5, 1.5] */
    FILL_POSITIVE,  /* in [0.3, 1.8] */
    FILL_UNIT,      /* in [0.05, 0.95] */
    FILL_APART,     /* at least 0.025 from each other, from 0, from integers and from the other inputs' */
    FILL_INDEX,     /* i32 in [0, bound) */
    FILL_CONDITION  /* u8, 0 or 1 */
} input_fill;

typedef enum input_layout {
    LAYOUT_PLAIN,
    LAYOUT_PERMUTED, /* a view with its axes reversed */
    LAYOUT_SLICED,   /* the middle of an array that is longer along the last axis */
    LAYOUT_EXPANDED  /* the first axis repeats one row */
} input_layout;

typedef struct gradient_input {
    neap_shape shape;
    input_fill fill;
    input_layout layout;
    int64_t bound;
} gradient_input;

#define MOST_INPUTS 5

typedef struct gradient_case {
    const char *op;
    gradient_input in[MOST_INPUTS];
    neap_attrs attrs;
} gradient_case;

#define SHAPE(...) {(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}}
#define SCALAR {{0, {0}}, FILL_NORMAL, LAYOUT_PLAIN, 0}
#define NORMAL(...) {SHAPE(__VA_ARGS__), FILL_NORMAL, LAYOUT_PLAIN, 0}
#define POSITIVE(...) {SHAPE(__VA_ARGS__), FILL_POSITIVE, LAYOUT_PLAIN, 0}
#define UNIT(...) {SHAPE(__VA_ARGS__), FILL_UNIT, LAYOUT_PLAIN, 0}
#define APART(...) {SHAPE(__VA_ARGS__), FILL_APART, LAYOUT_PLAIN, 0}
#define INDEX(bound, ...) {SHAPE(__VA_ARGS__), FILL_INDEX, LAYOUT_PLAIN, bound}
#define CONDITION(...) {SHAPE(__VA_ARGS__), FILL_CONDITION, LAYOUT_PLAIN, 0}
#define PERMUTED(...) {SHAPE(__VA_ARGS__), FILL_NORMAL, LAYOUT_PERMUTED, 0}
#define SLICED(...) {SHAPE(__VA_ARGS__), FILL_NORMAL, LAYOUT_SLICED, 0}
#define EXPANDED(...) {SHAPE(__VA_ARGS__), FILL_NORMAL, LAYOUT_EXPANDED, 0}

#define LIST(...) .count = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .list = {__VA_ARGS__}

extern const gradient_case elementwise_cases[], view_cases[], network_cases[]; /* each ends with op NULL */

#endif
