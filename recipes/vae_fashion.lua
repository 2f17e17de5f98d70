-- A VAE of Fashion-MNIST for samples: decoded draws from its prior, N(0, 1). Its KL divergence weighs a little more than in the
-- bound on the likelihood (Kingma and Welling 2014); the autoencoders of latent diffusion have a millionth of that. With
-- `adversarial` it is a VAE-GAN. Half an hour on two cores.
--
--   neap run recipes/vae_fashion.lua
--   neap run recipes/vae_fashion.lua adversarial=0.02 out=runs/vae_gan_fashion
--   neap eval runs/vae_fashion
--
-- Generators of equal time by one evaluator, with these two:
--
--   neap run recipes/latent_fashion.lua minutes=30
--   neap run recipes/flow_fashion.lua minutes=30 steps=100000
--   neap run recipes/gan_fashion.lua minutes=30 steps=100000 score_every=0
--   neap run recipes/gan_fashion_r3.lua minutes=30 steps=100000 score_every=0
--   neap eval RUN, for RUN one of runs/vae_fashion, runs/vae_gan_fashion, runs/latent_fashion/flow, runs/flow_fashion, ...
--
-- Time: 30 minutes on two cores. Reaches: not measured.
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  factor = 4, latent = 4, width = 32, blocks = 1, groups = 8, attention = true, -- attention sees the whole picture
  kl = 0.4, -- the mean error of a value, 0.1, would give the bound; more leaves less in the latents that the prior does not know
  adversarial = 0.0, d_layers = 2, d_width = 64, d_norm = "group", g_start = 300, g_ramp = 300,
  lr = 1e-3, d_lr = 3e-4, ema = 0.995,
}

local data = neap.dataset.idx { path = o.data }
local spec = data:spec()
local adversarial = o.adversarial > 0

local function adam(lr, ema)
  return neap.optimizer.adamw { lr = lr, beta1 = adversarial and 0.5 or 0.9, ema = ema }
end

neap.train {
  model = neap.architecture.vae_gan {
    rows = spec.height, columns = spec.width, channels = spec.channels, factor = o.factor, latent = o.latent, width = o.width,
    blocks = o.blocks, groups = o.groups, attention = o.attention,
    discriminator = adversarial, d_layers = o.d_layers, d_width = o.d_width, d_norm = o.d_norm,
  },
  data = data,
  objective = neap.objective.vae_gan { kl = o.kl, adversarial = o.adversarial, g_start = o.g_start, g_ramp = o.g_ramp },
  optimizer = adversarial and { autoencoder = adam(o.lr, o.ema), discriminator = adam(o.d_lr, 0) } or adam(o.lr, o.ema),
  sampler = neap.sampler.latent {},
  batch = 64, steps = 100000, minutes = 30, warmup = 100, decay = "cosine", clip = 1,
}
