-- Latent diffusion of Fashion-MNIST: latents [7, 7, 4] of pictures of 28 by 28 pixels. The VAE-GAN's prior and the flow in its
-- latents can be compared with a GAN and with a flow on pixels by one evaluator. Half an hour on two cores.
--
--   neap run recipes/latent_fashion.lua
--   neap eval runs/latent_fashion/flow
--   neap sample runs/latent_fashion/flow --label Dress --w 2
--
-- Time: 30 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local latent = require "latent_stages"

local o = latent.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  minutes = 30, width = 32, vae_batch = 32, patch = 1, dit_width = 128, depth = 6, heads = 4,
  lr = 3e-3, ema = 0.998, flow_batch = neap.whole(64),
}

latent.run(o, neap.dataset.idx {
  path = o.data, label_names = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
}, { 2, 2, 3 })
