-- Latent diffusion of colour emoji, 64 by 64 pixels, in four stages: a VAE, a VAE-GAN that starts from its weights, the
-- latents of all pictures, and a transformer in these latents, conditional on the nine groups of emoji. An hour on two cores.
-- recipes/latent_stages.lua describes the stages, their folders and the keys.
--
--   neap run recipes/latent_emoji.lua
--   neap run recipes/latent_emoji.lua minutes=240 dit_width=384
--   neap run recipes/latent_emoji.lua only=flow conditional=false out=runs/latent_emoji
--   neap eval runs/latent_emoji/vae_gan
--   neap sample runs/latent_emoji/flow --label "Food & Drink" --w 2
--
-- Time: 60 minutes on two cores. Reaches: 29.8 dB by the VAE, 29.1 by the VAE-GAN; docs/results.md has samples.
local neap = require "neap"
local latent = require "latent_stages"

local o = latent.options { size = 64, background = "white" }

latent.run(o, neap.dataset.emoji { size = o.size, background = o.background, flip = true }, { 4, 4, 7 })
