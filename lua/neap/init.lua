--- The library of recipes: require "neap".
--
-- Tensors and their ops, components by kind (neap.dataset.idx { ... }), options from the command line, training,
-- pictures, checkpoints. Axes and indices count from 0, as in the core.
local core = require "neap.core"
local check = require "neap.check"
local component = require "neap.component"

local neap = {
  version = core.version,
  autograd = require "neap.autograd",
  optimizer = require "neap.optimizer",
  image = require "neap.image",
  film = require("neap.film").new,
  npy = require "neap.npy",
  plot = require "neap.plot",
  checkpoint = require "neap.checkpoint",
  options = require("neap.options").declare,
  whole = require("neap.options").whole,
  train = require("neap.train").train,
  schedule = require("neap.schedule").new,
  stages = require("neap.stages").run,
  couple = require "neap.couple",
  define = require "neap.define",
  encode = require("neap.encode").encode,
  encoded = require("neap.encode").is_there,
  evaluate = require "neap.evaluate",
  reconstruction = require "neap.reconstruction",
  texts = require("neap.prompt").condition,
  metrics = require("neap.folder").metrics,
  metric_rows = require("neap.folder").metric_rows,
  threads = core.threads,
  memory = core.memory,
  precision = require("neap.train.precision").use,
  exists = core.exists,
  folder = core.folder_make,
}

for name, op in pairs(core.ops) do
  neap[name] = op
end
for _, part in ipairs { "neap.tensor", "neap.mix", "neap.pixels" } do
  for name, f in pairs(require(part)) do
    neap[name] = f
  end
end
for _, kind in ipairs(core.kinds()) do
  neap[kind] = component.namespace(kind)
end

for _, name in ipairs { "autograd", "checkpoint", "evaluate", "image", "npy", "optimizer", "plot", "reconstruction" } do
  check.seal("neap." .. name, name, neap[name])
end
return check.seal("neap", "neap", neap)
