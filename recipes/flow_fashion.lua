-- Trains a class-conditional diffusion transformer on Fashion-MNIST by flow matching, in ten minutes on two cores. The
-- results in docs/results.md are from this recipe.
--
--   neap run recipes/flow_fashion.lua
--   neap run recipes/flow_fashion.lua width=192 heads=6 lr=2e-3 ema=0.999 steps=10000 minutes=50
--   neap sample runs/flow_fashion --label Dress --w 2
--   neap eval runs/flow_fashion
--
-- Time: 10 minutes on two cores. Reaches: a Fréchet distance of 4.4 (docs/results.md).
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  patch = 4, width = 128, depth = 6, heads = 4, -- the transformer
  conditioning = "adaln", qk_norm = false, rope = false, swiglu = false, rms_norm = false,
  times = "logit_normal", shift = 1.0, pairing = "independent", -- in training; compared in docs/results.md
  label_dropout = 0.1, -- the lecture's 0.5 spends half of the training on the unconditional field, which guidance only
                       -- moves away from
  lr = 3e-3, ema = 0.998,
  sampler_steps = 50, w = 1, -- of the samples; w is the guidance weight: 0 is off
}

local data = neap.dataset.idx {
  path = o.data, label_names = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
}
local spec = data:spec()

neap.train {
  model = neap.architecture.dit {
    rows = spec.height, columns = spec.width, channels = spec.channels, classes = spec.classes,
    patch = o.patch, width = o.width, depth = o.depth, heads = o.heads,
    conditioning = o.conditioning, qk_norm = o.qk_norm, rope = o.rope, swiglu = o.swiglu, rms_norm = o.rms_norm,
  },
  data = data,
  objective = neap.objective.flow_matching {
    times = o.times, shift = o.shift, pairing = o.pairing, label_dropout = o.label_dropout,
  },
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.euler { steps = o.sampler_steps, guidance = neap.guidance.cfg { w = o.w } },
  batch = 64, steps = 4500, minutes = 10, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}
