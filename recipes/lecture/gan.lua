-- A generative adversarial network on points in the plane, line by line as in the lecture.
-- Goodfellow et al. 2014, "Generative Adversarial Nets".
--
--   neap run recipes/lecture/gan.lua shape=moons
--
-- Time: 2 minutes on one core. Reaches: a picture of data and samples.
local neap = require "neap"

local o = neap.options {
  shape = "gaussians8", samples = neap.whole(2000), -- data and number of samples
  rate = 0.01, steps = 20000, batch = 256, out = "runs/lecture", -- training
}

local dataset = neap.dataset.toy2d { shape = o.shape, labels = false }
local model = neap.architecture.gan {
  style = "mlp", rows = 1, columns = 1, channels = 2, latent = 16, width = 128, depth = 3,
}
local function G(z) return model:generate(z) end
local function D(x) return model:discriminate(x):sigmoid() end

local alpha_D = neap.optimizer.sgd { model = model, part = "discriminator.", lr = o.rate }
local alpha_G = neap.optimizer.sgd { model = model, part = "generator.", lr = o.rate }

-- min_G max_D E[log D(x)] + E[log(1 - D(G(z)))] = min_G max_D V(G, D)
local function V(x)
  local z = neap.randn { o.batch, 16 }
  return D(x):log():mean() + (1 - D(G(z))):log():mean()
end

-- While True:
--     D = D + alpha_D * dV/dD
--     G = G - alpha_G * dV/dG
local step, every = 0, math.max(1, o.steps // 10)
for x in dataset:batches(o.batch, o.steps) do
  local v = V(x);
  (-v):backward() -- optimizers minimise
  alpha_D:step()
  alpha_G:clear()

  V(x):backward()
  alpha_G:step()
  alpha_D:clear()
  step = step + 1
  if step % every == 0 then -- V is log(1/4) = -1.386 at the optimum of both; its curve does not show progress
    print(("step %6d  V %.4f"):format(step, v:item()))
  end
end

local sample = neap.no_grad(G, neap.randn { o.samples, 16 })
local real = dataset:batch(o.steps + 1, o.samples)
neap.folder(o.out)
local picture = neap.image.grid(neap.image.points { real, sample }, { columns = 2, gap = 4 })
neap.image.save(o.out .. "/gan.png", picture)
print(o.out .. "/gan.png: data on the left, samples on the right")
