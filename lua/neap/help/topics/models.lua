--- Help of models, data sets, components and samplers, and of their methods.
local X, T = { "x", "tensor", "Pictures [B, H, W, C]." }, { "t", "number or tensor",
  "Time from 0 (data) to 1 (noise): one number, "
  .. "or f32 [B]." }
local CONDITION = { "condition", "tensor or table",
  "Labels i32 [B], or { kind = tensor } with the kinds labels, text, lengths, "
  .. "picture.", usual = "none" }

return {
  { "model", nil, "A network: neap.architecture.NAME { .. } makes one, neap.checkpoint.load opens a trained one. model(x, t, "
    .. "condition) is its velocity." },
  { "model:velocity", "(x, t [, condition]) -> tensor", "The velocity of a flow; model(x, t, condition) is the same.",
    { X, T, CONDITION } },
  { "model:average", "(x, t, r [, condition]) -> tensor", "The average velocity from time t to r, of a mean flow.",
    { X, T, { "r", "number or tensor" }, CONDITION } },
  { "model:generate", "(z [, condition]) -> tensor", "Pictures of a generator from latent vectors [B, latent].",
    { { "z", "tensor" }, CONDITION } },
  { "model:discriminate", "(x [, condition]) -> tensor", "Logits of a discriminator.", { X, CONDITION } },
  { "model:encode", "(x) -> tensor", "Moments of an autoencoder's latents: the means, then the logarithms of the variances.",
    { X } },
  { "model:decode", "(z) -> tensor", "Pictures of an autoencoder's latents.", { { "z", "tensor" } } },
  { "model:features", "(x) -> tensor", "Features of a classifier or a matcher.", { X } },
  { "model:classify", "(x) -> tensor", "Logits of a classifier.", { X } },
  { "model:prepare", "(condition, rows) -> table", "What the network makes of a condition: tokens and pooled vectors of "
    .. "texts, { kind = tensor }.", { CONDITION, { "rows", "whole number" } } },
  { "model:parameters", "() -> list", "{ { name, tensor }, .. } of all parameters and buffers." },
  { "model:parameter", "(name) -> tensor", "The parameter of a name, or nil.", { { "name", "text" } } },
  { "model:size", "() -> number", "Number of elements of all parameters." },
  { "model:spec", "() -> table", "Sizes: height, width, channels, classes, and what else the model takes." },
  { "model:noise_shape", "(n) -> list", "Shape of the noise that n samples start from.", { { "n", "whole number" } } },
  { "model:component", "() -> component", "The architecture with its parameters." },
  { "model:offers", "(what) -> flag", "Has the network this function: velocity, generate, encode, decode, features, ..?",
    { { "what", "text" } } },
  { "model:objective", "() -> component", "The objective that trained the model, or nil." },
  { "model:set_objective", "(objective)", "Says which objective trained the model; samplers convert its output by it.",
    { { "objective", "component" } } },
  { "model:origin", "() -> text", "Path of the checkpoint that the model comes from, or nil." },
  { "model:set_origin", "(path)", "Sets that path.", { { "path", "text" } } },
  { "model:freeze", "()", "The parameters require no gradients from now on." },
  { "model:autoencoder", "() -> model", "The autoencoder whose latents the model works in, or nil." },
  { "model:set_autoencoder", "(autoencoder)", "The model works in the latents of this autoencoder from now on.",
    { { "autoencoder", "model" } } },
  { "model:measure", "(data, examples, seed) -> number",
    "Measures the statistics of an autoencoder's latents; returns the number of "
    .. "constant channels.", { { "data", "dataset" }, { "examples", "whole number" }, { "seed", "whole number" } } },
  { "model:measured", "() -> flag", "Are the statistics of the latents measured?" },
  { "model:fingerprint", "() -> text", "Hash of the weights." },
  { "model:to_latents", "(x) -> tensor", "Latents of pictures; without an autoencoder, x itself.", { X } },
  { "model:to_pictures", "(z) -> tensor", "Pictures of latents; without an autoencoder, z itself.", { { "z", "tensor" } } },

  { "dataset", nil, "An open data set: neap.dataset.NAME { .. } opens one." },
  { "dataset:batches", "(size [, count]) -> iterator",
    "Iterates over x, labels, condition of batches, shuffled by the seed of the "
    .. "recipe; without a count it never ends.", { { "size", "whole number" }, { "count", "whole number", nil,
      usual = "no end" } },
    example = "for x, labels in data:batches(64, 1000) do .. end" },
  { "dataset:batch", "(step, count [, seed]) -> tensor, tensor, table",
    "x, labels, condition of one batch of an endless shuffled "
    .. "pass; steps count from 1.", {
    { "step", "whole number" }, { "count", "whole number" }, { "seed", "whole number", nil, default = 0 },
  } },
  { "dataset:read", "(indices) -> tensor, tensor, table", "x, labels, condition of these examples; indices count from 0.",
    { { "indices", "list" } } },
  { "dataset:count", "() -> number", "Number of examples." },
  { "dataset:spec", "() -> table", "Sizes: height, width, channels, classes, and what else the examples have." },
  { "dataset:label_name", "(label) -> text", "Name of a label, or nil.", { { "label", "whole number" } } },
  { "dataset:label_names", "() -> list", "Names of all labels from label 0 on, or nil." },
  { "dataset:component", "() -> component", "The data set with its parameters." },
  { "dataset:pictures", "() -> component",
    "The data set of the pictures: this one, or the one that was encoded to these latents." },
  { "dataset:encoded_by", "() -> text", "Fingerprint of the autoencoder whose latents these are, or nil." },
  { "dataset:encoded_from", "() -> text", "The data set of the pictures as JSON, or nil." },

  { "component", nil, "A component with its parameters: neap.KIND.NAME { parameter = value, .. }." },
  { "component:name", "() -> text", "Name of the component." },
  { "component:kind", "() -> text", "Its kind: architecture, objective, sampler, guidance, dataset or metric." },
  { "component:json", "() -> text", "Its parameters as JSON." },
  { "component:plugin", "() -> text", "Name of its plugin." },
  { "component:version", "() -> text", "Version of its plugin." },

  { "sampler", nil, "A sampler with an optional guidance: neap.sampler.NAME { guidance = .., parameters }." },
  { "sampler.guidance", nil, "The guidance, or nil.", type = "component" },
  { "sampler:sample", "(model, { key = value, .. }) -> tensor, number, number",
    "Draws samples [n, H, W, C]; also returns the network "
    .. "evaluations of a sample, and the seconds of decoding.", { { "model", "model" } },
    example = [[
local euler = neap.sampler.euler { steps = 50 }
local x = euler:sample(model, { n = 80, labels = "each" })]] },
  { "sampler:with", "({ parameter = value, .. }) -> sampler", "A copy with some parameters or the guidance changed.",
    { { "settings", "table" } } },
  { "sampler:times", "(from, to) -> list", "The times of its steps between two times; nil without a grid of times.",
    { { "from", "number" }, { "to", "number" } } },

  { "neap.define", nil, "Components written in Lua, by kind; docs/lua.md describes the functions of each kind." },
  { "neap.define.architecture", "{ name = text, help = text, params = list, .. }",
    "Defines a network: `build`, `spec`, and one of the calls that networks offer.", { { "settings", "table" } } },
  { "neap.define.objective", "{ name = text, help = text, params = list, .. }",
    "Defines a loss.", { { "settings", "table" } } },
  { "neap.define.sampler", "{ name = text, help = text, params = list, .. }",
    "Defines a sampler by `step`, or by `sample`.", { { "settings", "table" } } },
  { "neap.define.guidance", "{ name = text, help = text, params = list, .. }",
    "Defines how velocities under several conditions are combined.", { { "settings", "table" } } },
  { "neap.define.dataset", "{ name = text, help = text, params = list, .. }",
    "Defines a data set by `open`, which returns its examples as tensors.", { { "settings", "table" } } },
  { "neap.define.metric", "{ name = text, help = text, params = list, .. }",
    "Defines a score of samples.", { { "settings", "table" } } },
  { "neap.define.load", "(path) -> any", "Runs a file of definitions, whose text checkpoints hold; it can only require neap.",
    { { "path", "text", "A Lua file beside the recipe, or in the current folder." } } },
}
