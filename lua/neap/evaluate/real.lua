--- Real examples for comparison: the test part and the training part of a data set.
local core = require "neap.core"
local config = require "neap.config"
require "neap.dataset"

local real = {}
real.__index = real

local function part(self, which, number)
  return core.dataset_part(self.component, which, number, self.n)
end

local INSTEAD = { eval = "; give another data set with --data FOLDER" }

--- The data set of a run, or that of a folder of IDX files in its place. Messages begin with `who`.
function real.component(who, component, folder)
  component = folder and core.component("dataset", "idx", { path = folder }) or component
  return component or core.fail(who .. ": the run names no data set; give one with --data FOLDER")
end

--- Real examples of a checkpoint's data set, or of a folder of IDX files in its place. `n` is the number of examples in a
-- draw of generated data. Messages begin with `who`.
function real.open(who, component, folder, n)
  component = real.component(who, component, folder)
  local self = setmetatable({ component = component, name = component:name(), config = config.of(component), n = n }, real)
  local done, reason = pcall(part, self, "test", 1)
  if not done then
    core.fail(("%s: %s%s"):format(who, core.reason(reason), INSTEAD[who] or ""))
  end
  return self
end

local function open_test(component, n)
  return core.source((core.dataset_part(component, "test", 1, n)))
end

--- Opens the test part of a data set, of which a generated one makes n examples. A data set without a test part, or with an empty
-- one, is opened itself, and the reason follows.
function real.held_out(component, n)
  local done, opened = pcall(open_test, component, n)
  if done then
    return opened
  end
  return core.source(component), core.reason(opened)
end

-- The first `count` examples of a shuffled pass, or all when there are fewer.
local function draw(source, count)
  return source:batch(1, math.min(count, source:count()), 0)
end

--- x, labels and condition of examples that are not in the training data: the whole test part, or draw `number` (default 1) of a
-- generated data set.
function real:test(number)
  local instance, drawn = part(self, "test", number or 1)
  local source <close> = core.source(instance)
  return draw(source, drawn and self.n or source:count())
end

--- x, labels and condition of n training examples, or of all with `whole`, unless the data set generates them.
function real:train(whole)
  local instance, drawn = part(self, "train", 1)
  local source <close> = core.source(instance)
  return draw(source, whole and not drawn and source:count() or self.n)
end

return real
