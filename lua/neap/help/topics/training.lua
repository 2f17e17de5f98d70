--- Help of training, optimizers, runs and their files.
return {
  { "neap.train", "{ key = value, .. } -> run",
    "Trains a model, with checkpoints, metrics and previews in the folder of the run.",
    example = [[
local run = neap.train {
  model = model, data = data, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 },
  batch = 64, steps = 2000, ema = 0.995,
}]] },
  { "run", nil, "What neap.train returns." },
  { "run:sample", "([{ key = value, .. }]) -> tensor", "Samples from its checkpoint; a label is a name or a number.",
    { { "settings", "table", "label, n, w, text, seed, steps, sampler and others of `neap sample`." } } },
  { "run:resume", "([{ key = value, .. }]) -> run", "Goes on with the training, with these settings of neap.train changed.",
    { { "settings", "table" } } },
  { "run.path", nil, "Folder of the run.", type = "text" },
  { "run.step", nil, "The last step.", type = "number" },
  { "run.loss", nil, "The loss of that step.", type = "number" },
  { "run.checkpoint", nil, "Path of the checkpoint.", type = "text" },
  { "neap.stages", "{ key = value, stage, stage, .. } -> table",
    "Several trainings, one after another, each in its own folder. A stage "
    .. "that is done is skipped, and one that was interrupted is resumed. Returns what each stage returned, by name.",
    example = [[
neap.stages {
  minutes = 60,
  { name = "vae", share = 2, run = function(stage)
    return neap.train { out = stage.out, minutes = stage.minutes,
      resume = stage.resume, .. }
  end },
}]] },
  { "neap.options", "({ key = default, group = { .. } } [, shared]) -> table",
    "Declares keys of the recipe: `neap run RECIPE key=value` changes "
    .. "them, and group.key=value those of a group. Returns the values.",
    { { "defaults", "table" }, { "shared", "table", "Further defaults, of a file that several recipes use." } },
    example = "local o = neap.options { width = 192, hidden = neap.whole(64) }" },
  { "neap.whole", "(default [, low]) -> default", "In neap.options: a key that takes whole numbers alone, from low.",
    { { "default", "whole number" }, { "low", "whole number", nil, default = 1 } } },

  { "neap.optimizer", nil, "Optimizers: settings for neap.train or, with a model, an object for a loop of your own." },
  { "neap.optimizer.adamw", "{ key = value, .. } -> optimizer", "AdamW (Loshchilov and Hutter 2019).",
    example = "local optimizer = neap.optimizer.adamw { model = model, lr = 1e-3 }" },
  { "neap.optimizer.sgd", "{ key = value, .. } -> optimizer", "Stochastic gradient descent with momentum." },
  { "optimizer", nil, "An optimizer of a loop of your own: neap.optimizer.adamw { model = model, .. }." },
  { "optimizer:step", "([scale]) -> number",
    "Updates the model with the gradients of backward, clears them, and returns their norm.",
    { { "scale", "number", "Factor of the learning rate.", default = 1 } } },
  { "optimizer:averaged", "(f, ..) -> any",
    "Returns f(..), called with the moving averages in place of the parameters; needs ema.",
    { { "f", "function" } } },
  { "neap.schedule", "{ key = value, .. } -> function(step)",
    "The factor of the learning rate at a step, as neap.train has it." },
  { "optimizer:clear", "()", "Clears the gradients of its parameters." },

  { "neap.checkpoint", nil, "Checkpoints: one safetensors file with the weights and all that sampling or a resume needs." },
  { "neap.checkpoint.load", "(path) -> table",
    "Opens a run or a checkpoint for sampling: { model, sampler, labels, settings, step, "
    .. "path, reconstructs }; labels are the names of the classes.", { { "path", "text" } }, example = [[
local run = neap.checkpoint.load "runs/quickstart"
local x = run.sampler:sample(run.model, {
  n = 8, labels = "Sneaker", names = run.labels,
})]] },
  { "neap.checkpoint.save", "(path, { key = value, .. }) -> text", "Writes the checkpoint of a loop of your own, which "
    .. "`neap sample` and `neap eval` open, and returns its path.", {
    { "path", "text", "The folder of the run, or a file that ends in .safetensors." },
    { "loop", "table", "model, tensors, optimizer, step, objective, sampler, data, labels; docs/loops.md describes them." },
  } },
  { "neap.checkpoint.resume", "(path, { key = value, .. }) -> number", "Reads a checkpoint of save into the same parts, and "
    .. "returns its step.", { { "path", "text" }, { "loop", "table", "As for save." } } },
  { "neap.checkpoint.model", "(who, path) -> model", "The model alone; messages begin with `who`.",
    { { "who", "text" }, { "path", "text" } } },
  { "neap.checkpoint.export", "(path, to)", "Copies weights and metadata, without the state of training.",
    { { "path", "text" }, { "to", "text", "A path that ends in .safetensors." } } },
  { "neap.checkpoint.save_network", "(path, model, objective, metadata)", "Writes a network that no run of neap trained.", {
    { "path", "text" }, { "model", "model" }, { "objective", "component" },
    { "metadata", "list", "More pairs { key, text } of the file." },
  } },
  { "neap.checkpoint.ended", "(path) -> flag", "Is the checkpoint the last of its run?", { { "path", "text" } } },
  { "neap.checkpoint.settings", "(path) -> table", "The settings that the run in a checkpoint began with.", { { "path",
    "text" } } },
  { "neap.checkpoint.started_from", "(path) -> text", "Fingerprint of the weights that the run started from, or nil.",
    { { "path", "text" } } },

  { "neap.couple", "{ key = value, .. } -> text",
    "Writes pairs of noise and sample of a trained model, for neap.objective.reflow; "
    .. "neap.dataset.coupled reads the file." },
  { "neap.encode", "{ key = value, .. } -> text",
    "Encodes a data set once, for training in latents; neap.dataset.latents reads the "
    .. "file. Returns its path." },
  { "neap.encoded", "{ key = value, .. } -> flag", "Is there already a file with these settings of neap.encode?",
    { { "settings", "table", "As for neap.encode." } } },
  { "neap.texts", "(text, model [, n]) -> table", "The condition { text, lengths } for a call of the model.", {
    { "text", "text or list" }, { "model", "model" }, { "n", "whole number", "Rows.", usual = "one for each text" },
  }, example = 'local v = model(x, t, neap.texts({ "red heart", "" }, model))' },
  { "neap.metrics", "(folder) -> list", "All rows of metrics.jsonl of a run.", { { "folder", "text" } } },
  { "neap.metric_rows", "(folder) -> iterator", "Iterates over these rows, with one in memory.", { { "folder", "text" } } },
}
