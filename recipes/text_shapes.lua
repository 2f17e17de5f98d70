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
-- `conditioning` is how the text enters: recipes/text_networks.lua. recipes/text_conditioning.lua compares them.
--
-- Time: 10 minutes on two cores. Reaches: of held-out combinations colour and place 100%, shape 25%.
local neap = require "neap"
local networks = require "text_networks"

local o = neap.options {
  size = 28,
  conditioning = "cross",
  patch = 4, dit_width = 128, depth = 6, heads = 4, -- the transformer of the picture
  text_width = 64, text_depth = 2, text_heads = 4, text_words = 1024, -- that of the text
  label_dropout = 0.1, lr = 1e-3, ema = 0.999,
  prediction = "x0", loss = "v", mean = 1, deviation = 1.2, -- of the flow; times near the noise decide what is where
  shift = 3, sampler_steps = 25, w = 2,
}

local data = neap.dataset.captioned_shapes { size = o.size }
local spec = data:spec()

neap.train {
  model = networks.transformer(o, spec.height, spec.width, spec.channels, spec.text),
  data = data,
  objective = neap.objective.flow_matching {
    prediction = o.prediction, loss = o.loss, times = "logit_normal", mean = o.mean, deviation = o.deviation,
    label_dropout = o.label_dropout,
  },
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.euler { steps = o.sampler_steps, shift = o.shift, guidance = neap.guidance.cfg { w = o.w } },
  batch = 16, steps = 100000, minutes = 10, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}
