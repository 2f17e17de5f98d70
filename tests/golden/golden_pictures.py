"""The rows of core/ops/ops.def that work on pictures [B, rows, columns, C], by PyTorch, which has channels first."""

import torch
import torch.nn.functional as F


def first(x):
    """Channels first; of weights [out, rows, columns, in], too."""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


# --- Convolutions -----------------------------------------------------------------------------------------------------


def conv2d(x, weight, *bias, **window):
    return last(F.conv2d(first(x), first(weight), *bias, **window))


def conv2d_transpose(x, weight, *bias, size=None, stride=1, padding=0, dilation=1, groups=1):
    small, kernel = first(x).shape[2:], first(weight).shape[2:]
    least = [(n - 1) * stride - 2 * padding + dilation * (k - 1) + 1 for n, k in zip(small, kernel)]
    extra = [wanted - n for wanted, n in zip(size or least, least)]
    return last(F.conv_transpose2d(first(x), first(weight), *bias, stride=stride, padding=padding,
                                   output_padding=extra, groups=groups, dilation=dilation))


def conv2d_weight(x, g, size, groups=1, **window):
    weight = torch.zeros(g.shape[-1], *size, x.shape[-1] // groups, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(conv2d(x, weight, groups=groups, **window), weight, g, create_graph=True)[0]


# --- Pixels from pixels: along one axis -------------------------------------------------------------------------------


def along(function, x, axis):
    """function of [N, 1, pixels], for an axis of any tensor."""
    x = x.movedim(axis, -1)
    y = function(x.reshape(-1, 1, x.shape[-1]))
    return y.reshape(*x.shape[:-1], y.shape[-1]).movedim(-1, axis)


def filter(x, taps, axis, stride=1, padding=0, size=0, scale=1.0):
    weight = scale * torch.tensor(taps, dtype=x.dtype).reshape(1, 1, -1)
    if not size:
        return along(lambda line: F.conv1d(line, weight, stride=stride, padding=padding), x, axis)
    extra = size - ((x.shape[axis] - 1) * stride - 2 * padding + len(taps))
    return along(lambda line: F.conv_transpose1d(line, weight, stride=stride, padding=padding, output_padding=extra), x, axis)


def resample(x, axis, size, mode=0, adjoint=0):
    how = {"mode": "linear", "align_corners": False} if mode else {"mode": "nearest-exact"}
    if not adjoint:
        return along(lambda line: F.interpolate(line, size=size, **how), x, axis)

    def turned(line):
        source = torch.zeros(line.shape[0], 1, size, dtype=line.dtype, requires_grad=True)
        return torch.autograd.grad(F.interpolate(source, size=line.shape[-1], **how), source, line, create_graph=True)[0]

    return along(turned, x, axis)


def max_pool_index(x, kernel, stride=1, padding=0):
    return last(F.max_pool2d(first(x), kernel, stride, padding, return_indices=True)[1]).int()


# --- Statistics -------------------------------------------------------------------------------------------------------


def batch_norm(x, scale, shift, eps=1e-5, slope=1.0):
    return F.leaky_relu(F.batch_norm(x.movedim(-1, 1), None, None, scale, shift, True, 0, eps), slope).movedim(1, -1)


def group_norm(x, scale, shift, groups, eps=1e-5, slope=1.0):
    return F.leaky_relu(F.group_norm(x.movedim(-1, 1), groups, scale, shift, eps), slope).movedim(1, -1)


def group_norm_silu(x, scale, shift, groups, eps=1e-5):
    return F.silu(group_norm(x, scale, shift, groups, eps))


def cases(real, positive):
    yield "conv2d", conv2d, [real(2, 5, 4, 3), real(5, 3, 3, 3), real(5)], {"padding": 1}
    yield "conv2d", conv2d, [real(1, 7, 6, 4), real(17, 4, 3, 4)], {"stride": 2, "padding": 2}
    yield "conv2d", conv2d, [real(2, 6, 5, 6), real(4, 2, 3, 3), real(4)], {"padding": 1, "dilation": 2, "groups": 2}
    yield "conv2d_transpose", conv2d_transpose, [real(2, 3, 2, 5), real(5, 4, 4, 3), real(3)], {"stride": 2, "padding": 1}
    yield "conv2d_transpose", conv2d_transpose, [real(1, 2, 3, 4), real(4, 3, 2, 2)], \
        {"stride": 3, "dilation": 2, "groups": 2, "size": [8, 11]}
    yield "conv2d_weight", conv2d_weight, [real(2, 5, 4, 3), real(2, 5, 4, 4)], {"padding": 1, "size": [3, 3]}
    yield "conv2d_weight", conv2d_weight, [real(2, 7, 6, 4), real(2, 4, 3, 6)], \
        {"stride": 2, "padding": 1, "groups": 2, "size": [2, 3]}
    yield "filter", filter, [real(2, 7, 3)], {"taps": [1, 3, 3, 1], "axis": 1, "stride": 2, "padding": 1, "scale": 0.125}
    yield "filter", filter, [real(2, 4, 3)], {"taps": [1, 2, 1], "axis": -2, "stride": 2, "padding": 1, "size": 8}
    yield "resample", resample, [real(2, 5, 3)], {"axis": 1, "size": 8}
    yield "resample", resample, [real(2, 5, 3)], {"axis": 1, "size": 12, "mode": 1}
    yield "resample", resample, [real(2, 3, 9)], {"axis": -1, "size": 4, "mode": 1}
    yield "resample", resample, [real(2, 8, 3)], {"axis": 1, "size": 5, "mode": 1, "adjoint": 1}
    yield "max_pool_index", max_pool_index, [real(2, 5, 4, 3)], {"kernel": 3, "stride": 2, "padding": 1}
    yield "batch_norm", batch_norm, [real(3, 2, 5, 19), positive(19), real(19)], {}
    yield "batch_norm", batch_norm, [real(5, 7), real(7), real(7)], {"eps": 0.01, "slope": 0.2}
    yield "group_norm", group_norm, [real(2, 3, 4, 6), positive(6), real(6)], {"groups": 3}
    yield "group_norm", group_norm, [real(2, 5, 17), real(17), real(17)], {"groups": 17, "eps": 0.01, "slope": 0.2}
    yield "group_norm_silu", group_norm_silu, [real(2, 3, 4, 6), positive(6), real(6)], {"groups": 3}
    yield "group_norm_silu", group_norm_silu, [real(2, 5, 32), real(32), real(32)], {"groups": 8, "eps": 1e-6}
