--- Cases of a sampler, on Gaussian data whose velocity and whose samples are known exactly.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"
local sampler = require "neap.sampler"

local MEAN = 0.25 -- of the data without a label
local GRIDS = { 8, 16, 32, 64 }
local FLOOR = 2e-5 -- below it, rounding in f32 hides the order
local MANY = 4000  -- samples, for means and deviations

local function has_steps(context)
  for _, param in ipairs(context.component.params) do
    if param.name == "steps" and param.type == "int" then
      return true
    end
  end
  return false
end

local function made(context, settings)
  return sampler.of(inputs.instance(context, settings))
end

local function draw(context, settings, n, options)
  local own = { n = n, seed = context.seed, noise = inputs.normal(context.seed, 20, { n, 1, 1, 2 }) }
  for key, value in pairs(options or {}) do
    own[key] = value
  end
  return made(context, settings):sample(context.exact(), own), own.noise
end

local function check_samples(context)
  inputs.check_finite("samples", (draw(context, nil, 5)))
end

-- Mean and largest |sample - exact| over 64 samples.
local function errors(context, settings)
  local x, noise = draw(context, settings, 64)
  local exact = noise * context.spread + MEAN
  local difference = core.ops.abs(x - exact)
  return core.ops.mean(difference):item()
end

-- Do two seeds give other samples from the same noise?
local function is_stochastic(context)
  local noise = inputs.normal(context.seed, 20, { 4, 1, 1, 2 })
  local function with(seed)
    return inputs.bits((draw(context, nil, 4, { seed = seed, noise = noise })))
  end
  return with(1) ~= with(2)
end

local function check_distribution(context)
  local x = draw(context, has_steps(context) and not context.settings.steps and { steps = 100 } or nil, MANY)
  local mean = core.ops.mean(x):item()
  local centred = x - mean
  local deviation = math.sqrt(core.ops.mean(centred * centred):item())
  local text = ("mean %.3f of %.3f, deviation %.3f of %.3f"):format(mean, MEAN, deviation, context.spread)
  if math.abs(mean - MEAN) > 0.1 or math.abs(deviation / context.spread - 1) > 0.15 then
    core.fail(("%d samples of N(%.2f, %.2f^2) have another distribution: %s"):format(MANY, MEAN, context.spread, text))
  end
  return "stochastic; " .. text
end

-- The order by the first pair of grids whose errors are above the floor; nil when there is none.
local function order_of(list)
  for i = #list - 1, 1, -1 do
    if list[i + 1] > FLOOR then
      return math.log(list[i] / list[i + 1], 2)
    end
  end
end

local function check_order(context)
  local list, texts = {}, {}
  for i, steps in ipairs(GRIDS) do
    list[i] = errors(context, { steps = steps })
    texts[i] = ("%.2g"):format(list[i])
  end
  local order, text = order_of(list), ("errors %s with %s steps"):format(table.concat(texts, ", "), table.concat(GRIDS, ", "))
  if list[#list] > FLOOR and not (list[#list] < list[1] / 2) then
    core.fail("does not converge to the exact samples: " .. text)
  end
  return (order and ("order %.1f; "):format(order) or "exact; ") .. text
end

local function accuracy(context)
  if is_stochastic(context) then
    return check_distribution(context)
  elseif has_steps(context) and not context.settings.steps then
    return check_order(context)
  end
  local error_ = errors(context)
  if error_ > 0.02 then
    core.fail(("expected samples of an error below 0.02, got %.3g"):format(error_))
  end
  return ("error %.2g"):format(error_)
end

local function batches(context)
  local noise = inputs.normal(context.seed, 20, { 6, 1, 1, 2 })
  local function bits(batch)
    return inputs.bits((draw(context, nil, 6, { batch = batch, noise = noise })))
  end
  local whole = bits(6)
  for _, batch in ipairs { 1, 4 } do
    if bits(batch) ~= whole then
      core.fail(("other samples in batches of %d than of 6; draw noise by field->first, and let a row depend on that row only")
        :format(batch))
    end
  end
end

local function use(context, settings)
  draw(context, settings, 3)
end

return {
  { name = "samples", level = 2, run = check_samples },
  { name = "accuracy", level = 3, run = accuracy },
  { name = "batches", level = 4, run = batches },
  { name = "repeat", level = 4, run = function(context)
    inputs.check_repeats("samples", function() return inputs.bits((draw(context, nil, 3))) end)
  end },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("sampling", function() use(context) end)
  end },
  use = use,
}
