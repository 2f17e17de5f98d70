-- Text to pictures: a diffusion transformer that draws coloured shapes at the places that a sentence names. A transformer over
-- the bytes of the sentence is trained with it. Held-out combinations of colour, shape and place test whether it reads. Ten
-- minutes on two cores.
--
--   neap run recipes/text_shapes.lua
--   neap sample runs/text_shapes --text "a small red circle at the top left" --text "a large blue ring in the middle" -n 8
--   neap sample runs/text_shapes --text "a green square on the right" --negative "a small square" -n 8
--   neap eval runs/text_shapes
--   neap run recipes/text_shapes.lua conditioning=joint out=runs/text_shapes_joint
--
-- `conditioning` is how the text enters: recipes/text_networks.lua, which also has the other options.
-- recipes/text_conditioning.lua compares them.
--
-- Time: 10 minutes on two cores. Reaches: of held-out combinations colour and place 100%, shape 25%.
local neap = require "neap"
local networks = require "text_networks"

local o = neap.options({ conditioning = "cross" }, networks.SHAPES)

local data = neap.dataset.captioned_shapes { size = o.size }
local spec = data:spec()

local settings = networks.shapes_training(o)
settings.model = networks.transformer(o, spec.height, spec.width, spec.channels, spec.text)
settings.data, settings.minutes = data, 10
neap.train(settings)
