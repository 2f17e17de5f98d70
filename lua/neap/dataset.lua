--- What Lua adds to open data sets: batches to walk over, names of labels.
local core = require "neap.core"
local tensor = require "neap.tensor"

local methods = core.source_methods

--- for x, y in data:batches(size [, count]) do: shuffled batches by the recipe's seed, endless without a count.
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

--- The names of all labels, from label 0 on, or nil where the data set names none.
function methods:label_names()
  local names = {}
  for label = 0, self:spec().classes - 1 do
    names[label + 1] = self:label_name(label)
  end
  return #names > 0 and names or nil
end

return methods
