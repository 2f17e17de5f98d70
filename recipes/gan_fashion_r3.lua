-- Trains a generator and a discriminator without any normalisation on Fashion-MNIST by class: a relativistic game, kept in
-- balance by penalties on the discriminator's gradients alone (Huang et al. 2024, The GAN is dead; long live the GAN!), in
-- fifteen minutes on two cores. Strided convolutions learn most in that time; style=resnet has that paper's blocks.
--
--   neap run recipes/gan_fashion_r3.lua
--   neap sample runs/gan_fashion_r3 --label Dress
--   neap eval runs/gan_fashion_r3
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  style = "dcgan", width = 64, depth = 1, latent = 64, -- of both parts
  gamma = 0.1, every = 4, -- the penalties, and how seldom they are taken
  lr = 1e-3, beta2 = 0.99, ema = 0.999,
}

local data = neap.dataset.idx {
  path = o.data, label_names = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
}
local spec = data:spec()

local function adam(ema)
  return neap.optimizer.adamw { lr = o.lr, beta1 = 0, beta2 = o.beta2, ema = ema }
end

neap.train {
  model = neap.architecture.gan {
    style = o.style, norm = "none", rows = spec.height, columns = spec.width, channels = spec.channels,
    classes = spec.classes, width = o.width, depth = o.depth, latent = o.latent,
  },
  data = data,
  objective = neap.objective.adversarial { loss = "relativistic", r1 = o.gamma, r2 = o.gamma, every = o.every },
  optimizer = { discriminator = adam(0), generator = adam(o.ema) },
  sampler = neap.sampler.latent {},
  precision = "fp32", -- which convolves by tiles, with fewer multiplications than bf16
  batch = 64, steps = 12500, minutes = 15, decay = "cosine", rollback = 3, score_every = 1000,
}
