-- Trains a class-conditional diffusion transformer on Fashion-MNIST and draws runs/quickstart/samples.png: one row of
-- pictures per class. At most three minutes on two cores.
--
--   neap run recipes/quickstart.lua
--   neap sample runs/quickstart --label Sneaker -o sneakers.png
--
-- Time: 3 minutes on two cores. Reaches: a loss of 0.197 (docs/results.md).
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files; "shapes" for generated pictures
  patch = 4, width = 128, depth = 4, heads = 4, -- the transformer
  lr = 4e-3, ema = 0.995,
  label_dropout = 0.1, -- share of examples trained without their label: guidance needs the unconditional model, too
  w = 2, -- guidance weight: 0 is off
}

local NAMES = "T-shirt,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"

local function open_data()
  if o.data ~= "shapes" then
    if neap.exists(o.data) then
      return neap.dataset.idx { path = o.data, label_names = NAMES }
    end
    print(("quickstart: there is no %s; training on drawn shapes instead"):format(o.data))
  end
  return neap.dataset.shapes { size = 28 }
end

local data = open_data()
local spec = data:spec()

neap.train {
  model = neap.architecture.dit {
    rows = spec.height, columns = spec.width, channels = spec.channels, classes = spec.classes,
    patch = o.patch, width = o.width, depth = o.depth, heads = o.heads,
  },
  data = data,
  objective = neap.objective.flow_matching { label_dropout = o.label_dropout, times = "logit_normal" },
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.euler { steps = 50, guidance = neap.guidance.cfg { w = o.w } },
  batch = 32, steps = 3600, minutes = 2.75, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}
