-- Trains a generator and a discriminator on Fashion-MNIST with the architecture of Radford et al. 2016 (DCGAN), in
-- fifteen minutes on two cores.
--
--   neap run recipes/gan_fashion.lua
--   neap sample runs/gan_fashion truncation=1.5
--   neap eval runs/gan_fashion
--
-- Time: 15 minutes on two cores. Reaches: a Fréchet distance of 37 to 40 (docs/results.md).
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  width = 64, latent = 100, conditional = false,
  loss = "non_saturating", lr = 2e-4, ema = 0.999, -- ema: of the generator alone
}

local data = neap.dataset.idx {
  path = o.data, label_names = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
}
local spec = data:spec()

neap.train {
  model = neap.architecture.gan {
    style = "dcgan", rows = spec.height, columns = spec.width, channels = spec.channels,
    classes = o.conditional and spec.classes or 0, width = o.width, latent = o.latent,
  },
  data = data,
  objective = neap.objective.adversarial { loss = o.loss },
  optimizer = {
    discriminator = neap.optimizer.adamw { lr = o.lr, beta1 = 0.5 },
    generator = neap.optimizer.adamw { lr = o.lr, beta1 = 0.5, ema = o.ema },
  },
  sampler = neap.sampler.latent {},
  precision = "fp32", -- Winograd convolutions, which need fewer multiplications, are not used with bf16
  batch = 64, steps = 17000, minutes = 15, score_every = 1000,
}
