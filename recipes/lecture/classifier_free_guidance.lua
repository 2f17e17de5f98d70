-- Classifier-free guidance on points in the plane, line by line as in the lecture. Half of the training steps drop the
-- labels. Sampling follows (1 + w) times the conditional velocity minus w times the unconditional one. Ho and Salimans
-- 2022, "Classifier-Free Diffusion Guidance".
--
--   neap run recipes/lecture/classifier_free_guidance.lua shape=gaussians8 y=3 w=4
--
-- Time: 17 seconds on one core. Reaches: a picture of one class, without and with guidance.
local neap = require "neap"

local o = neap.options {
  shape = "gaussians8", y = neap.whole(0, 0), w = 1, -- data, class and guidance weight
  num_steps = neap.whole(50), samples = neap.whole(2000),
  steps = 10000, batch = 256, out = "runs/lecture", -- training
}

local dataset = neap.dataset.toy2d { shape = o.shape, noise = 0.15 }
local y_null = dataset:spec().classes -- the null class
local network = neap.architecture.mlp { hidden = 128, depth = 3, classes = dataset:spec().classes }
local optimizer = neap.optimizer.adamw { model = network, lr = 1e-3 }

local function model(x, y, t) -- the lecture's order of arguments
  return network(x, t, y)
end

-- for (x, y) in dataset:
--     z = torch.randn_like(x)
--     t = random.uniform(0, 1)
--     xt = (1 - t) * x + t * z
--     if random.random() < 0.5: y = y_null
--     v = model(xt, y, t)
--     loss = (z - x - v).square().sum()
local step, average, every = 0, 0, math.max(1, o.steps // 10)
for x, y in dataset:batches(o.batch, o.steps) do
  local z = neap.randn_like(x)
  local t = neap.uniform(0, 1)
  local xt = (1 - t) * x + t * z
  if neap.uniform() < 0.5 then y = neap.full({ o.batch }, y_null, "i32") end
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
--     vy = model(sample, y, t)
--     v0 = model(sample, y_null, t)
--     v = (1 + w) * vy - w * v0
--     sample = sample - v / num_steps
local function draw(w)
  local y = neap.full({ o.samples }, o.y, "i32")
  local null = neap.full({ o.samples }, y_null, "i32")
  local sample = neap.randn { o.samples, 1, 1, 2 }
  for t in neap.linspace(1, 0, o.num_steps):each() do
    local vy = model(sample, y, t)
    local v0 = model(sample, null, t)
    local v = (1 + w) * vy - w * v0
    sample = sample - v / o.num_steps
  end
  return sample
end

local real = dataset:batch(o.steps + 1, o.samples)
neap.folder(o.out)
local panels = { real, neap.no_grad(draw, 0), neap.no_grad(draw, o.w) }
local picture = neap.image.grid(neap.image.points(panels), { columns = 3, gap = 4 })
neap.image.save(o.out .. "/classifier_free_guidance.png", picture)
print(o.out .. "/classifier_free_guidance.png: data, samples of the class without guidance, and with it")
