--- The key=value pairs of verbs, as lists of settings (neap/setting.lua); each function returns one list.
local check = require "neap.check"

local keys = {}

--- Those of training, which each recipe takes beside its own.
function keys.run()
  return require("neap.options").keys
end

local COUNT, NUMBER = "a whole number from 1", "a number"

--- Those of all formats of weights; a format takes the ones that fit it.
function keys.import()
  return {
    { "size", COUNT, "Rows and columns of the pictures.", usual = "those of config.json" },
    { "rows", COUNT, "Rows of the pictures.", usual = "size" },
    { "columns", COUNT, "Columns of the pictures.", usual = "size" },
    { "heads", COUNT, "Of a DiT: heads of its attention.", usual = "those of config.json" },
    { "prediction", "v, x0 or noise", "Of a DiT: what it predicts, trained on straight paths.",
      usual = "unknown, and samplers refuse it" },
    { "scale", NUMBER, "Of an autoencoder: factor of its latents.", usual = "that of config.json" },
    { "shift", NUMBER, "Of an autoencoder: what is taken from its latents before.", usual = "that of config.json" },
    { "groups", COUNT, "Of an AutoencoderKL: groups of its norms.", usual = "those of config.json" },
  }
end

--- Those of every workload of `neap bench`.
function keys.bench()
  return {
    { "batch", COUNT, "Examples of a step.", default = 32 },
    { "steps", COUNT, "Steps that are measured.", default = 5 },
    { "threads", "a whole number from 0", "Threads of the process; 0: one for each core.", default = 0 },
    { "precision", "auto, fp32 or bf16", "Precision of products.", default = "fp32" },
  }
end

local function shown(settings)
  local words = {}
  for i, key in ipairs(check.names(settings)) do
    words[i] = ("%s=%s"):format(key, settings[key])
  end
  return table.concat(words, " ")
end

--- { { workload, its own keys with their defaults }, ... }
function keys.workloads()
  local workloads, rows = require "neap.cli.bench_workloads", {}
  for i, name in ipairs(check.names(workloads)) do
    rows[i] = { name, shown(workloads[name].settings) }
  end
  return rows
end

return keys
