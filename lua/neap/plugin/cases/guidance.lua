--- Cases of a guidance, with the bundled sampler euler on Gaussian data of three classes.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"
local sampler = require "neap.sampler"

local function draw(context, settings, n, batch)
  local guided = sampler.of(core.component("sampler", "euler", { steps = 4 }), inputs.instance(context, settings))
  local labels = {}
  for i = 1, n do
    labels[i] = i % 3
  end
  return guided:sample(context.exact(), { n = n, seed = context.seed, batch = batch, labels = labels })
end

local function batches(context)
  local whole = inputs.bits((draw(context, nil, 5, 5)))
  for _, batch in ipairs { 1, 3 } do
    if inputs.bits((draw(context, nil, 5, batch))) ~= whole then
      core.fail(("other samples in batches of %d than of 5; a row may depend on that row only"):format(batch))
    end
  end
end

return {
  { name = "samples", level = 2, run = function(context)
    inputs.check_finite("samples", (draw(context, nil, 4)))
  end },
  { name = "batches", level = 4, run = batches },
  { name = "repeat", level = 4, run = function(context)
    inputs.check_repeats("samples", function() return inputs.bits((draw(context, nil, 3))) end)
  end },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("sampling", function() draw(context, nil, 2) end)
  end },
  use = function(context, settings) draw(context, settings, 2) end,
}
