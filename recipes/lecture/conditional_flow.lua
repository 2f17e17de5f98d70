-- Conditional rectified flow on points in the plane, line by line as in the lecture. Each moon, ring or peak is a class
-- y with a velocity field of its own. Liu et al. 2022, "Flow Straight and Fast: Learning to Generate and Transfer Data
-- with Rectified Flow".
--
--   neap run recipes/lecture/conditional_flow.lua shape=gaussians8 y=3
--
-- Time: 17 seconds on one core. Reaches: a picture of each class.
local neap = require "neap"

local o = neap.options {
  shape = "moons", y = neap.whole(-1, -1), -- data and class; y -1: one panel per class
  num_steps = neap.whole(50), samples = neap.whole(2000),
  steps = 10000, batch = 256, out = "runs/lecture", -- training
}

local dataset = neap.dataset.toy2d { shape = o.shape }
local network = neap.architecture.mlp { hidden = 128, depth = 3, classes = dataset:spec().classes }
local optimizer = neap.optimizer.adamw { model = network, lr = 1e-3 }

local function model(x, y, t) -- the lecture's order of arguments
  return network(x, t, y)
end

-- for (x, y) in dataset:
--     z = torch.randn_like(x)
--     t = random.uniform(0, 1)
--     xt = (1 - t) * x + t * z
--     v = model(xt, y, t)
--     loss = (z - x - v).square().sum()
local step, average, every = 0, 0, math.max(1, o.steps // 10)
for x, y in dataset:batches(o.batch, o.steps) do
  local z = neap.randn_like(x)
  local t = neap.uniform(0, 1)
  local xt = (1 - t) * x + t * z
  local v = model(xt, y, t)
  local loss = (z - x - v):square():sum()

  loss:backward() -- the lecture omits the update
  optimizer:step()
  step, average = step + 1, average + loss:item() / o.batch
  if step % every == 0 then
    print(("step %5d  loss %.4f a point"):format(step, average / every))
    average = 0
  end
end

-- y = user_input()
-- sample = torch.randn(x_shape)
-- for t in torch.linspace(1, 0, num_steps):
--     v = model(sample, y, t)
--     sample = sample - v / num_steps
local function draw(class)
  local y = neap.full({ o.samples }, class, "i32")
  local sample = neap.randn { o.samples, 1, 1, 2 }
  for t in neap.linspace(1, 0, o.num_steps):each() do
    local v = model(sample, y, t)
    sample = sample - v / o.num_steps
  end
  return sample
end

local panels = { (dataset:batch(o.steps + 1, o.samples)) }
local first, last = o.y, o.y
if o.y < 0 then
  first, last = 0, dataset:spec().classes - 1
end
for class = first, last do
  panels[#panels + 1] = neap.no_grad(draw, class)
end
neap.folder(o.out)
local picture = neap.image.grid(neap.image.points(panels), { columns = math.min(3, #panels), gap = 4 })
neap.image.save(o.out .. "/conditional_flow.png", picture)
print(o.out .. "/conditional_flow.png: data first, then samples of each class")
