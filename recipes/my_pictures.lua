-- Latent diffusion of your own pictures, from nothing to samples: a folder of PNG and JPEG files of any sizes. The folders in
-- it are classes; without any, samples are unconditional. recipes/latent_stages.lua describes the stages.
--
--   neap run recipes/my_pictures.lua data=~/Pictures/cats
--   neap run recipes/my_pictures.lua data=~/Pictures/cats size=128 minutes=600 out=runs/cats
--   neap sample runs/my_pictures/flow
--
-- Time: 60 minutes on two cores. Reaches: depends on the pictures.
local neap = require "neap"
local latent = require "latent_stages"

local o = latent.options {
  data = "", -- the folder
  size = 64, fit = "crop", flip = true, -- fit: crop, pad or stretch to a square
  test_share = 0.1, -- of the pictures, which are not trained on
}

if o.data == "" then
  error("my_pictures: give a folder of pictures: neap run recipes/my_pictures.lua data=FOLDER", 0)
end

latent.run(o, neap.dataset.folder {
  path = o.data, size = o.size, fit = o.fit, flip = o.flip, test_share = o.test_share,
}, { 5, 4, 6 })
