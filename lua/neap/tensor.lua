--- New tensors, and random numbers of a recipe.
--
-- Every random call takes the next stream of the recipe's seed, so a recipe gets the same numbers in every run.
local core = require "neap.core"
local random = require "neap.random"

local tensor = {}

local function shape_of(first, ...)
  if type(first) == "table" then
    return first
  end
  return { first, ... }
end

-- Checked here so that the message names a line of the recipe; an error raised by Lua would name a line of this file.
local function number(who, value)
  return type(value) == "number" and value or core.fail(("%s: expected a number, got %s"):format(who, type(value)))
end

local function whole(who, value)
  return math.tointeger(number(who, value)) or core.fail(("%s: expected a whole number, got %s"):format(who, value))
end

tensor.tensor = core.tensor

--- neap.seed(n) sets the seed and restarts the streams; neap.seed() returns the seed.
function tensor.seed(value)
  if value ~= nil then
    random.reset(whole("seed", value))
  end
  return random.seed
end

function tensor.full(shape, value, dtype)
  return core.full(shape, number("full", value), dtype)
end

function tensor.zeros(...)
  return core.full(shape_of(...), 0)
end

function tensor.ones(...)
  return core.full(shape_of(...), 1)
end

--- arange(stop), arange(start, stop [, step]): numbers from start (0) to below stop.
function tensor.arange(start, stop, step)
  if stop == nil then
    start, stop = 0, start
  end
  step = number("arange: step", step or 1)
  if step == 0 then
    core.fail "arange: step: expected a number that is not 0"
  end
  local count = math.ceil((number("arange", stop) - number("arange", start)) / step)
  return core.count(start, step, math.max(0, whole("arange: count", count)))
end

--- linspace(first, last, count): both ends included.
function tensor.linspace(first, last, count)
  local range = number("linspace", last) - number("linspace", first)
  count = whole("linspace: count", count)
  return core.count(first, count > 1 and range / (count - 1) or 0, count)
end

--- Standard normal numbers; rand: uniform in [0, 1).
function tensor.randn(...)
  return core.random("normal", random.seed, random.next_stream(), 0, shape_of(...))
end

function tensor.rand(...)
  return core.random("uniform", random.seed, random.next_stream(), 0, shape_of(...))
end

function tensor.randn_like(x)
  return tensor.randn(core.methods.shape(x))
end

function tensor.rand_like(x)
  return tensor.rand(core.methods.shape(x))
end

--- One uniform number in [low, high), [0, 1) by default.
function tensor.uniform(low, high)
  low, high = number("uniform", low or 0), number("uniform", high or 1)
  return low + (high - low) * core.uniform(random.seed, random.next_stream(), 0)
end

-- Returns f(...), run with a switch of the core set to a state.
local function with(switch, state, name, f, ...)
  local meta = getmetatable(f)
  if type(f) ~= "function" and not (type(meta) == "table" and meta.__call) then
    core.fail(("%s: expected a function, got %s"):format(name, type(f)))
  end
  local was = switch(state)
  local results = table.pack(pcall(f, ...))
  switch(was)
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

--- Returns f(...), run without recording for gradients.
function tensor.no_grad(f, ...)
  return with(core.record, false, "no_grad", f, ...)
end

--- Returns f(...), run in training mode, as neap.train runs a step: batch norm normalises by the batch and updates its running
-- statistics; spectral norms iterate.
function tensor.training(f, ...)
  return with(core.training, true, "training", f, ...)
end

tensor.gradients = core.methods.gradients

--- x:chunk(n [, axis]) -> n tensors of equal size along an axis (default: the last).
function core.methods.chunk(x, n, axis)
  local shape = core.methods.shape(x)
  axis = axis or -1
  axis = axis < 0 and axis + #shape or axis
  local size = shape[axis + 1]
  if not size or math.type(n) ~= "integer" or n < 1 or size % n ~= 0 then
    shape = table.concat(shape, ", ")
    core.fail(("chunk: expected an axis divisible by %s, got axis %s of [%s]"):format(n, axis, shape))
  end
  local parts, step = {}, size // n
  for i = 1, n do
    parts[i] = x:slice(axis, (i - 1) * step, i * step)
  end
  return table.unpack(parts)
end

tensor.chunk = core.methods.chunk

--- for row in x:each() do: the rows along the first axis; numbers if it is the only axis.
function core.methods.each(x)
  local shape, i = core.methods.shape(x), -1
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
