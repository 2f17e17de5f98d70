--- The classification accuracy score (Ravuri and Vinyals 2019, Classification Accuracy Score for Conditional Generative
-- Models): trains a new classifier on samples and the labels that they were drawn with, and tests it on real pictures.
local core = require "neap.core"
local evaluate = require "neap.evaluate"

local accuracy = {}

-- The settings of recipes/evaluator_fashion.lua, with fewer steps.
local BATCH, WARMUP, DEFAULT_STEPS = 64, 100, 2000
local OPTIMIZER = { batch = BATCH, lr = 3e-3, weight_decay = 0.05, clip = 1, ema = 0.995 }
local OBJECTIVE = { label_smoothing = 0.1, flip = true, shift = 1 }

-- Samples as a data set, read from a temporary file.
local function source_of(x, labels, classes)
  local path = core.temporary()
  local tensors, metadata = { { "x", x }, { "noise", x }, { "labels", labels } }, { { "classes", tostring(classes) } }
  local done, source = pcall(function()
    core.safetensors_save(path, tensors, metadata)
    return core.source(core.component("dataset", "coupled", { path = path }))
  end)
  os.remove(path)
  return done and source or error(source, 0)
end

local function train(model, source, steps, seed)
  local settings = { seed = seed }
  for key, value in pairs(OPTIMIZER) do
    settings[key] = value
  end
  local trainer = core.trainer(model, source, core.component("objective", "classification", OBJECTIVE), settings)
  for step = 1, steps do
    trainer:step(step, core.schedule(step, math.min(WARMUP, steps // 4), steps, "cosine", 0))
    if core.interrupted() then
      core.fail "interrupted"
    end
  end
  trainer:swap_ema()
end

--- Trains a classifier of the given component on x and labels, and returns its accuracy on test = { x, labels }.
-- `settings` may have `steps` and `seed`.
function accuracy.score(component, x, labels, test, settings)
  local model = core.network(component, settings.seed or 0)
  local source <close> = source_of(x, labels, model:spec().classes)
  train(model, source, settings.steps or DEFAULT_STEPS, settings.seed or 0)
  return evaluate.accuracy(model, test.x, test.labels)
end

return accuracy
