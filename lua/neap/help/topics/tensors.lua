--- Help of new tensors, and of methods and properties of tensors that are no ops.
local X = { "x", "tensor" }
local SIZES = { "...", "whole number", "Sizes of the axes, or one table of them." }

return {
  { "neap.tensor", "(numbers [, dtype]) -> tensor", "A tensor with the numbers of a nested table.", {
    { "numbers", "table", "Numbers, or tables of them, all of one size." },
    { "dtype", "text", "f32, f64, bf16, i32 or u8.", default = "f32" },
  }, example = "local x = neap.tensor { { 1, 2 }, { 3, 4 } }" },
  { "neap.full", "(shape, value [, dtype]) -> tensor", "A tensor with one value everywhere.",
    { { "shape", "list" }, { "value", "number" }, { "dtype", "text", nil, default = "f32" } } },
  { "neap.zeros", "(size, ...) -> tensor", "A tensor of zeros.", { SIZES } },
  { "neap.ones", "(size, ...) -> tensor", "A tensor of ones.", { SIZES } },
  { "neap.arange", "([start,] stop [, step]) -> tensor", "Numbers from start (0) to below stop.", {
    { "start", "number", nil, default = 0 }, { "stop", "number" }, { "step", "number", nil, default = 1 },
  } },
  { "neap.linspace", "(first, last, count) -> tensor", "Numbers at equal distances, both ends included.",
    { { "first", "number" }, { "last", "number" }, { "count", "whole number" } } },
  { "neap.randn", "(size, ...) -> tensor", "Standard normal numbers, by the seed of the recipe.", { SIZES },
    example = "local z = neap.randn(64, 28, 28, 1)" },
  { "neap.rand", "(size, ...) -> tensor", "Uniform numbers in [0, 1), by the seed of the recipe.", { SIZES } },
  { "neap.randn_like", "(x) -> tensor", "Standard normal numbers in the shape of x.", { X } },
  { "neap.rand_like", "(x) -> tensor", "Uniform numbers in the shape of x.", { X } },
  { "neap.uniform", "([low, high]) -> number", "One uniform number in [low, high).",
    { { "low", "number", nil, default = 0 }, { "high", "number", nil, default = 1 } } },
  { "neap.seed", "([n]) -> number", "Sets the seed of random calls and restarts their streams; returns the seed.",
    { { "n", "whole number", nil, usual = "unchanged" } } },
  { "neap.no_grad", "(f, ...) -> ...", "Calls f without recording gradients, and returns its results.",
    { { "f", "function" }, { "...", "any", "Arguments of f." } } },
  { "neap.training", "(f, ...) -> ...",
    "Calls f in training mode, as neap.train runs a step: batch norm uses the statistics of "
    .. "the batch.", { { "f", "function" }, { "...", "any", "Arguments of f." } } },
  { "neap.gradients", "(y, inputs [, flags]) -> list", "Gradients of a scalar y by a list of tensors; the method is "
    .. "y:gradients(inputs).", {
    { "y", "tensor" }, { "inputs", "list" },
    { "flags", "table", "{ create_graph = true } records them for second gradients; { keep_graph = true } keeps the tape of y." },
  } },
  { "neap.chunk", "(x, n [, axis]) -> tensor, ...", "n tensors of equal size along an axis; also x:chunk(n [, axis]).",
    { X, { "n", "whole number" }, { "axis", "whole number", nil, usual = "the last" } } },
  { "neap.resize", "(x, rows, columns [, mode]) -> tensor",
    "Pictures [B, rows, columns, C] in another size; also x:resize(..).", {
    X, { "rows", "whole number" }, { "columns", "whole number" }, { "mode", "text", "nearest or linear.", default = "nearest" },
  } },
  { "neap.average_pool", "(x, kernel [, stride [, padding]]) -> tensor",
    "Means over windows of pictures, which include the zeros "
    .. "of padding; also x:average_pool(..).", {
    X, { "kernel", "whole number" }, { "stride", "whole number", nil, usual = "kernel" },
    { "padding", "whole number", nil, default = 0 },
  } },
  { "neap.max_pool", "(x, kernel [, stride [, padding]]) -> tensor", "Maxima over windows of pictures; also x:max_pool(..).", {
    X, { "kernel", "whole number" }, { "stride", "whole number", nil, usual = "kernel" },
    { "padding", "whole number", "Up to half the kernel.", default = 0 },
  } },
  { "neap.interpolate", "(a, b, count) -> tensor", "Spherical linear interpolation from noise a to noise b, both included: "
    .. "[count, ..].", { { "a", "tensor" }, { "b", "tensor" }, { "count", "whole number" } } },
  { "neap.morph", "(classes, from, to, count) -> tensor", "Weights of classes from one class to another, for `mixture` of "
    .. "sampler:sample: [count, classes + 1].", {
    { "classes", "whole number" }, { "from", "whole number" }, { "to", "whole number" }, { "count", "whole number" },
  } },

  { "ops", nil, "Ops of tensors: neap.NAME(x, ..) or x:NAME(..). Attributes follow the tensors in their order or by name, as in "
    .. "x:sum { axes = { 0 }, keep = true }." },
  { "tensor", nil, "An array of numbers with gradients. a + b, a - b, a * b, a / b, a ^ b and -a work on tensors and numbers; #x "
    .. "is the size of axis 0. Axes and indices count from 0." },
  { "tensor.dtype", nil, "The type of the elements: f32, f64, bf16, i32 or u8.", type = "text" },
  { "tensor.requires_grad", nil, "Does backward store a gradient here, or lead to a tensor where it does?", type = "flag" },
  { "tensor.grad", nil, "The gradient that backward stored, or nil. It is a property: x.grad, not x:grad().", type = "tensor" },
  { "tensor:backward", "([seed] [, flags])", "Adds the gradients of a scalar to .grad of each leaf that requires one.", {
    { "seed", "tensor", "Gradient of the tensor itself, which need then be no scalar.", usual = "1" },
    { "flags", "table", "{ keep_graph = true } allows a second backward, { create_graph = true } second gradients." },
  }, example = "loss:backward()" },
  { "tensor:gradients", "(inputs [, flags]) -> list", "Gradients of a scalar by a list of tensors; .grad stays as it is.",
    { { "inputs", "list" }, { "flags", "table", "As for neap.gradients." } } },
  { "tensor:require_grad", "([on]) -> tensor", "Turns gradients of a leaf on or off; returns the tensor.",
    { { "on", "flag", nil, default = true } } },
  { "tensor:clear_grad", "()", "Removes the stored gradient." },
  { "tensor:detach", "() -> tensor", "The same elements without the tape." },
  { "tensor:item", "() -> number", "The number of a tensor with one element." },
  { "tensor:tolist", "() -> list", "The elements as nested tables." },
  { "tensor:shape", "() -> list", "The sizes of the axes." },
  { "tensor:size", "([axis]) -> number", "The size of an axis; without an axis, the number of elements.",
    { { "axis", "whole number" } } },
  { "tensor:assign", "(y) -> tensor", "Writes the elements of y in place; for parameters between steps.", { { "y",
    "tensor" } } },
  { "tensor:each", "() -> iterator", "Iterates over the rows along axis 0; over numbers if it is the only axis.",
    example = "for row in x:each() do print(row) end" },
  { "tensor:chunk", "(n [, axis]) -> tensor, ...", "n tensors of equal size along an axis.",
    { { "n", "whole number" }, { "axis", "whole number", nil, usual = "the last" } } },
  { "tensor:resize", "(rows, columns [, mode]) -> tensor", "Pictures in another size; see neap.resize.",
    { { "rows", "whole number" }, { "columns", "whole number" }, { "mode", "text", nil, default = "nearest" } } },
  { "tensor:average_pool", "(kernel [, stride [, padding]]) -> tensor", "Means over windows; see neap.average_pool." },
  { "tensor:max_pool", "(kernel [, stride [, padding]]) -> tensor", "Maxima over windows; see neap.max_pool." },
  { "tensor:close", "()", "Frees the elements now; `local x <close> = ..` does so at the end of a block." },
}
