--- Help of scores, reconstructions and checks of gradients.
local CLASSIFIER, X = { "classifier", "model" }, { "x", "tensor", "Pictures [N, H, W, C]." }
local CONDITION = { "condition", "table", "{ text =, lengths = }." }

return {
  { "neap.evaluate", nil, "Scores of samples: evidence of pictures, and metrics that compare it.", example = [[
local real = neap.evaluate.evidence(classifier, pictures, labels)
local made = neap.evaluate.evidence(classifier, samples, labels)
local frechet = neap.metric.frechet {}
for _, score in ipairs(neap.evaluate.score(frechet, made, real)) do
  print(score.name, score.value, score.low, score.high)
end]] },
  { "neap.evaluate.evidence", "(classifier, x, labels [, batch]) -> table", "Features, logits and labels of pictures.",
    { CLASSIFIER, X, { "labels", "tensor" }, { "batch", "whole number", nil, default = 250 } } },
  { "neap.evaluate.matching", "(matcher, x, texts, labels [, batch]) -> table",
    "Evidence of pictures and texts, for the metric "
    .. "retrieval.", {
    { "matcher", "model" }, X, { "texts", "table", "The texts to choose from, { text =, lengths = }." },
    { "labels", "tensor", "The number of each picture's own text." }, { "batch", "whole number", nil, default = 250 },
  } },
  { "neap.evaluate.pictures", "(x [, condition]) -> table",
    "The pictures themselves as evidence, for metrics that read pixels.",
    { X, CONDITION } },
  { "neap.evaluate.pixels", "(x [, labels]) -> table", "Pixels as features, of larger pictures means of blocks, without a "
    .. "classifier.", { X, { "labels", "tensor" } } },
  { "neap.evaluate.points", "(x, labels) -> table", "Points [N, 1, 1, D] as evidence.",
    { { "x", "tensor" }, { "labels", "tensor" } } },
  { "neap.evaluate.score", "(metric, samples, reference [, settings]) -> list",
    "Scores { name, value, deviation, low, high } with "
    .. "bootstrap intervals.", {
    { "metric", "component" }, { "samples", "table" }, { "reference", "table", "Evidence to compare with, or nil." },
    { "settings", "table", "resamples: their number, 0 for no interval; seed." },
  } },
  { "neap.evaluate.accuracy", "(classifier, x, labels) -> number", "Share of pictures whose largest logit is at their label.",
    { CLASSIFIER, X, { "labels", "tensor" } } },
  { "neap.evaluate.retrieval", "(matcher, x, condition [, settings]) -> list",
    "Scores of the metric retrieval for pictures with their "
    .. "own texts.", { { "matcher", "model" }, X, CONDITION, { "settings", "table", "As for neap.evaluate.score." } } },
  { "neap.evaluate.by_batches", "(x, batch, f) -> tensor, ...", "Calls f for each batch of rows of x, and joins its results.",
    { X, { "batch", "whole number" }, { "f", "function" } } },
  { "neap.evaluate.join", "(list) -> tensor", "Joins tensors along axis 0.", { { "list", "list" } } },

  { "neap.reconstruction", nil, "Reconstructions of pictures by an autoencoder.", example = [[
local x = neap.reconstruction.examples(data:component(), 8)
local y = neap.reconstruction.of(autoencoder, x)]] },
  { "neap.reconstruction.of", "(model, x [, batch]) -> tensor", "Reconstructions of pictures from the means of their latents.",
    { { "model", "model" }, X, { "batch", "whole number", nil, default = 64 } } },
  { "neap.reconstruction.examples", "(dataset, n [, seed]) -> tensor, text",
    "Held-out examples of a data set; or its own examples and "
    .. "the reason for that.", { { "dataset", "component" }, { "n", "whole number" }, { "seed", "whole number", nil,
      default = 0 } } },
  { "neap.reconstruction.rows", "(list, columns) -> tensor",
    "Pictures in the order of a grid: a row of the first tensor, below it the "
    .. "same row of the second.", { { "list", "list" }, { "columns", "whole number" } } },
  { "neap.reconstruction.fits", "(model) -> flag", "Is the model an autoencoder without a velocity?", { { "model",
    "model" } } },

  { "neap.autograd", nil, "Aids for wrong gradients." },
  { "neap.autograd.dump", "(y) -> text", "The tape of y: a line for each op, with inputs, dtypes and shapes.", { { "y",
    "tensor" } } },
  { "neap.autograd.check", "(f, inputs [, { key = value, .. }]) -> table",
    "Compares the gradients of a scalar function with central "
    .. "differences in f64; fails with the worst element where they differ.", { { "f", "function" }, { "inputs", "list" } },
    example = [[
local function f(x) return x:square():sum() end
neap.autograd.check(f, { neap.randn(3) })]] },
}
