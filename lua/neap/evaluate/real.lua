--- Real examples to compare with: of the half that a run was not trained on, and of the one that it was.
local core = require "neap.core"
require "neap.dataset"

local real = {}
real.__index = real

-- A data set of files has a half for testing; one that is drawn has another draw for each seed.
local function kind_of(config)
  if config.split and config.path then
    return "split"
  end
  return config.seed and config.count and "seed" or nil
end

--- The data of a checkpoint's data set, or of a folder of IDX files in its place; `n` is how many a draw has.
function real.open(component, folder, n)
  local name = folder and "idx" or component and component:name()
  if not name then
    core.fail "eval: the run names no data set; give one with --data FOLDER"
  end
  local config = folder and { path = folder, split = "test" } or core.json_decode(component:json())
  local kind = kind_of(config)
  if not kind then
    core.fail(("eval: the run's data set '%s' has no half for testing; give one with --data FOLDER"):format(name))
  end
  return setmetatable({ name = name, config = config, kind = kind, n = n }, real)
end

function real:source(changes)
  local config = {}
  for key, value in pairs(self.config) do
    config[key] = value
  end
  for key, value in pairs(changes) do
    config[key] = value
  end
  return core.source(core.component("dataset", self.name, config))
end

-- The first `count` of a shuffled pass, or all where there are fewer.
local function draw(source, count)
  return source:batch(1, math.min(count, source:count()), 0)
end

--- x and labels of examples that the run did not see: the whole half for testing, or a draw by another seed. Other
-- numbers give other draws where the data set is drawn.
function real:test(number)
  if self.kind == "split" then
    local source <close> = self:source { split = "test" }
    return draw(source, source:count())
  end
  local source <close> = self:source { seed = self.config.seed + (number or 1), count = self.n }
  return draw(source, self.n)
end

--- As many of the examples that the run was trained on as it draws samples.
function real:train()
  local source <close> = self:source(self.kind == "split" and { split = "train" } or {})
  return draw(source, self.n)
end

return real
