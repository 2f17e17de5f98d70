/* The linear layer, and epilogues on each tile of the product while it is in cache. */
#include "ops/composite.h"

/* x [.., in] and weight [out, in] at input `x` and the next, a bias [out] after them: the product's shape. */
static int check_linear(neap_call *call, int x, const char *expected)
{
    const neap_shape in = call->in[x]->shape, weight = call->in[x + 1]->shape;
    bool fits = in.rank >= 1 && weight.rank == 2 && in.dim[in.rank - 1] == weight.dim[1];
    if (fits && call->count > x + 2)
        fits = neap_shape_equal(call->in[x + 2]->shape, neap_dims(weight.dim[0]));
    if (!fits)
        return neap_op_fail(call, expected);
    call->shape = in;
    call->shape.dim[in.rank - 1] = weight.dim[0];
    return 0;
}

int neap_shape_linear(neap_call *call)
{
    return check_linear(call, 0, "x [.., in], weight [out, in], bias [out]");
}

int neap_shape_gated(neap_call *call)
{
    const char *expected = "residual [B, .., out], gate [B, out], x [B, .., in], weight [out, in], bias [out]";
    if (check_linear(call, 2, expected) != 0)
        return -1;
    const neap_shape s = call->shape;
    if (s.rank < 2 || !neap_shape_equal(call->in[0]->shape, s) ||
        !neap_shape_equal(call->in[1]->shape, neap_dims(s.dim[0], s.dim[s.rank - 1])))
        return neap_op_fail(call, expected);
    return 0;
}

/* c = x weight' + bias; calls `tile` for each finished tile. */
static int product(const neap_call *call, int x, neap_tensor *c, neap_tile_fn *tile, void *user)
{
    const neap_shape weight = call->in[x + 1]->shape;
    if (neap_size(c) == 0)
        return 0;
    const neap_gemm gemm = {
        .m = neap_row_count(call->shape), .n = weight.dim[0], .k = weight.dim[1],
        .a = neap_tensor_bytes(call->in[x]), .a_row = weight.dim[1], .a_col = 1,
        .b = neap_tensor_bytes(call->in[x + 1]), .b_row = 1, .b_col = weight.dim[1],
        .c = neap_tensor_bytes(c), .c_row = weight.dim[0],
        .bias = call->count > x + 2 ? neap_tensor_bytes(call->in[x + 2]) : NULL,
        .bf16 = neap_precision() == NEAP_BF16, .tile = tile, .tile_user = user};
    return call->kernels->gemm(call->kernels, &gemm);
}

/* Where the product is written: kept for the gradient while recording, else the output, which the epilogue overwrites.
 * */
static neap_tensor *product_place(neap_call *call)
{
    return call->recorded ? call->aux[0] = neap_empty(call->dtype, call->shape) : call->out;
}

/* --- linear ------------------------------------------------------------------------------------------------------ */

int neap_linear_forward(neap_call *call)
{
    return product(call, 0, call->out, NULL, NULL);
}

/* The gradients of x weight' + bias to the three inputs (from `wants` on) that need one. */
static int spread(neap_tensor *x, neap_tensor *weight, neap_tensor *g, const bool *wants, int count, neap_tensor **gx)
{
    neap_tensor *rows = neap_as_rows(g);
    if (wants[0])
        gx[0] = neap_reshape(neap_matmul(rows, weight), x->shape);
    if (wants[1])
        gx[1] = neap_matmul_t(rows, neap_as_rows(x), true, false);
    if (count > 2 && wants[2])
        gx[2] = neap_sum(rows, (int[]){0}, 1, false);
    for (int i = 0; i < count; i++)
        if (wants[i] && !gx[i])
            return -1;
    return 0;
}

int neap_linear_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    return spread(call->in[0], call->in[1], g, call->wants, call->count, gx);
}

/* --- gelu_tanh of linear ----------------------------------------------------------------------------------------- */

typedef struct tile_job {
    const neap_kernels *kernels;
    size_t size;
    int64_t columns, group; /* group: rows that share a row of the gate */
    const char *product, *residual, *gate;
    char *y;
} tile_job;

static void gelu_tile(void *user, int64_t row, int64_t rows, int64_t col, int64_t cols)
{
    const tile_job *job = user;
    for (int64_t i = row; i < row + rows; i++) {
        const size_t at = (size_t)(i * job->columns + col) * job->size;
        job->kernels->unary[NEAP_K_gelu_tanh](cols, job->product + at, job->y + at, 0, 0);
    }
}

int neap_linear_gelu_forward(neap_call *call)
{
    neap_tensor *c = product_place(call);
    if (!c)
        return -1;
    tile_job job = {.kernels = call->kernels, .size = neap_dtype_size(call->dtype),
                    .columns = call->in[1]->shape.dim[0], .product = neap_tensor_bytes(c), .y = neap_tensor_bytes(call->out)};
    return product(call, 0, c, gelu_tile, &job);
}

/* The gradient through gelu_tanh; the product is recomputed only if it must carry its history. */
int neap_linear_gelu_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *dz = NULL;
    neap_tensor *z = neap_recording() ? neap_linear(call->in[0], call->in[1], call->in[2]) : call->aux[0];
    const neap_call gelu = {.op = &neap_ops[NEAP_OP_gelu_tanh], .count = 1, .in = {z}, .wants = {true},
                            .shape = call->shape, .dtype = call->dtype, .kernels = call->kernels};
    if (!z || neap_gelu_tanh_gradient(&gelu, g, &dz) != 0)
        return -1;
    return spread(call->in[0], call->in[1], dz, call->wants, 3, gx);
}

/* --- residual + gate * linear ------------------------------------------------------------------------------------ */

static void gated_tile(void *user, int64_t row, int64_t rows, int64_t col, int64_t cols)
{
    const tile_job *job = user;
    for (int64_t i = row; i < row + rows; i++) {
        const size_t at = (size_t)(i * job->columns + col) * job->size;
        const size_t gate = (size_t)(i / job->group * job->columns + col) * job->size;
        job->kernels->gated_add(1, cols, 1, job->residual + at, job->gate + gate, 0, job->product + at, job->y + at);
    }
}

int neap_linear_gated_forward(neap_call *call)
{
    neap_tensor *c = product_place(call);
    if (!c)
        return -1;
    const int64_t samples = call->shape.dim[0];
    tile_job job = {.kernels = call->kernels, .size = neap_dtype_size(call->dtype),
                    .columns = call->in[3]->shape.dim[0],
                    .group = samples ? neap_row_count(call->shape) / samples : 1, .product = neap_tensor_bytes(c),
                    .residual = neap_tensor_bytes(call->in[0]), .gate = neap_tensor_bytes(call->in[1]),
                    .y = neap_tensor_bytes(call->out)};
    return product(call, 2, c, gated_tile, &job);
}

int neap_linear_gated_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *h = neap_recording() ? neap_linear(call->in[2], call->in[3], call->in[4]) : call->aux[0];
    neap_tensor *dh = neap_mul(g, neap_per_sample(call->in[1], call->shape));
    gx[0] = g;
    if (call->wants[1])
        gx[1] = neap_sum_samples(neap_mul(g, h));
    if (!dh || (call->wants[1] && !gx[1]))
        return -1;
    return spread(call->in[2], call->in[3], dh, call->wants + 2, 3, gx + 2);
}

/* --- C functions ------------------------------------------------------------------------------------------------- */

neap_tensor *neap_linear(neap_tensor *x, neap_tensor *weight, neap_tensor *bias)
{
    return neap_apply3(NEAP_OP_linear, x, weight, bias, NULL);
}

neap_tensor *neap_linear_nobias(neap_tensor *x, neap_tensor *weight)
{
    return neap_apply2(NEAP_OP_linear, x, weight, NULL);
}

neap_tensor *neap_linear_gelu(neap_tensor *x, neap_tensor *weight, neap_tensor *bias)
{
    return neap_apply3(NEAP_OP_linear_gelu, x, weight, bias, NULL);
}

neap_tensor *neap_linear_gated_add(neap_tensor *residual, neap_tensor *gate, neap_tensor *x, neap_tensor *weight,
                                   neap_tensor *bias)
{
    return neap_op_apply(NEAP_OP_linear_gated_add, (neap_tensor *[]){residual, gate, x, weight, bias}, 5, NULL);
}
