/*
 * Convolution of pictures. Three bilinear ops, each with the other two as gradients, so they can be differentiated any
 * number of times.
 */
#include "ops/rules.h"

enum { STRIDE, PADDING, DILATION, GROUPS }; /* of attrs.i */
enum { ROWS = 1, COLUMNS = 2, CHANNELS = 3 }; /* axes of a picture, and of weights */

/* --- Shapes -------------------------------------------------------------------------------------------------------- */

static int check_window(const neap_call *call)
{
    static const struct {
        const char *name;
        int64_t least;
    } bound[] = {[STRIDE] = {"stride", 1}, [PADDING] = {"padding", 0}, [DILATION] = {"dilation", 1}, [GROUPS] = {"groups", 1}};
    for (int i = 0; i < 4; i++) {
        const int64_t value = call->attrs.i[i];
        if (value < bound[i].least || value > INT32_MAX)
            return neap_fail("%s: %s: expected at least %lld, got %lld", call->op->info.name, bound[i].name,
                             (long long)bound[i].least, (long long)value);
    }
    return 0;
}

/* Pixels of y for a side of x; below 1 if the kernel does not fit. */
static int64_t output_size(const neap_attrs *a, int64_t x, int64_t kernel)
{
    return neap_window_count(x, (kernel - 1) * a->i[DILATION] + 1, a->i[STRIDE], a->i[PADDING]);
}

/* The smallest side of x with y pixels as result. */
static int64_t input_size(const neap_attrs *a, int64_t y, int64_t kernel)
{
    return (y - 1) * a->i[STRIDE] - 2 * a->i[PADDING] + (kernel - 1) * a->i[DILATION] + 1;
}

static bool is_bias(const neap_call *call, int64_t channels)
{
    return call->count < 3 || neap_shape_equal(call->in[2]->shape, neap_dims(channels));
}

/* Whether a convolution of x with weights of shape w has the shape of y. */
static bool fits(const neap_attrs *a, neap_shape x, neap_shape w, neap_shape y)
{
    const int64_t groups = a->i[GROUPS];
    bool good = x.dim[CHANNELS] == w.dim[CHANNELS] * groups && y.dim[CHANNELS] == w.dim[0] && w.dim[0] % groups == 0 &&
                x.dim[0] == y.dim[0];
    for (int axis = ROWS; axis <= COLUMNS; axis++)
        good = good && w.dim[axis] >= 1 && x.dim[axis] >= 1 && y.dim[axis] >= 1 &&
               y.dim[axis] == output_size(a, x.dim[axis], w.dim[axis]);
    return good;
}

/* Rank 4, and sides whose products and sums do not overflow. */
static bool are_pictures(const neap_call *call)
{
    for (int i = 0; i < 2; i++) {
        const neap_shape s = call->in[i]->shape;
        if (s.rank != 4 || s.dim[ROWS] > INT32_MAX || s.dim[COLUMNS] > INT32_MAX || s.dim[CHANNELS] > INT32_MAX)
            return false;
    }
    return true;
}

int neap_shape_conv2d(neap_call *call)
{
    const neap_shape x = call->in[0]->shape, w = call->in[1]->shape;
    if (check_window(call) != 0)
        return -1;
    call->shape = x;
    for (int axis = ROWS; are_pictures(call) && axis <= COLUMNS; axis++)
        call->shape.dim[axis] = output_size(&call->attrs, x.dim[axis], w.dim[axis]);
    call->shape.dim[CHANNELS] = w.dim[0];
    if (!are_pictures(call) || !fits(&call->attrs, x, w, call->shape) || !is_bias(call, w.dim[0]))
        return neap_op_fail(call, "x [B, rows, columns, groups in], weight [out, kernel rows, kernel columns, in] within the "
                                  "padded picture, out a multiple of groups, bias [out]");
    return 0;
}

/* The attribute `size`: two numbers, or none. */
static int check_size(const neap_call *call)
{
    const neap_attrs *a = &call->attrs;
    if (a->count != 0 && a->count != 2)
        return neap_fail("%s: size: expected rows and columns, got %d numbers", call->op->info.name, a->count);
    for (int i = 0; i < a->count; i++)
        if (a->list[i] < 1 || a->list[i] > INT32_MAX)
            return neap_fail("%s: size: expected 1 to %d, got %lld", call->op->info.name, INT32_MAX, (long long)a->list[i]);
    return 0;
}

int neap_shape_conv2d_transpose(neap_call *call)
{
    const neap_shape y = call->in[0]->shape, w = call->in[1]->shape;
    neap_attrs *a = &call->attrs;
    if (check_window(call) != 0 || check_size(call) != 0)
        return -1;
    const bool pictures = are_pictures(call);
    call->shape = y;
    for (int axis = ROWS; pictures && axis <= COLUMNS; axis++)
        call->shape.dim[axis] = a->count ? a->list[axis - 1] : input_size(a, y.dim[axis], w.dim[axis]);
    call->shape.dim[CHANNELS] = pictures ? w.dim[CHANNELS] * a->i[GROUPS] : 0;
    if (!pictures || !fits(a, call->shape, w, y) || !is_bias(call, call->shape.dim[CHANNELS]))
        return neap_op_fail(call, "x [B, rows, columns, in], weight [in, kernel rows, kernel columns, out], in a multiple of "
                                  "groups, bias [groups out], and a size that the convolution takes back to x");
    return 0;
}

int neap_shape_conv2d_weight(neap_call *call)
{
    const neap_shape x = call->in[0]->shape, y = call->in[1]->shape;
    const neap_attrs *a = &call->attrs;
    if (check_window(call) != 0 || check_size(call) != 0)
        return -1;
    if (are_pictures(call) && a->count == 2) {
        call->shape = neap_dims(y.dim[CHANNELS], a->list[0], a->list[1], x.dim[CHANNELS] / a->i[GROUPS]);
        if (fits(a, x, call->shape, y))
            return 0;
    }
    return neap_op_fail(call, "x [B, rows, columns, groups in], the gradient [B, .., out] of its convolution, and the size of "
                              "the kernel");
}

/* --- Kernels ------------------------------------------------------------------------------------------------------- */

static neap_conv_axis axis_of(const neap_attrs *a, int64_t x, int64_t kernel, int64_t y)
{
    return (neap_conv_axis){x, y, kernel, a->i[STRIDE], a->i[PADDING], a->i[DILATION]};
}

static neap_conv conv_of(const neap_call *call, neap_tensor *x, neap_tensor *w, neap_tensor *y)
{
    const neap_attrs *a = &call->attrs;
    const int64_t *xs = x->shape.dim, *ws = w->shape.dim, *ys = y->shape.dim;
    return (neap_conv){.batch = xs[0], .in = xs[CHANNELS], .out = ys[CHANNELS], .groups = a->i[GROUPS],
                       .rows = axis_of(a, xs[ROWS], ws[ROWS], ys[ROWS]),
                       .columns = axis_of(a, xs[COLUMNS], ws[COLUMNS], ys[COLUMNS]),
                       .x = neap_tensor_bytes(x), .w = neap_tensor_bytes(w), .y = neap_tensor_bytes(y),
                       .bias = call->count > 2 ? neap_tensor_bytes(call->in[2]) : NULL,
                       .bf16 = neap_precision() == NEAP_BF16};
}

int neap_conv2d_forward(neap_call *call)
{
    const neap_conv c = conv_of(call, call->in[0], call->in[1], call->out);
    return call->kernels->conv(call->kernels, &c);
}

int neap_conv2d_transpose_forward(neap_call *call)
{
    const neap_conv c = conv_of(call, call->out, call->in[1], call->in[0]);
    return call->kernels->conv_input(call->kernels, &c);
}

int neap_conv2d_weight_forward(neap_call *call)
{
    const neap_conv c = conv_of(call, call->in[0], call->out, call->in[1]);
    return call->kernels->conv_weight(call->kernels, &c);
}

/* --- Gradients ----------------------------------------------------------------------------------------------------- */

/* The window of `call`, with the rows and columns of `sized` for ops that take them. */
static neap_attrs window_of(const neap_call *call, const neap_tensor *sized)
{
    neap_attrs a = call->attrs;
    a.count = sized ? 2 : 0;
    for (int i = 0; i < a.count; i++)
        a.list[i] = sized->shape.dim[ROWS + i];
    return a;
}

static neap_tensor *to_y(const neap_call *call, neap_tensor *x, neap_tensor *w)
{
    const neap_attrs a = window_of(call, NULL);
    return neap_apply2(NEAP_OP_conv2d, x, w, &a);
}

static neap_tensor *to_x(const neap_call *call, neap_tensor *y, neap_tensor *w, const neap_tensor *x)
{
    const neap_attrs a = window_of(call, x);
    return neap_apply2(NEAP_OP_conv2d_transpose, y, w, &a);
}

static neap_tensor *to_w(const neap_call *call, neap_tensor *x, neap_tensor *y, const neap_tensor *w)
{
    const neap_attrs a = window_of(call, w);
    return neap_apply2(NEAP_OP_conv2d_weight, x, y, &a);
}

static int check_gradients(const neap_call *call, neap_tensor *const *gx)
{
    for (int i = 0; i < call->count; i++)
        if (call->wants[i] && !gx[i])
            return -1;
    return 0;
}

static neap_tensor *sum_pixels(neap_tensor *g)
{
    return neap_sum(g, (int[]){0, ROWS, COLUMNS}, 3, false);
}

int neap_conv2d_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *x = call->in[0], *w = call->in[1];
    gx[0] = call->wants[0] ? to_x(call, g, w, x) : NULL;
    gx[1] = call->wants[1] ? to_w(call, x, g, w) : NULL;
    gx[2] = call->wants[2] ? sum_pixels(g) : NULL;
    return check_gradients(call, gx);
}

int neap_conv2d_transpose_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *y = call->in[0], *w = call->in[1];
    gx[0] = call->wants[0] ? to_y(call, g, w) : NULL;
    gx[1] = call->wants[1] ? to_w(call, g, y, w) : NULL;
    gx[2] = call->wants[2] ? sum_pixels(g) : NULL;
    return check_gradients(call, gx);
}

int neap_conv2d_weight_gradient(const neap_call *call, neap_tensor *g, neap_tensor **gx)
{
    neap_tensor *x = call->in[0], *y = call->in[1];
    gx[0] = call->wants[0] ? to_x(call, y, g, x) : NULL;
    gx[1] = call->wants[1] ? to_y(call, x, g) : NULL;
    return check_gradients(call, gx);
}

/* --- C functions ------------------------------------------------------------------------------------------------- */

static neap_attrs attrs_of(const neap_window *window)
{
    return (neap_attrs){.i = {[STRIDE] = window->stride, [PADDING] = window->padding, [DILATION] = window->dilation,
                              [GROUPS] = window->groups}};
}

/* NULL means no bias, unless a message is pending: then making the bias failed. */
static neap_tensor *apply(neap_op_id op, neap_tensor *x, neap_tensor *weight, neap_tensor *bias, const neap_window *window)
{
    const neap_attrs a = attrs_of(window);
    const int count = bias || neap_failed() ? 3 : 2;
    return neap_op_apply(op, (neap_tensor *[]){x, weight, bias}, count, &a);
}

neap_tensor *neap_conv2d(neap_tensor *x, neap_tensor *weight, neap_tensor *bias, neap_window window)
{
    return apply(NEAP_OP_conv2d, x, weight, bias, &window);
}

neap_tensor *neap_conv2d_transpose(neap_tensor *x, neap_tensor *weight, neap_tensor *bias, neap_window window)
{
    return apply(NEAP_OP_conv2d_transpose, x, weight, bias, &window);
}
