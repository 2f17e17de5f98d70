-- Sampling in one step: a mean flow in the plane (Geng et al. 2025), compared with one and fifty steps of a flow that
-- was trained for as many steps. Draws runs/mean_flow_2d/one_step.png.
--
--   neap run recipes/mean_flow_2d.lua shape=checkerboard
--
-- Time: 13 minutes on one core. Reaches: 1.6 times the distance between real draws in one step (docs/results.md).
local neap = require "neap"

local o = neap.options {
  shape = "moons", -- moons, spirals, checkerboard, gaussians8, rings
  hidden = 256, depth = 4, lr = 2e-3, steps = 30000,
  times = "uniform", same = 0.25, -- of the mean flow's training: one sampling step uses the longest interval
  power = 0, -- 1, the default, suits pictures, whose errors all have one size; in the plane it would keep the network from
             -- learning the mean, which is its target
  points = neap.whole(2000), -- drawn points
  out = "runs/mean_flow_2d",
}

local data = neap.dataset.toy2d { shape = o.shape, count = 1000000, labels = false }

local function train(name, objective, interval, sampler)
  local model = neap.architecture.mlp { hidden = o.hidden, depth = o.depth, interval = interval }
  neap.train {
    model = model, data = data, objective = objective, optimizer = neap.optimizer.adamw { lr = o.lr },
    sampler = sampler, batch = 512, steps = o.steps, warmup = 100, decay = "cosine", clip = 1, ema = 0.998,
    precision = "fp32", -- bf16 has too few digits for points
    out = o.out .. "/" .. name,
  }
  return neap.checkpoint.load(o.out .. "/" .. name .. "/checkpoint.safetensors").model
end

local flow = train("flow", neap.objective.flow_matching {}, false, neap.sampler.euler { steps = 50 })
local mean_flow = neap.objective.mean_flow { times = o.times, same = o.same, power = o.power }
local mean = train("mean", mean_flow, true, neap.sampler.mean { steps = 1 })

local function panel(title, x)
  local figure = neap.plot { width = 320, height = 340, x = { -2.5, 2.5 }, y = { -2.5, 2.5 }, equal = true, title = title }
  return figure:points(x, { color = "red", size = 2, alpha = 0.5 })
end

local function drawn(model, sampler)
  return (sampler:sample(model, { n = o.points, seed = 0 }))
end

local euler = neap.sampler.euler { steps = 1 }
neap.plot.panels {
  panel("Data", (data:batch(1, o.points))),
  panel("Flow, 50 Euler steps", drawn(flow, euler:with { steps = 50 })),
  panel("Flow, 1 Euler step", drawn(flow, euler)),
  panel("Mean flow, 1 step", drawn(mean, neap.sampler.mean {})),
  columns = 2,
}:save(o.out .. "/one_step.png", { scale = 2 })
print(o.out .. "/one_step.png")
