--- Gradients of a loss in f32 against central differences along random directions, one for each parameter.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"

local gradient = {}

local STEPS = { 1e-2, 3e-2, 3e-3, 1e-3 } -- shares of a parameter; a kink may lie within one step and not within another
local TOLERANCE = 0.02 -- relative, of a difference in f32
local ROUNDING = 4e-6  -- relative error of a loss in f32, with its cancellation
local MOST = 32        -- parameters that are checked

-- Evenly spaced entries of a list, at most MOST.
local function some(list)
  local chosen, step = {}, math.max(1, #list / MOST)
  for i = 1, math.min(#list, MOST) do
    chosen[i] = list[math.floor((i - 1) * step) + 1]
  end
  return chosen
end

-- The parameters that a loss may train, with names that begin with one of `prefixes`, and a function that restores the rest.
local function split(model, prefixes)
  local leaves, buffers = {}, {}
  for _, entry in ipairs(model:parameters()) do
    if not entry[2].requires_grad then
      buffers[#buffers + 1] = { entry[2], entry[2] + 0 }
    end
    for prefix in prefixes:gmatch "%S+" do
      if entry[2].requires_grad and entry[1]:sub(1, #prefix) == prefix then
        leaves[#leaves + 1] = entry
      end
    end
    if not prefixes:find "%S" and entry[2].requires_grad then
      leaves[#leaves + 1] = entry
    end
  end
  return some(leaves), function()
    for _, pair in ipairs(buffers) do
      pair[1]:assign(pair[2])
    end
  end
end

local function sum(x)
  return core.ops.sum(x)
end

-- The difference quotient along a direction, and whether the analytic slope agrees with it.
local function agrees(value_at, leaf, direction, analytic, magnitude, h)
  local before = leaf:detach() + 0
  leaf:assign(before + h * direction)
  local above = value_at()
  leaf:assign(before - h * direction)
  local below = value_at()
  leaf:assign(before)
  local numeric = (above - below) / (2 * h)
  local allowed = TOLERANCE * math.max(math.abs(numeric), math.abs(analytic)) + ROUNDING * magnitude / h
  return math.abs(numeric - analytic) <= allowed, numeric
end

local function check_leaf(what, entry, slope, value_at, magnitude, direction)
  local first
  for _, h in ipairs(STEPS) do
    local fits, numeric = agrees(value_at, entry[2], direction, slope, magnitude, h)
    if fits then
      return
    end
    first = first or numeric
  end
  core.fail(("%s: wrong gradient of '%s': expected a slope of %.5g (central difference), got %.5g"):format(what, entry[1], first,
    slope))
end

-- The root mean square of a parameter, so that a step along a direction is a share of the parameter.
local function size_of(x)
  local own = x:detach()
  return math.max(0.02, math.sqrt(core.ops.mean(own * own):item()))
end

--- Fails unless the gradients of loss() agree with differences. loss() returns a scalar with its tape and a magnitude of what was
-- added up in it. `prefixes`: of the parameters that are checked, "" for all. Returns how many were compared.
function gradient.check(what, model, prefixes, seed, loss)
  local leaves, restore = split(model, prefixes)
  local tensors = {}
  for i, entry in ipairs(leaves) do
    tensors[i] = entry[2]
  end
  restore()
  core.hold_detached "keep" -- what the loss detaches is constant in the differences, too
  local y, magnitude = loss()
  core.hold_detached "pause"
  local slopes = y:gradients(tensors)
  local function value_at()
    restore()
    core.hold_detached "replay"
    local value = (loss()):item()
    core.hold_detached "pause"
    return value
  end
  for i, entry in ipairs(leaves) do
    local direction = inputs.normal(seed, 2000 + i, entry[2]:shape(), size_of(entry[2]))
    check_leaf(what, entry, sum(slopes[i] * direction):item(), value_at, magnitude, direction)
  end
  core.hold_detached "off"
  return #leaves
end

return gradient
