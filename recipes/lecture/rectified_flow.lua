-- Rectified flow on points in the plane, line by line as in the lecture.
-- Liu et al. 2022, "Flow Straight and Fast"; Lipman et al. 2022, "Flow Matching for Generative Modeling".
--
--   neap run recipes/lecture/rectified_flow.lua shape=spirals
--
-- Time: 16 seconds on one core. Reaches: a picture of data and samples.
local neap = require "neap"

local o = neap.options {
  shape = "moons", num_steps = neap.whole(50), samples = neap.whole(2000), -- data, steps and number of samples
  steps = 10000, batch = 256, out = "runs/lecture", -- training
}

local dataset = neap.dataset.toy2d { shape = o.shape }
local model = neap.architecture.mlp { hidden = 128, depth = 3 }
local optimizer = neap.optimizer.adamw { model = model, lr = 1e-3 }

-- for x in dataset:
--     z = torch.randn_like(x)
--     t = random.uniform(0, 1)
--     xt = (1 - t) * x + t * z
--     v = model(xt, t)
--     loss = (z - x - v).square().sum()
local step, average, every = 0, 0, math.max(1, o.steps // 10)
for x in dataset:batches(o.batch, o.steps) do
  local z = neap.randn_like(x)
  local t = neap.uniform(0, 1)
  local xt = (1 - t) * x + t * z
  local v = model(xt, t)
  local loss = (z - x - v):square():sum()

  loss:backward() -- the lecture omits the update
  optimizer:step()
  step, average = step + 1, average + loss:item() / o.batch
  if step % every == 0 then
    print(("step %5d  loss %.4f a point"):format(step, average / every))
    average = 0
  end
end

-- sample = torch.randn(x_shape)
-- for t in torch.linspace(1, 0, num_steps):
--     v = model(sample, t)
--     sample = sample - v / num_steps
local sample = neap.randn { o.samples, 1, 1, 2 }
neap.no_grad(function()
  for t in neap.linspace(1, 0, o.num_steps):each() do
    local v = model(sample, t)
    sample = sample - v / o.num_steps
  end
end)

local real = dataset:batch(o.steps + 1, o.samples)
neap.folder(o.out)
local picture = neap.image.grid(neap.image.points { real, sample }, { columns = 2, gap = 4 })
neap.image.save(o.out .. "/rectified_flow.png", picture)
print(o.out .. "/rectified_flow.png: data on the left, samples on the right")
