--- New tensors, and the random numbers of a recipe.
--
-- Every call that draws takes the next stream of the recipe's seed, so a recipe draws the same numbers in every run.
local core = require "neap.core"

local tensor = {}
local seed, stream = 0, 0

-- Numbers drawn by recipes lie in streams of their own, apart from those of training.
local FIRST = 1 << 32

local function next_stream()
  stream = stream + 1
  return FIRST + stream
end

local function shape_of(first, ...)
  if type(first) == "table" then
    return first
  end
  return { first, ... }
end

tensor.tensor = core.tensor

--- neap.seed(n): starts the recipe's numbers anew; neap.seed() tells the seed.
function tensor.seed(value)
  if value ~= nil then
    seed, stream = math.tointeger(value) or core.fail("seed: expected a whole number, got " .. tostring(value)), 0
  end
  return seed
end

function tensor.full(shape, value, dtype)
  return core.full(shape, value, dtype)
end

function tensor.zeros(...)
  return core.full(shape_of(...), 0)
end

function tensor.ones(...)
  return core.full(shape_of(...), 1)
end

--- arange(stop), arange(start, stop [, step]): the numbers below stop.
function tensor.arange(start, stop, step)
  if stop == nil then
    start, stop = 0, start
  end
  step = step or 1
  return core.count(start, step, math.max(0, math.ceil((stop - start) / step)))
end

--- linspace(first, last, count): both ends included.
function tensor.linspace(first, last, count)
  return core.count(first, count > 1 and (last - first) / (count - 1) or 0, count)
end

--- Standard normal numbers; uniform ones in [0, 1).
function tensor.randn(...)
  return core.random("normal", seed, next_stream(), 0, shape_of(...))
end

function tensor.rand(...)
  return core.random("uniform", seed, next_stream(), 0, shape_of(...))
end

function tensor.randn_like(x)
  return tensor.randn(x:shape())
end

function tensor.rand_like(x)
  return tensor.rand(x:shape())
end

--- One number in [low, high), 0 and 1 where they are not given.
function tensor.uniform(low, high)
  low, high = low or 0, high or 1
  return low + (high - low) * core.uniform(seed, next_stream(), 0)
end

--- Runs f without recording, and returns what it returns.
function tensor.no_grad(f, ...)
  local was = core.record(false)
  local results = table.pack(pcall(f, ...))
  core.record(was)
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

tensor.gradients = core.methods.gradients

--- x:chunk(n [, axis]) -> n tensors of equal size along an axis, by default the last.
function core.methods.chunk(x, n, axis)
  local shape = x:shape()
  axis = axis or -1
  axis = axis < 0 and axis + #shape or axis
  local size = shape[axis + 1]
  if not size or math.type(n) ~= "integer" or n < 1 or size % n ~= 0 then
    core.fail(("chunk: expected an axis that %s divides, got axis %s of [%s]"):format(n, axis, table.concat(shape, ", ")))
  end
  local parts, step = {}, size // n
  for i = 1, n do
    parts[i] = x:slice(axis, (i - 1) * step, i * step)
  end
  return table.unpack(parts)
end

tensor.chunk = core.methods.chunk

--- for row in x:each() do: the elements along the first axis, numbers where there is no other.
function core.methods.each(x)
  local shape, i = x:shape(), -1
  local values = #shape == 1 and x:tolist()
  return function()
    i = i + 1
    if i >= (shape[1] or 0) then
      return nil
    end
    return values and values[i + 1] or x:slice(0, i, i + 1):reshape(table.move(shape, 2, #shape, 1, {}))
  end
end

return tensor
