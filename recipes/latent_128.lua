-- Latent diffusion of colour emoji with the sizes of the lecture: pictures of 128 by 128 pixels, latents [32, 32, 4], and
-- DiT-S/2 with 33 M parameters. A night on two cores; recipes/latent_emoji.lua is the small version.
--
--   neap run recipes/latent_128.lua
--   neap sample runs/latent_128/flow --label "Animals & Nature" --w 2
--
-- Time: 720 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local latent = require "latent_stages"

local o = latent.options {
  size = 128, minutes = 720,
  patch = 2, dit_width = 384, depth = 12, heads = 6,
}

latent.run(o, neap.dataset.emoji { size = o.size, flip = true }, { 3, 2, 7 })
