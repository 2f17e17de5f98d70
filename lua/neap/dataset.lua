--- Methods of open data sets: iteration over batches, names of labels.
local core = require "neap.core"
local metadata = require "neap.checkpoint.metadata"
local tensor = require "neap.tensor"

local methods = core.source_methods

-- A whole number from `low` to `high`.
local function whole(who, value, low, high)
  if math.type(value) ~= "integer" or value < low then
    core.fail(("batches: %s: expected a whole number from %d, got %s"):format(who, low,
      type(value) == "string" and ("text '%s'"):format(value) or tostring(value)))
  elseif value > high then
    core.fail(("batches: %s: expected at most %d, the examples of the data set, got %d"):format(who, high, value))
  end
  return value
end

--- for x, y in data:batches(size [, count [, done]]) do: the batches of steps done + 1 to count, shuffled by the recipe's seed.
-- Without a count the loop never ends. `done` (0) is the number of steps that were taken before a resume.
function methods:batches(size, count, done)
  local step = whole("done", done or 0, 0, math.maxinteger)
  whole("size", size, 1, self:count())
  if count ~= nil then
    whole("count", count, 0, math.maxinteger)
  end
  return function()
    step = step + 1
    if count == nil or step <= count then
      return self:batch(step, size, tensor.seed())
    end
  end
end

--- The names of all labels, from label 0 on; nil if the data set has none.
function methods:label_names()
  local names = {}
  for label = 0, self:spec().classes - 1 do
    names[label + 1] = self:label_name(label)
  end
  return #names > 0 and names or nil
end

--- The component of the data set of the pictures: this one, or the one that was encoded to these latents, nil when that is
-- unknown.
function methods:pictures()
  local text = self:encoded_from()
  if not text then
    return not self:encoded_by() and self:component() or nil
  end
  return metadata.component(self:component():name(), { ["neap.dataset"] = text }, "dataset")
end

return methods
