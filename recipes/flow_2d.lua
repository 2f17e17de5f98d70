-- A flow in the plane: trains a velocity field that transports noise (blue) to data (red). Draws both distributions, the
-- paths of some samples, and the field with the samples at several times, also as a film. Three minutes on one core.
--
--   neap run recipes/flow_2d.lua shape=gaussians8
--   neap eval runs/flow_2d
--
-- Time: 3 minutes on one core. Reaches: 1.1 times the distance between real draws, or less (docs/results.md).
local neap = require "neap"

local o = neap.options {
  shape = "moons", -- what to learn: moons, spirals, checkerboard, gaussians8, rings
  hidden = 256, depth = 4, lr = 2e-3,
  points = neap.whole(600), paths = neap.whole(40, 0), num_steps = neap.whole(50), -- drawn; steps of a sample
  out = "runs/flow_2d",
}

local model = neap.architecture.mlp { hidden = o.hidden, depth = o.depth }
local data = neap.dataset.toy2d { shape = o.shape, count = 1000000 }

neap.train {
  model = model, data = data,
  objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.heun { steps = 25 }, -- for neap sample and neap eval; the figures below use Euler steps
  precision = "fp32", -- bf16 has too few digits for points
  batch = 512, steps = 16000, warmup = 200, decay = "cosine", ema = 0.999, out = o.out,
}

-- --- Sampling --------------------------------------------------------------------------------------------------------

local function velocity(x, t)
  return neap.no_grad(model, x, t)
end

-- The samples at t = 1, 1 - 1 / num_steps, ..., 0.
local function flow(z)
  local way = { z }
  for i = 1, o.num_steps do
    local t = 1 - (i - 1) / o.num_steps
    way[i + 1] = way[i] - velocity(way[i], t) / o.num_steps
  end
  return way
end

local way = flow(neap.randn(o.points, 1, 1, 2))

-- The path of one sample as a list of points.
local function path_of(sample)
  local path = {}
  for i, x in ipairs(way) do
    path[i] = x:slice(0, sample, sample + 1):reshape(2):tolist()
  end
  return path
end

-- --- Figures ---------------------------------------------------------------------------------------------------------

local REACH, GRID = 2.5, 15 -- axes from -REACH to REACH; arrows in a row

local function plane(title)
  local range = { -REACH, REACH }
  return neap.plot { width = 400, height = 420, x = range, y = range, equal = true, title = title }
end

-- Samples move against the velocity, from noise to data. Longer arrows mean higher speed; no arrow reaches the next one.
local function add_field(figure, t)
  local side = neap.linspace(-REACH, REACH, GRID)
  local x = neap.expand(side:reshape(1, GRID, 1), { GRID, GRID, 1 })
  local y = neap.expand(side:reshape(GRID, 1, 1), { GRID, GRID, 1 })
  local from = neap.concat({ x, y }, 2):reshape(GRID * GRID, 1, 1, 2)
  local v = velocity(from, t)
  local speed = v:square():sum(-1, true):sqrt()
  figure:arrows(from, from - 2 * REACH / GRID * v / (1 + speed), { color = "gray", alpha = 0.8 })
end

local function moment(i)
  local t = 1 - (i - 1) / o.num_steps
  local figure = plane(("The field and the samples at t = %.2f"):format(t))
  add_field(figure, t)
  return figure:points(way[i], { color = neap.plot.mix("red", "blue", t), size = 3, alpha = 0.7 })
end

local function overview()
  local figure = plane "From noise to data"
  figure:points(way[1], { color = "blue", size = 3, alpha = 0.4, label = "noise" })
  figure:points(data:batch(1, o.points), { color = "red", size = 3, alpha = 0.4, label = "data" })
  for sample = 0, math.min(o.paths, o.points) - 1 do
    local path = path_of(sample)
    figure:line(path, { color = "black", width = 0.8, alpha = 0.7 })
    figure:points({ path[1] }, { color = "blue", size = 5 }):points({ path[#path] }, { color = "red", size = 5 })
  end
  return figure
end

local function at(t)
  return moment(math.floor((1 - t) * o.num_steps + 0.5) + 1)
end

local figure = neap.plot.panels { overview(), at(0.8), at(0.4), at(0), columns = 2 }
figure:save(o.out .. "/flow.svg")
figure:save(o.out .. "/flow.png", { scale = 2 })

local frames = {}
for i = 1, #way do
  frames[i] = function() -- drawn when it is written, so that one frame at a time is in memory
    return moment(i):picture()
  end
end
neap.image.film(o.out .. "/flow_film.png", frames, { fps = 15, hold = 1 })
for _, name in ipairs { "flow.svg", "flow.png", "flow_film.png" } do
  print(o.out .. "/" .. name)
end
