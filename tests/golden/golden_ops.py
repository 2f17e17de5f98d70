"""At least one case for each row of core/ops/ops.def, computed by PyTorch.

The n-th case of a row is OP.n: tensors OP.n.in.i, OP.n.out, and OP.n.ATTRIBUTE for each attribute that is not left to
its default. Where the output has a gradient: OP.n.seed, which is handed to the output, and OP.n.grad.i of each real
input. A case's numbers depend on its name alone, so that adding one leaves the others as they are.
"""

import math
import zlib

import torch
import torch.nn.functional as F

import golden_pictures

INFINITY, NAN = math.inf, math.nan

# --- Inputs: functions of a generator ---------------------------------------------------------------------------------


def uniform(low, high, *shape):
    return lambda g: low + (high - low) * torch.rand(shape, generator=g)


def real(*shape):
    return uniform(-1.5, 1.5, *shape)


def positive(*shape):
    return uniform(0.3, 1.8, *shape)


def index(bound, *shape):
    return lambda g: torch.randint(bound, shape, generator=g, dtype=torch.int32)


def condition(*shape):
    return lambda g: torch.randint(2, shape, generator=g, dtype=torch.uint8)


def given(*values):
    return lambda g: torch.tensor(values)


# Zeros, whole numbers, ties and tails: where the pieces of a function meet and where a naive formula overflows.
CORNERS = given(-20, -3.5, -1, -0.5, -0.0, 0, 0.5, 1, 2.5, 3, 20)
APART_FROM_0 = given(-20, -3.5, -1, -0.01, 0.01, 1, 20)
ABOVE_0 = given(0.001, 0.5, 1, 4, 1000)
TIES = given([1.0, 2, 2], [-1, -1, -1], [3, 0, 3])
LARGE = given([100, 99, -100, 101.5], [-1000, -1000, -1000, -1001])

# --- Cases: op, PyTorch's function, inputs, attributes ----------------------------------------------------------------

UNARY = [
    ("neg", torch.neg, real, CORNERS),
    ("exp", torch.exp, real, CORNERS),
    ("log", torch.log, positive, ABOVE_0),
    ("sqrt", torch.sqrt, positive, ABOVE_0),
    ("rsqrt", torch.rsqrt, positive, ABOVE_0),
    ("abs", torch.abs, real, CORNERS),
    ("sign", torch.sign, real, CORNERS),
    ("sin", torch.sin, real, CORNERS),
    ("cos", torch.cos, real, CORNERS),
    ("tanh", torch.tanh, real, CORNERS),
    ("erf", torch.erf, real, CORNERS),
    ("sigmoid", torch.sigmoid, real, CORNERS),
    ("silu", F.silu, real, CORNERS),
    ("gelu", F.gelu, real, CORNERS),
    ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), real, CORNERS),
    ("relu", F.relu, real, CORNERS),
    ("softplus", lambda x: F.softplus(x, threshold=100), real, CORNERS),  # by default it is x above 20
    ("square", torch.square, real, CORNERS),
    ("reciprocal", torch.reciprocal, positive, APART_FROM_0),
    ("floor", torch.floor, real, CORNERS),
]

BINARY = [
    ("add", torch.add, real, CORNERS),
    ("sub", torch.sub, real, CORNERS),
    ("mul", torch.mul, real, CORNERS),
    ("div", torch.div, positive, APART_FROM_0),
    ("maximum", torch.maximum, real, CORNERS),
    ("minimum", torch.minimum, real, CORNERS),
]

COMPARISONS = [
    ("eq", torch.eq),
    ("ne", torch.ne),
    ("lt", torch.lt),
    ("le", torch.le),
    ("gt", torch.gt),
    ("ge", torch.ge),
]

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int32, torch.uint8]  # in the order of neap_dtype


def reduction(function):
    return lambda x, axes=(), keep=0: function(x, dim=axes or tuple(range(x.dim())), keepdim=bool(keep))


REDUCTIONS = [
    ("sum", reduction(torch.sum)),
    ("mean", reduction(torch.mean)),
    ("max", reduction(torch.amax)),
    ("variance", reduction(lambda x, **over: torch.var(x, correction=0, **over))),
]


def pad(x, before_after):
    pairs = [before_after[i : i + 2] for i in range(0, len(before_after), 2)]
    return F.pad(x, [count for pair in reversed(pairs) for count in pair])  # PyTorch begins with the last axis


def scatter_add(x, at, axis, size):
    shape = list(x.shape)
    shape[axis] = size
    return torch.zeros(shape, dtype=x.dtype).scatter_add(axis, at, x)


def embedding_sum(x, at, rows):
    width = x.shape[-1]
    return torch.zeros(rows, width, dtype=x.dtype).index_add(0, at.reshape(-1), x.reshape(-1, width))


SHAPES = [
    ("reshape", torch.reshape, [real(3, 4)], {"shape": [2, -1]}),
    ("reshape", torch.reshape, [real(1)], {"shape": []}),
    ("permute", lambda x, axes: x.permute(axes), [real(2, 3, 5)], {"axes": [2, 0, 1]}),
    ("slice", lambda x, axis, start, stop: x.narrow(axis, start, stop - start), [real(3, 5, 2)],
     {"axis": -2, "start": 1, "stop": 4}),
    ("expand", lambda x, shape: x.expand(shape), [real(3, 1)], {"shape": [2, 3, 5]}),
    ("contiguous", torch.clone, [real(3, 5)], {}),
    ("pad", pad, [real(3, 5)], {"before_after": [1, 0, 2, 3]}),
    ("concat", lambda *x, axis: torch.cat(x, axis), [real(3, 2), real(3, 5), real(3, 1)], {"axis": 1}),
    ("concat", lambda *x, axis: torch.cat(x, axis), [real(1, 3), real(2, 3)], {"axis": -2}),
    ("gather", lambda x, at, axis: x.gather(axis, at), [real(4, 3), index(4, 6, 3)], {"axis": 0}),
    ("gather", lambda x, at, axis: x.gather(axis, at), [real(3, 5), index(5, 3, 2)], {"axis": -1}),
    ("scatter_add", scatter_add, [real(6, 3), index(4, 6, 3)], {"axis": 0, "size": 4}),
    ("scatter_add", scatter_add, [real(3, 7), index(3, 3, 7)], {"axis": 1, "size": 3}),
    ("embedding", lambda table, at: F.embedding(at, table), [real(4, 19), index(4, 2, 5)], {}),
    ("embedding_sum", embedding_sum, [real(2, 5, 19), index(4, 2, 5)], {"rows": 4}),
]


def matmul(a, b, transpose_a=0, transpose_b=0):
    return (a.mT if transpose_a else a) @ (b.mT if transpose_b else b)


def linear_gelu(x, weight, bias):
    return F.gelu(F.linear(x, weight, bias), approximate="tanh")


def linear_gated_add(residual, gate, x, weight, bias):
    return residual + gate.unsqueeze(1) * F.linear(x, weight, bias)


PRODUCTS = [
    ("matmul", matmul, [real(5, 19), real(19, 35)], {}),
    ("matmul", matmul, [real(7, 5), real(7, 3)], {"transpose_a": 1}),
    ("matmul", matmul, [real(5, 7), real(3, 7)], {"transpose_b": 1}),
    ("matmul", matmul, [real(7, 5), real(3, 7)], {"transpose_a": 1, "transpose_b": 1}),
    ("matmul", matmul, [real(3, 1, 2, 4), real(2, 4, 5)], {}),
    ("linear", F.linear, [real(7, 21), real(67, 21), real(67)], {}),
    ("linear", F.linear, [real(2, 3, 5), real(4, 5)], {}),
    ("linear_gelu", linear_gelu, [real(3, 5, 9), real(33, 9), real(33)], {}),
    ("linear_gated_add", linear_gated_add, [real(2, 3, 17), real(2, 17), real(2, 3, 9), real(17, 9), real(17)], {}),
]


def layer_norm(x, eps=1e-6):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def modulated_norm(x, shift, scale, eps=1e-6):
    return layer_norm(x, eps) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


ROWS = [
    ("softmax", lambda x, axis=-1: torch.softmax(x, axis), [real(3, 37)], {}),
    ("softmax", lambda x, axis=-1: torch.softmax(x, axis), [real(2, 3, 4)], {"axis": 1}),
    ("softmax", lambda x, axis=-1: torch.softmax(x, axis), [LARGE], {}),
    ("log_softmax", lambda x, axis=-1: torch.log_softmax(x, axis), [real(3, 37)], {}),
    ("log_softmax", lambda x, axis=-1: torch.log_softmax(x, axis), [real(2, 3, 4)], {"axis": 0}),
    ("log_softmax", lambda x, axis=-1: torch.log_softmax(x, axis), [LARGE], {}),
    ("layer_norm", layer_norm, [real(3, 37)], {}),
    ("layer_norm", layer_norm, [real(2, 3, 5)], {"eps": 0.01}),
    ("rms_norm", lambda x, eps=1e-6: F.rms_norm(x, x.shape[-1:], eps=eps), [real(3, 37)], {}),
    ("rms_norm", lambda x, eps=1e-6: F.rms_norm(x, x.shape[-1:], eps=eps), [real(2, 3, 5)], {"eps": 0.01}),
    ("modulated_norm", modulated_norm, [real(2, 3, 37), real(2, 37), real(2, 37)], {}),
    ("modulated_norm", modulated_norm, [real(3, 2, 5), real(3, 5), real(3, 5)], {"eps": 0.01}),
    ("gated_add", lambda residual, gate, x: residual + gate.unsqueeze(1) * x,
     [real(2, 3, 19), real(2, 19), real(2, 3, 19)], {}),
]


def joint_attention(a, b, heads):
    """Rows of the first product, then those of the second; [B, N, H d] where the second has no queries."""
    n, width = a.shape[1], a.shape[2] // 3
    k, v = (torch.cat(x, 1) for x in zip(a.chunk(3, -1)[1:], b.split(width, -1)[-2:]))
    q = a[..., :width] if b.shape[2] == 2 * width else torch.cat([a[..., :width], b[..., :width]], 1)
    y = attention(*(x.unflatten(-1, (heads, -1)) for x in (q, k, v))).flatten(2)
    return y if b.shape[2] == 2 * width else torch.cat([y[:, :n].flatten(0, 1), y[:, n:].flatten(0, 1)])


def attention(q, k, v):
    """[B, N, H, d], where PyTorch has the heads before the tokens."""
    return F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2)


def self_attention(qkv, heads):
    return attention(*(x.unflatten(-1, (heads, -1)) for x in qkv.chunk(3, -1))).flatten(2)


def cross_attention(q, kv, heads):
    return attention(*(x.unflatten(-1, (heads, -1)) for x in (q, *kv.chunk(2, -1)))).flatten(2)


LOSSES = [
    ("attention", attention, [real(2, 3, 2, 4), real(2, 5, 2, 4), real(2, 5, 2, 4)], {}),
    ("attention", attention, [real(1, 19, 1, 10), real(1, 17, 1, 10), real(1, 17, 1, 10)], {}),
    ("self_attention", self_attention, [real(2, 5, 24)], {"heads": 2}),
    ("self_attention", self_attention, [real(1, 17, 30)], {"heads": 1}),
    ("cross_attention", cross_attention, [real(2, 3, 8), real(2, 5, 16)], {"heads": 2}),
    ("cross_attention", cross_attention, [real(1, 19, 10), real(1, 17, 20)], {"heads": 1}),
    ("cross_entropy", F.cross_entropy, [real(3, 17), index(17, 3)], {}),
    ("cross_entropy", F.cross_entropy, [LARGE, given(2, 3)], {}),
    ("bce_with_logits", F.binary_cross_entropy_with_logits, [real(3, 5), uniform(0, 1, 3, 5)], {}),
    ("bce_with_logits", F.binary_cross_entropy_with_logits, [given(-30.0, 0, 30, -30), given(0.0, 0.5, 1, 1)], {}),
    ("joint_attention", joint_attention, [real(2, 5, 24), real(2, 3, 24)], {"heads": 2}),
    ("joint_attention", joint_attention, [real(2, 3, 30), real(2, 17, 20)], {"heads": 1}),
]


def elementwise():
    for op, function, fill, corners in UNARY:
        yield op, function, [fill(2, 37)], {}
        yield op, function, [corners], {}
    for slope in (0.2, -0.1):
        yield "leaky_relu", lambda x, slope: F.leaky_relu(x, slope), [CORNERS], {"slope": slope}
    yield "clamp", lambda x, low, high: x.clamp(low, high), [CORNERS], {"low": -0.5, "high": 2.5}
    yield "affine", lambda x, scale, shift: scale * x + shift, [real(2, 37)], {"scale": -1.5, "shift": 2.25}
    yield "power", torch.pow, [positive(2, 37)], {"exponent": 2.5}
    yield "power", torch.pow, [CORNERS], {"exponent": 3.0}
    yield "power", torch.pow, [ABOVE_0], {"exponent": -0.5}
    for op, function, fill, corners in BINARY:
        yield op, function, [real(2, 37), fill(2, 37)], {}
        yield op, function, [real(3, 1, 5), fill(2, 1)], {}
        yield op, function, [real(1), fill(2, 3)], {}
        yield op, function, [given([[0.5]], [[1]], [[-1]]), corners], {}
    strange = given(-1.0, 0.0, 1.0, INFINITY, -INFINITY, NAN, 0.0)
    for op, function in COMPARISONS:
        yield op, function, [given([0.0], [1.0], [INFINITY], [NAN]), strange], {}
    yield "where", torch.where, [condition(3, 19), real(3, 19), real(3, 19)], {}
    yield "where", torch.where, [condition(3, 1), real(5), real(2, 1, 1)], {}


def casts():
    for dtype in range(len(DTYPES)):
        source = CORNERS if dtype < 4 else given(0.0, 0.5, 3.75, 20, 255)
        yield "cast", lambda x, dtype: x.to(DTYPES[dtype]), [source], {"dtype": dtype}


def reductions():
    for op, function in REDUCTIONS:
        yield op, function, [real(5, 37)], {}
        yield op, function, [real(2, 3, 4)], {"axes": [1]}
        yield op, function, [real(2, 3, 4)], {"axes": [-1], "keep": 1}
        yield op, function, [real(3, 2, 19)], {"axes": [2, 0]}
        yield op, function, [TIES], {"axes": [1]}


# --- Tensors ----------------------------------------------------------------------------------------------------------


def leaf(x):
    """An input as PyTorch wants it: reals in float64 with a gradient, indices in int64, conditions as bool."""
    if x.dtype == torch.uint8:
        return x.bool()
    return x.double().requires_grad_() if x.is_floating_point() else x.long()


def attribute(value):
    return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else torch.int32)


def compute(name, function, makers, attrs):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    stored = [make(generator) for make in makers]
    stored = [x.int() if x.dtype == torch.int64 else x for x in stored]
    inputs = [leaf(x) for x in stored]
    out = function(*inputs, **attrs)
    result = {f"{name}.in.{i}": x for i, x in enumerate(stored)}
    result |= {f"{name}.{key}": attribute(value) for key, value in attrs.items()}
    result[f"{name}.out"] = out.to(torch.uint8) if out.dtype == torch.bool else out
    if not out.requires_grad:
        return result
    seed = real(*out.shape)(generator)
    seed = seed if out.dtype == torch.float64 else seed.to(out.dtype)
    result[f"{name}.seed"] = seed
    out.backward(seed.to(out.dtype))
    return result | {f"{name}.grad.{i}": x.grad for i, x in enumerate(inputs) if x.requires_grad}


def tensors():
    result, counts = {}, {}
    for op, function, makers, attrs in (*elementwise(), *casts(), *reductions(), *SHAPES, *PRODUCTS, *ROWS, *LOSSES,
                                        *golden_pictures.cases(real, positive)):
        number = counts[op] = counts.get(op, -1) + 1
        result |= compute(f"{op}.{number}", function, makers, attrs)
    return result
