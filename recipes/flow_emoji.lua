-- Flow matching on the pixels of colour emoji, by class: what recipes/latent_emoji.lua is compared with. The transformer has the
-- sizes of the one there, as many tokens, and the same optimiser; its patches are `factor` times as large, for pictures are as
-- much larger than latents. An hour on two cores.
--
--   neap run recipes/flow_emoji.lua
--   neap run recipes/evaluator_emoji.lua
--   neap eval runs/flow_emoji -n 2000 --labels real --reference training --evaluator runs/evaluator_emoji
--   neap eval runs/latent_emoji/flow -n 2000 --labels real --reference training --evaluator runs/evaluator_emoji
--
-- Time: 60 minutes on two cores. Reaches: not measured.
local neap = require "neap"

local o = neap.options {
  size = 64, background = "white",
  patch = 8, dit_width = 192, depth = 8, heads = 6, -- the transformer
  lr = 1e-3, ema = 0.999, label_dropout = 0.1, flow_batch = 16, flow_steps = 100000,
  shift = 1, w = 1, sampler_steps = 50, -- shift: above 1, more times near the noise
}

local data = neap.dataset.emoji { size = o.size, background = o.background, flip = true }
local spec = data:spec()

neap.train {
  model = neap.architecture.dit {
    rows = spec.height, columns = spec.width, channels = spec.channels, classes = spec.classes,
    patch = o.patch, width = o.dit_width, depth = o.depth, heads = o.heads,
  },
  data = data,
  objective = neap.objective.flow_matching { label_dropout = o.label_dropout, times = "logit_normal", shift = o.shift },
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.euler { steps = o.sampler_steps, shift = o.shift, guidance = neap.guidance.cfg { w = o.w } },
  batch = o.flow_batch, steps = o.flow_steps, minutes = 60, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}
