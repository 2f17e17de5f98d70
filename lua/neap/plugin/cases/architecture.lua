--- Cases of an architecture.
local core = require "neap.core"
local gradient = require "neap.plugin.gradient"
local inputs = require "neap.plugin.inputs"

-- f(name, call) for each function that the model offers.
local function each_call(model, f)
  for _, entry in ipairs(inputs.calls) do
    if model:offers(entry[1]) then
      f(entry[1], entry[2])
    end
  end
end

local function ready(context)
  local model = inputs.model(context)
  inputs.perturb(model, context.seed)
  return model
end

local function build(context)
  local model = inputs.model(context)
  local names = {}
  each_call(model, function(name) names[#names + 1] = name end)
  if #names == 0 then
    core.fail "offers no function; set velocity, generate, .. in its neap_architecture"
  end
  return ("%d parameters; offers %s"):format(model:size(), table.concat(names, ", "))
end

local function calls(context)
  local model = ready(context)
  for _, n in ipairs { 1, 3 } do
    local arguments = inputs.arguments(model, n, context.seed)
    each_call(model, function(name, call)
      inputs.check_finite(name, call(model, arguments))
      arguments.condition, arguments.before = nil, arguments.condition
      inputs.check_finite(name .. " without a condition", call(model, arguments))
      arguments.condition = arguments.before
    end)
  end
end

local function gradients(context)
  local model, count = ready(context), 0
  local arguments = inputs.arguments(model, 3, context.seed)
  each_call(model, function(name, call)
    local weights = inputs.normal(context.seed, 50, call(model, arguments):shape())
    count = count + gradient.check(name, model, "", context.seed, function()
      local products = call(model, arguments) * weights
      return core.ops.sum(products), core.ops.sum(core.ops.abs(products:detach())):item()
    end)
  end)
  return ("%d gradients agree with central differences"):format(count)
end

local function rows(context)
  local model = ready(context)
  local arguments = inputs.arguments(model, 3, context.seed)
  each_call(model, function(name, call)
    local whole = call(model, arguments)
    for i = 0, 2 do
      local own = call(model, inputs.row(arguments, i))
      local there = core.ops.contiguous(core.ops.slice(whole, 0, i, i + 1))
      if inputs.bits(own) ~= inputs.bits(there) then
        core.fail(("%s: row %d has other values in a batch of 3 than alone; a row may depend on that row only"):format(name, i))
      end
    end
  end)
end

local function repeats(context)
  each_call(ready(context), function(name, call)
    inputs.check_repeats(name, function()
      local model = ready(context)
      return inputs.bits(call(model, inputs.arguments(model, 3, context.seed)))
    end)
  end)
end

local function use(context)
  local model = inputs.model(context)
  local arguments = inputs.arguments(model, 2, context.seed)
  each_call(model, function(_, call) call(model, arguments) end)
end

return {
  { name = "build", level = 2, run = build },
  { name = "calls", level = 2, run = calls },
  { name = "gradient", level = 3, run = gradients },
  { name = "rows", level = 4, run = rows },
  { name = "repeat", level = 4, run = repeats },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("build and calls", function() use(context) end)
  end },
  use = function(context, settings)
    local model = core.network(inputs.instance(context, settings), context.seed, 1 << 22)
    local arguments = inputs.arguments(model, 2, context.seed)
    each_call(model, function(_, call) call(model, arguments) end)
  end,
}
