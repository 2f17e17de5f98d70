--- Real examples to compare with: some that a run was not trained on, and some that it was. The data set says which.
local core = require "neap.core"
local config = require "neap.config"
require "neap.dataset"

local real = {}
real.__index = real

local function part(self, which, number)
  return core.dataset_part(self.component, which, number, self.n)
end

local INSTEAD = { eval = "; give another data set with --data FOLDER" }

--- The data of a checkpoint's data set, or of a folder of IDX files in its place; `n` is how many a draw has. `who` stands before
-- messages.
function real.open(who, component, folder, n)
  component = folder and core.component("dataset", "idx", { path = folder }) or component
  if not component then
    core.fail "eval: the run names no data set; give one with --data FOLDER"
  end
  local self = setmetatable({ component = component, name = component:name(), config = config.of(component), n = n }, real)
  local done, reason = pcall(part, self, "test", 1)
  if not done then
    core.fail(("%s: %s%s"):format(who, core.reason(reason), INSTEAD[who] or ""))
  end
  return self
end

-- The first `count` of a shuffled pass, or all where there are fewer.
local function draw(source, count)
  return source:batch(1, math.min(count, source:count()), 0)
end

--- x and labels of examples that the run did not see: the whole half for testing, or draw `number`, 1 where none is given, of a
-- data set that is drawn.
function real:test(number)
  local instance, drawn = part(self, "test", number or 1)
  local source <close> = core.source(instance)
  return draw(source, drawn and self.n or source:count())
end

--- As many of the examples that the run was trained on as it draws samples.
function real:train()
  local source <close> = core.source((part(self, "train", 1)))
  return draw(source, self.n)
end

return real
