/*
 * Tables of kernels for tests: those of all levels, and one whose product of bf16 is a model of a matrix unit, in plain C. Its
 * tiles, words and steps differ from those of every set, and it computes only between begin and end, so it shows that the drivers
 * take all of these from the product.
 */
#ifndef NEAP_MODEL_PRODUCT_H
#define NEAP_MODEL_PRODUCT_H

#include <math.h>

#define NEAP_ISA model
#include "kernel_test.h"
#include "kernels/product.h"

enum { MODEL_ROWS = 32, MODEL_COLUMNS = 32, MODEL_STEP = 16 };

static _Thread_local int model_begun;

static inline void model_begin(void)
{
    model_begun++;
}

static inline void model_end(void)
{
    model_begun--;
}

/* Element (i, j) rounded to bf16, as its upper 16 bits. */
static inline uint16_t model_bits(gemm_matrix m, int64_t i, int64_t j)
{
    float x;
    if (m.reader) {
        m.reader->read(m.reader->self, m.row + i, 1, m.col + j, 1, &x, 1);
    } else {
        x = m.data[i * m.row + j * m.col];
    }
    x = isfinite(x) ? nearest_bf16(x) : x;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static inline void model_store(word *at, uint16_t even, uint16_t odd)
{
    const uint32_t bits = (uint32_t)odd << 16 | even;
    memcpy(at, &bits, sizeof bits);
}

static inline int64_t model_words(int64_t k)
{
    return ((k + 1) / 2 + MODEL_STEP - 1) / MODEL_STEP * MODEL_STEP;
}

static inline gemm_left model_left(gemm_matrix a, int64_t m, int64_t k, void *space)
{
    const int64_t row = packed_row(model_words(k));
    for (int64_t i = 0; i < m; i++) {
        for (int64_t w = 0; w < model_words(k); w++) {
            model_store((word *)space + i * row + w, 2 * w < k ? model_bits(a, i, 2 * w) : 0,
                        2 * w + 1 < k ? model_bits(a, i, 2 * w + 1) : 0);
        }
    }
    return (gemm_left){space, MODEL_ROWS * row, row, 1};
}

static inline void model_right(gemm_matrix b, int64_t k, int64_t n, void *panels)
{
    const int64_t words = model_words(k), columns = round_up(n, MODEL_COLUMNS);
    for (int64_t w = 0; w < words; w++) {
        for (int64_t j = 0; j < columns; j++) {
            model_store((word *)panels + j / MODEL_COLUMNS * words * MODEL_COLUMNS + w * MODEL_COLUMNS + j % MODEL_COLUMNS,
                        2 * w < k && j < n ? model_bits(b, 2 * w, j) : 0,
                        2 * w + 1 < k && j < n ? model_bits(b, 2 * w + 1, j) : 0);
        }
    }
}

static inline float model_half(word pair, int odd)
{
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits = odd ? bits & 0xffff0000u : bits << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The terms of each step are summed from zero, the even and the odd ones apart, as a matrix unit does. */
static inline float model_element(const gemm_block *g, int64_t i, int64_t j, float sum)
{
    const word *a = g->a.data + i / MODEL_ROWS * g->a.group + i % MODEL_ROWS * g->a.row;
    const word *b = g->b + j / MODEL_COLUMNS * g->words * MODEL_COLUMNS + j % MODEL_COLUMNS;
    for (int64_t step = 0; step < g->words; step += MODEL_STEP) {
        float half[2] = {0, 0};
        for (int64_t w = step; w < step + MODEL_STEP; w++) {
            for (int odd = 0; odd < 2; odd++) {
                half[odd] += model_half(a[w * g->a.col], odd) * model_half(b[w * MODEL_COLUMNS], odd);
            }
        }
        sum += half[0] + half[1];
    }
    return sum;
}

/* NaN where the driver broke the contract. */
static inline void model_multiply(const gemm_block *g)
{
    const bool broken = model_begun != 1 || g->words % MODEL_STEP != 0;
    for (int64_t i = 0; i < g->m; i++) {
        float *row = g->c + (g->c_offset ? g->c_offset[i] : i * g->c_row);
        for (int64_t j = 0; j < g->n; j++) {
            const float start = !g->start ? 0 : g->start == g->c ? row[j] : g->start[j];
            row[j] = broken ? NAN : model_element(g, i, j, start);
        }
    }
    for (int64_t j = 0; g->tile && j < g->n; j += MODEL_COLUMNS) {
        g->tile(g->tile_user, g->row, g->m, g->col + j, least(g->n - j, MODEL_COLUMNS));
    }
}

static const neap_product model_product = {
    .rows = MODEL_ROWS, .columns = MODEL_COLUMNS, .reals = 2, .step = MODEL_STEP, .pack_left = model_left,
    .pack_right = model_right, .multiply = model_multiply, .begin = model_begin, .end = model_end,
};

/* The tables of f32: one for each level, NULL where the machine lacks it, and the model's over the plainest. */
enum { F32_TABLES = NEAP_CPU_LEVELS + 1 };
static inline const neap_kernels *f32_table(int i)
{
    static neap_kernels model;
    if (i < NEAP_CPU_LEVELS) {
        return neap_kernels_of_level(i);
    }
    model = *neap_kernels_of_level(0);
    model.product[NEAP_PRODUCT_bf16] = &model_product;
    model.name = "model";
    return &model;
}

#endif
