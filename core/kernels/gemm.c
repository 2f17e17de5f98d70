/*
 * The matrix product: B packed into panels by all threads, then tasks that each own a rectangle of C.
 *
 * Chunks of k by n columns bound the size of the packed panels. Inside a task, blocks of rows by k keep A in the
 * second-level cache while the panels of B pass over it.
 */
#include "gemm.h"

#include <neap/error.h>
#include <neap/parallel.h>

#include "base/scratch.h"

/* Most rows of a block, words of k in a chunk, and words of a chunk's panels. */
#define BLOCK_ROWS 240
#define CHUNK_WORDS 2048
#define CHUNK_SIZE (INT64_C(1) << 21)

/* Below this many multiply-adds a second thread costs more than it saves. */
#define SERIAL_WORK (64 * 64 * 64)

/* One product: its arguments, how it is cut, and its packed operands. */
typedef struct gemm_run {
    const neap_gemm *g;
    gemm_access access;
    const neap_product *product;
    int64_t k_words;                  /* of the whole product */
    int64_t block_words, chunk_words; /* cuts of k */
    int64_t block_rows;
    int64_t chunk_columns;
    int64_t row_tasks, column_tasks;
    word *right, *left; /* packed: one chunk of B; one block of A for each task */
    int64_t left_size;
    int64_t k0, n0, chunk_k, chunk_n; /* the current chunk: first word of k and column, and their numbers */
} gemm_run;

/* Rows by columns of tasks, at most `threads`, so that the largest task is smallest; ties split the longer side. */
static void choose_tasks(gemm_run *run, int64_t m, int64_t n, int64_t threads)
{
    const int64_t rows = run->product->rows, columns = run->product->columns;
    const int64_t groups = (m + rows - 1) / rows, panels = (n + columns - 1) / columns;
    int64_t best = INT64_MAX;
    for (int64_t i = 1; i <= threads && i <= groups; i++) {
        const int64_t row_tasks = least(m >= n ? threads / i : i, groups), column_tasks = least(threads / row_tasks, panels);
        const int64_t largest = ((groups + row_tasks - 1) / row_tasks) * ((panels + column_tasks - 1) / column_tasks);
        if (largest < best) {
            best = largest;
            run->row_tasks = row_tasks;
            run->column_tasks = column_tasks;
        }
    }
}

static gemm_run plan(const neap_product *p, const neap_gemm *g, const gemm_access *access, int64_t threads)
{
    gemm_run run = {.g = g, .access = *access, .product = p, .k_words = packed_words(p, g->k)};
    const int64_t blocks = (run.k_words + BLOCK_WORDS - 1) / BLOCK_WORDS;
    run.block_words = blocks ? round_up((run.k_words + blocks - 1) / blocks, p->step) : 1;
    run.block_rows = BLOCK_ROWS / p->rows * p->rows;
    run.chunk_words = least(CHUNK_WORDS / run.block_words * run.block_words, round_up(run.k_words, run.block_words));
    const int64_t widest = run.chunk_words ? round_up(CHUNK_SIZE / run.chunk_words, p->columns) : g->n;
    run.chunk_columns = least(g->n, widest);
    if (g->m * g->n * g->k < SERIAL_WORK) {
        threads = 1;
    }
    choose_tasks(&run, g->m, run.chunk_columns, threads);
    run.left_size = left_size(p, least(g->m, run.block_rows), run.block_words);
    return run;
}

static int64_t chunk_size(const gemm_run *run)
{
    return right_size(run->product, run->chunk_columns, run->chunk_words);
}

static int64_t scratch_size(const gemm_run *run)
{
    return chunk_size(run) + run->left_size * run->row_tasks * run->column_tasks;
}

static void place(gemm_run *run, word *scratch)
{
    run->right = scratch;
    run->left = scratch + chunk_size(run);
}

/* Elements of k in `words` words from word `first` on: the last step may not be full. */
static int64_t elements(const gemm_run *run, int64_t first, int64_t words)
{
    return least(words * run->product->reals, run->g->k - first * run->product->reals);
}

static gemm_matrix left_matrix(const gemm_run *run)
{
    const neap_gemm *g = run->g;
    return run->access.a ? (gemm_matrix){.reader = run->access.a} : strided(g->a, g->a_row, g->a_col);
}

static gemm_matrix right_matrix(const gemm_run *run)
{
    const neap_gemm *g = run->g;
    return run->access.b ? (gemm_matrix){.reader = run->access.b} : strided(g->b, g->b_row, g->b_col);
}

/* Panels [begin, end) of the chunk's columns, for all its blocks of k: block b of a chunk lies at b times the size of one
 * block over all columns. */
static void pack_panels(void *user, int64_t begin, int64_t end)
{
    const gemm_run *run = user;
    const neap_product *p = run->product;
    const int64_t columns = round_up(run->chunk_n, p->columns);
    for (int64_t k = 0; k < run->chunk_k; k += run->block_words) {
        const int64_t words = least(run->chunk_k - k, run->block_words);
        const int64_t first = (run->k0 + k) * p->reals, col = begin * p->columns;
        p->pack_right(part_from(right_matrix(run), first, run->n0 + col), elements(run, run->k0 + k, words),
                      least(run->chunk_n, end * p->columns) - col, run->right + k * columns + col * words);
    }
}

/* The first block of k starts from the bias, zero or C; later ones from C. */
static void set_start(const gemm_run *run, gemm_block *block, int64_t k)
{
    const neap_gemm *g = run->g;
    if (k > 0 || g->accumulate) {
        block->start = block->c;
    } else if (g->bias) {
        block->start = (const real *)g->bias + block->col;
    }
    if (k == 0 && g->accumulate && g->bias) {
        const real *bias = (const real *)g->bias + block->col;
        for (int64_t i = 0; i < block->m; i++) {
            for (int64_t j = 0; j < block->n; j++) {
                block->c[i * block->c_row + j] += bias[j];
            }
        }
    }
}

/* Rows [row, row + m) by columns [col, col + n) of the chunk: every block of k in turn. */
static void multiply_rows(const gemm_run *run, int64_t row, int64_t m, int64_t col, int64_t n, word *space)
{
    const neap_gemm *g = run->g;
    const neap_product *p = run->product;
    const int64_t columns = round_up(run->chunk_n, p->columns);
    const bool placed = run->access.place;
    int64_t offset[BLOCK_ROWS], k = 0;
    if (placed) {
        run->access.place(run->access.placer, row, m, offset);
    }
    do {
        const int64_t words = least(run->chunk_k - k, run->block_words), first = run->k0 + k;
        gemm_block block = {.m = m, .n = n, .words = words, .b = run->right + k * columns + col * words,
                            .c = (real *)g->c + (placed ? 0 : row * g->c_row) + run->n0 + col, .c_row = g->c_row,
                            .c_offset = placed ? offset : NULL, .row = row, .col = run->n0 + col};
        const gemm_matrix a = part_from(left_matrix(run), row, first * p->reals);
        block.a = p->pack_left(a, m, elements(run, first, words), space);
        set_start(run, &block, first);
        if (first + words == run->k_words) {
            block.tile = g->tile;
            block.tile_user = g->tile_user;
        }
        p->multiply(&block);
        k += run->block_words;
    } while (k < run->chunk_k);
}

static void multiply_task(const gemm_run *run, int64_t task)
{
    const int64_t rows = run->product->rows, columns = run->product->columns;
    const int64_t groups = (run->g->m + rows - 1) / rows, panels = (run->chunk_n + columns - 1) / columns;
    const int64_t i = task / run->column_tasks, j = task % run->column_tasks;
    const int64_t row_end = least(groups * (i + 1) / run->row_tasks * rows, run->g->m);
    const int64_t col = panels * j / run->column_tasks * columns;
    const int64_t col_end = least(panels * (j + 1) / run->column_tasks * columns, run->chunk_n);
    word *space = run->left + task * run->left_size;
    if (col_end <= col) {
        return;
    }
    for (int64_t row = groups * i / run->row_tasks * rows; row < row_end; row += run->block_rows) {
        multiply_rows(run, row, least(row_end - row, run->block_rows), col, col_end - col, space);
    }
}

static void multiply_tasks(void *user, int64_t begin, int64_t end)
{
    const gemm_run *run = user;
    begin_products(run->product);
    for (int64_t task = begin; task < end; task++) {
        multiply_task(run, task);
    }
    end_products(run->product);
}

/* All chunks; those of k inside those of n, so that C is finished column by column. */
static void execute(gemm_run *run)
{
    const int64_t tasks = run->row_tasks * run->column_tasks, columns = run->product->columns;
    for (run->n0 = 0; run->n0 < run->g->n; run->n0 += run->chunk_columns) {
        run->chunk_n = least(run->g->n - run->n0, run->chunk_columns);
        const int64_t panels = (run->chunk_n + columns - 1) / columns;
        run->k0 = 0;
        do {
            run->chunk_k = least(run->k_words - run->k0, run->chunk_words);
            neap_parallel(panels, (panels + tasks - 1) / tasks, pack_panels, run);
            neap_parallel(tasks, 1, multiply_tasks, run);
            run->k0 += run->chunk_words;
        } while (run->k0 < run->k_words);
    }
}

static const gemm_access by_strides;

int NEAP_VARIANT(neap_gemm_through)(const neap_product *p, const neap_gemm *g, const gemm_access *access)
{
    if (g->m <= 0 || g->n <= 0) {
        return 0;
    }
    gemm_run run = plan(p, g, access, neap_threads());
    word *scratch = neap_scratch(NEAP_SCRATCH_GEMM, (size_t)scratch_size(&run) * sizeof *scratch);
    if (!scratch) {
        return neap_fail_in("gemm");
    }
    place(&run, scratch);
    execute(&run);
    return 0;
}

int NEAP_KERNEL(gemm)(const neap_kernels *kernels, const neap_gemm *g)
{
    return NEAP_VARIANT(neap_gemm_through)(neap_product_of(kernels, g->bf16), g, &by_strides);
}

/* Many products of one shape, each on one thread: a task computes a range of them. */
typedef struct batch_run {
    gemm_run run; /* copied by each task */
    int64_t count, tasks, a_batch, b_batch, c_batch, size;
    word *scratch;
} batch_run;

static void batch_tasks(void *user, int64_t begin, int64_t end)
{
    const batch_run *batch = user;
    for (int64_t task = begin; task < end; task++) {
        const int64_t stop = batch->count * (task + 1) / batch->tasks;
        for (int64_t i = batch->count * task / batch->tasks; i < stop; i++) {
            neap_gemm g = *batch->run.g;
            gemm_run run = batch->run;
            g.a = (const real *)g.a + i * batch->a_batch;
            g.b = (const real *)g.b + i * batch->b_batch;
            g.c = (real *)g.c + i * batch->c_batch;
            run.g = &g;
            place(&run, batch->scratch + task * batch->size);
            execute(&run);
        }
    }
}

static int gemm_each(const neap_product *p, const neap_gemm *args, int64_t count, int64_t a_batch, int64_t b_batch,
                     int64_t c_batch)
{
    neap_gemm g = *args;
    for (int64_t i = 0; i < count; i++) {
        g.a = (const real *)args->a + i * a_batch;
        g.b = (const real *)args->b + i * b_batch;
        g.c = (real *)args->c + i * c_batch;
        if (NEAP_VARIANT(neap_gemm_through)(p, &g, &by_strides) < 0) {
            return -1;
        }
    }
    return 0;
}

int NEAP_KERNEL(gemm_batch)(const neap_kernels *kernels, const neap_gemm *g, int64_t count, int64_t a_batch, int64_t b_batch,
                            int64_t c_batch)
{
    const neap_product *p = neap_product_of(kernels, g->bf16);
    const int64_t threads = neap_threads();
    if (g->m <= 0 || g->n <= 0 || count <= 0) {
        return 0;
    }
    if (count < threads) {
        return gemm_each(p, g, count, a_batch, b_batch, c_batch);
    }
    const bool small = g->m * g->n * g->k * count < SERIAL_WORK;
    batch_run batch = {plan(p, g, &by_strides, 1), count, small ? 1 : threads, a_batch, b_batch, c_batch, 0, NULL};
    batch.size = round_up(scratch_size(&batch.run), PIECE);
    batch.scratch = neap_scratch(NEAP_SCRATCH_GEMM, (size_t)(batch.tasks * batch.size) * sizeof(word));
    if (!batch.scratch) {
        return neap_fail_in("gemm_batch");
    }
    neap_parallel(batch.tasks, 1, batch_tasks, &batch);
    return 0;
}
