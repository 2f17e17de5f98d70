--- Cases of an objective, on the smallest bundled network that offers what it needs.
local core = require "neap.core"
local gradient = require "neap.plugin.gradient"
local inputs = require "neap.plugin.inputs"

local ROWS = 6

local function loss_of(own, phase, seed)
  return core.phase_loss(own.instance, phase, own.model, own.arguments.x, own.arguments.condition, seed, own.noise)
end

-- Does the objective work with these? Some need a data set that pairs noise with its examples.
local function works(own, context)
  local done, problem = pcall(loss_of, own, 0, context.seed)
  if not done then
    own.noise = inputs.normal(context.seed, 60, own.arguments.x:shape())
    done = pcall(loss_of, own, 0, context.seed)
  end
  return done, problem
end

-- A network, a batch, and the phases that run.
local function ready(context, settings)
  local instance = inputs.instance(context, settings)
  local phases, needs = core.objective_phases(instance)
  local reason
  for _, model in ipairs(inputs.models_for(needs, context.seed)) do
    inputs.perturb(model, context.seed)
    local own = { instance = instance, model = model, phases = phases, arguments = inputs.arguments(model, ROWS, context.seed) }
    local done, problem = works(own, context)
    if done then
      return own
    end
    reason = reason or core.reason(problem)
  end
  core.fail(reason or ("no bundled architecture offers all of %s"):format(table.concat(needs, ", ")))
end

local function each_phase(own, f)
  for i, phase in ipairs(own.phases) do
    if phase.begins > 0 then
      f(i - 1, phase)
    end
  end
end

local function check_loss(context)
  local own, values = ready(context), {}
  each_phase(own, function(i, phase)
    local loss = loss_of(own, i, context.seed)
    if loss:size() ~= 1 then
      core.fail(("the loss of phase '%s': expected one element, got %d"):format(phase.name, loss:size()))
    elseif not loss.requires_grad then
      core.fail(("the loss of phase '%s' depends on no parameter"):format(phase.name))
    end
    inputs.check_finite("the loss of phase '" .. phase.name .. "'", core.ops.reshape(loss, { 1 }))
    values[#values + 1] = ("%s %.4g"):format(phase.name, loss:item())
  end)
  return table.concat(values, ", ") .. " of " .. own.model:component():name()
end

local function gradients(context)
  local own, count = ready(context), 0
  each_phase(own, function(i, phase)
    count = count + gradient.check("the loss of phase '" .. phase.name .. "'", own.model, phase.part, context.seed, function()
      local loss = loss_of(own, i, context.seed)
      return loss, math.abs(loss:item())
    end)
  end)
  return ("%d gradients agree with central differences"):format(count)
end

local function repeats(context)
  inputs.check_repeats("the loss", function()
    local own, bits = ready(context), {}
    each_phase(own, function(i) bits[#bits + 1] = ("%a"):format(loss_of(own, i, context.seed):item()) end)
    return table.concat(bits, " ")
  end)
end

local function use(context, settings)
  local own = ready(context, settings)
  each_phase(own, function(i) loss_of(own, i, context.seed) end)
end

return {
  { name = "loss", level = 2, run = check_loss },
  { name = "gradient", level = 3, run = gradients },
  { name = "repeat", level = 4, run = repeats },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("loss", function() use(context) end)
  end },
  use = use,
}
