--- Real examples to compare with: of the half that a run was not trained on, and of the one that it was.
local core = require "neap.core"
local config = require "neap.config"
require "neap.dataset"

local real = {}
real.__index = real

-- Files have a half for testing; so has what is made of them.
local function has_halves(own)
  return own.path and own.split or own.of and has_halves(own.of.config)
end

--- The data of a checkpoint's data set, or of a folder of IDX files in its place; `n` is how many a draw has.
function real.open(component, folder, n)
  local name = folder and "idx" or component and component:name()
  if not name then
    core.fail "eval: the run names no data set; give one with --data FOLDER"
  end
  local own = folder and { path = folder, split = "test" } or config.of(component)
  local self = { name = name, config = own, halves = has_halves(own), drawn = own.seed and own.count, n = n }
  if not self.halves and not self.drawn then
    core.fail(("eval: the run's data set '%s' has no half for testing; give one with --data FOLDER"):format(name))
  end
  return setmetatable(self, real)
end

-- A component of the config `before` changed, and so are those inside of it; what the config does not have is left out.
local function component_of(kind, name, before, changes)
  local own = {}
  for key, value in pairs(before) do
    own[key] = changes[key] ~= nil and changes[key] or value
  end
  if type(own.of) == "table" then
    own.of = component_of(own.of.kind, own.of.name, own.of.config, changes)
  end
  return core.component(kind, name, own)
end

function real:source(changes)
  return core.source(component_of("dataset", self.name, self.config, changes))
end

-- The first `count` of a shuffled pass, or all where there are fewer.
local function draw(source, count)
  return source:batch(1, math.min(count, source:count()), 0)
end

--- x and labels of examples that the run did not see: the whole half for testing, or a draw by another seed. Other
-- numbers give other draws where the data set is drawn.
function real:test(number)
  local changes = { split = self.halves and "test" }
  if self.drawn then
    changes.seed, changes.count = self.config.seed + (number or 1), self.n
  end
  local source <close> = self:source(changes)
  return draw(source, self.drawn and self.n or source:count())
end

--- As many of the examples that the run was trained on as it draws samples.
function real:train()
  local source <close> = self:source { split = self.halves and "train" }
  return draw(source, self.n)
end

return real
