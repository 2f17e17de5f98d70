-- Three pictures of Fashion-MNIST as the channels of one (Metz et al. 2017, section 3.3.1): a thousand modes, one for
-- each triple of classes. The relativistic loss with gradient penalties finds them; method=dcgan is for comparison.
--
--   neap run recipes/gan_stacked.lua
--   neap run recipes/gan_stacked.lua method=dcgan out=runs/gan_stacked_dcgan
--   neap eval runs/gan_stacked
--
-- Time: 55 minutes on one core. Reaches: 1000 of 1000 modes (docs/results.md).
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  method = "relativistic", -- or dcgan
  width = 64, latent = 100,
  scored = 4000, -- samples scored during training; as many real pictures have 982 of the thousand classes
}

local adam, adversarial = neap.optimizer.adamw, neap.objective.adversarial
local METHODS = {
  relativistic = {
    norm = "none", decay = "cosine", objective = adversarial { loss = "relativistic", r1 = 1, r2 = 1, every = 4 },
    discriminator = adam { lr = 1e-3, beta1 = 0, beta2 = 0.99 },
    generator = adam { lr = 1e-3, beta1 = 0, beta2 = 0.99, ema = 0.999 },
  },
  dcgan = {
    norm = "batch", decay = "none", objective = adversarial { loss = "non_saturating" },
    discriminator = adam { lr = 2e-4, beta1 = 0.5 }, generator = adam { lr = 2e-4, beta1 = 0.5, ema = 0.999 },
  },
}
local method = METHODS[o.method] or error(("method: expected relativistic or dcgan, got '%s'"):format(o.method), 0)

local pictures = neap.dataset.idx { path = o.data }
local data = neap.dataset.stacked { of = pictures }
local spec = data:spec()

neap.train {
  model = neap.architecture.gan {
    style = "dcgan", norm = method.norm, rows = spec.height, columns = spec.width, channels = spec.channels,
    width = o.width, latent = o.latent,
  },
  data = data, objective = method.objective,
  optimizer = { discriminator = method.discriminator, generator = method.generator },
  precision = "fp32", -- Winograd convolutions, which need fewer multiplications, are not used with bf16
  sampler = neap.sampler.latent {}, batch = 64, steps = 50000, minutes = 60, decay = method.decay, rollback = 3,
  score_every = 5000, score_samples = o.scored,
}
