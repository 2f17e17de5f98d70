--- Methods of open data sets: iteration over batches, names of labels.
local core = require "neap.core"
local metadata = require "neap.checkpoint.metadata"
local tensor = require "neap.tensor"

local methods = core.source_methods

--- for x, y in data:batches(size [, count]) do: batches shuffled by the recipe's seed; without a count the loop never ends.
function methods:batches(size, count)
  local step = 0
  if math.type(size) ~= "integer" then
    core.fail(("batches: expected a whole number of examples, got %s"):format(tostring(size)))
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
