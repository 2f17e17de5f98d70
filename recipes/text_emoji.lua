-- Text to emoji: a diffusion transformer that draws emoji by their names. Names of a colour and a shape, "blue heart" or "green
-- circle", are held out, while other names have their words. An hour on two cores.
--
--   neap run recipes/text_emoji.lua                     # 32 by 32 pixels, drawn directly
--   neap run recipes/text_emoji.lua size=64             # 64 by 64, in the latents of a VAE-GAN
--   neap run recipes/matcher_emoji.lua                  # the network that scores them
--   neap sample runs/text_emoji --text "red heart" -n 8 --negative "face"
--   neap sample runs/text_emoji --text "blue heart" --text "grinning cat" --text "flag: Japan" -n 24
--   neap eval runs/text_emoji --evaluator runs/matcher_emoji                             # held-out names
--   neap eval runs/text_emoji --evaluator runs/matcher_emoji --conditions training       # names that it has seen
--
-- For 64 pixels the run is runs/text_emoji/flow, and the matcher that of matcher_emoji.lua size=64 patch=8. `conditioning` is how
-- the text enters: recipes/text_networks.lua.
--
-- Time: 60 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local latent = require "latent_stages"
local networks = require "text_networks"

local o = latent.options {
  size = 32, background = "white",
  conditioning = "cross", patch = 0, -- the side of a patch; 0: that for 64 tokens
  text_width = 128, text_depth = 2, text_heads = 4, text_words = 4096, -- the transformer of the text
  w = 2,
}
local in_latents = o.size > 32

local function transformer(_, rows, columns, spec)
  o.patch = o.patch > 0 and o.patch or rows // 8
  return networks.transformer(o, rows, columns, in_latents and o.latent or spec.channels, spec.text)
end

local data = neap.dataset.emoji { size = o.size, background = o.background, held_out = "combinations" }
if in_latents then
  latent.run(o, data, { 4, 4, 7 }, transformer)
else
  local all = latent.flow_settings(o)
  all.model, all.data, all.minutes = transformer(o, o.size, o.size, data:spec()), data, o.minutes
  neap.train(all)
end
