-- A DCGAN with the hinge loss (Lim and Ye 2017) on Fashion-MNIST, in a loop of its own with two optimizers. `neap sample` and
-- `neap eval` open its checkpoint. docs/loops.md explains such loops.
--
--   neap run recipes/loop_gan.lua
--   neap run recipes/loop_gan.lua optimizer.beta1=0 model.width=32 out=runs/loop_gan_small
--   neap sample runs/loop_gan -n 64
--
-- Time: 3 minutes on two cores, from the steps of recipes/gan_fashion.lua. Reaches: not measured.
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  lr = 2e-4, latent = neap.whole(100), save_every = neap.whole(300),
  steps = 3000, batch = 64, out = "runs/loop_gan", resume = false,
}

local data = neap.dataset.idx { path = o.data }
local model = neap.architecture.gan {
  style = "dcgan", rows = 28, columns = 28, channels = 1, width = 64, latent = o.latent,
}
local critic = neap.optimizer.adamw { model = model, part = "discriminator.", lr = o.lr, beta1 = 0.5 }
local maker = neap.optimizer.adamw { model = model, part = "generator.", lr = o.lr, beta1 = 0.5, ema = 0.999 }

local loop = {
  model = model, data = data, sampler = neap.sampler.latent {}, step = 0,
  optimizer = { discriminator = critic, generator = maker },
}
if o.resume then
  print(("goes on at step %d"):format(neap.checkpoint.resume(o.out, loop)))
end

local function G()
  return model:generate(neap.randn(o.batch, o.latent))
end

local function D(x)
  return model:discriminate(x)
end

-- In training mode, batch norms use the statistics of the batch.
local function step(x)
  local fake = neap.no_grad(G)
  local loss_d = (1 - D(x)):relu():mean() + (1 + D(fake)):relu():mean()
  loss_d:backward()
  critic:step()

  local loss_g = -D(G()):mean()
  loss_g:backward() -- reaches the discriminator, too
  maker:step()
  critic:clear()
  return loss_d:item(), loss_g:item()
end

for x in data:batches(o.batch, o.steps, loop.step) do
  local loss_d, loss_g = neap.training(step, x)
  loop.step = loop.step + 1
  if loop.step % o.save_every == 0 or loop.step == o.steps then
    print(("step %d  D %.3f  G %.3f  %s"):format(loop.step, loss_d, loss_g, neap.checkpoint.save(o.out, loop)))
  end
end
