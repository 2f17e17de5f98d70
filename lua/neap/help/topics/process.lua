--- Help of the process, its files and its environment, and of kinds of components.
return {
  { "neap", nil, 'The library of recipes: local neap = require "neap".' },
  { "neap.version", nil, "Version of neap.", type = "text" },
  { "neap.threads", "([n]) -> number", "Sets the number of threads of the process, 0 for one for each core; returns it.",
    { { "n", "whole number", nil, usual = "unchanged" } } },
  { "neap.memory", "() -> table", "Bytes of tensors: live, peak, reserved; and resident_peak of the process." },
  { "neap.precision", "([name]) -> text", "Sets the precision of matrix products, f32 or bf16; returns the former one.",
    { { "name", "text", nil, usual = "unchanged" } } },
  { "neap.exists", "(path) -> text", 'What there is at a path: "file", "folder" or nil.', { { "path", "text" } } },
  { "neap.folder", "(path)", "Makes a folder and those above it.", { { "path", "text" } } },

  { "neap.architecture", nil, "Networks: neap.architecture.NAME { .. } makes a model with new weights." },
  { "neap.objective", nil, "What a network learns: neap.objective.NAME { .. }, for neap.train." },
  { "neap.sampler", nil, "Samplers: neap.sampler.NAME { guidance = .., .. }." },
  { "neap.guidance", nil, "Guidance of samplers: neap.guidance.NAME { .. }." },
  { "neap.dataset", nil, "Data sets: neap.dataset.NAME { .. } opens one." },
  { "neap.metric", nil, "Metrics: neap.metric.NAME { .. }, for neap.evaluate.score." },

  { "NEAP_PLUGIN_PATH", nil, "Folders with more plugins, with colons between.", environment = true },
  { "NEAP_PLUGIN_DIR", nil, "Folders of the bundled plugins, in place of the installed ones.", environment = true },
  { "NEAP_LUA_PATH", nil, "Folder of the Lua files, in place of the installed one.", environment = true },
  { "NEAP_CPU", nil, "Masks features of the processor: generic, avx2, avx512 or avx512bf16.", environment = true },
  { "NEAP_GEMM", nil, "Library of matrix products: neap or openblas.", environment = true },
}
