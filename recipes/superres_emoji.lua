-- Super-resolution: a diffusion transformer that draws emoji of 64 pixels from pictures `factor` times as small. The small
-- picture, enlarged, is added to the channels of the input. Fifteen minutes on two cores.
--
--   neap run recipes/superres_emoji.lua
--   neap sample runs/superres_emoji --picture small.png -n 4        # a PNG of 16 by 16 pixels
--   neap eval runs/superres_emoji -n 209 --evaluator runs/evaluator_emoji
--   neap run recipes/superres_emoji.lua factor=1 grey=true out=runs/colour_emoji    # colours a grey picture
--
-- superres.png has rows of held-out pictures, and below each the small one, enlarged, and the network's sample. The PSNR of both
-- is printed.
--
-- Time: 15 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local fidelity = require "neap.evaluate.fidelity"

local o = neap.options {
  size = 64, background = "white",
  factor = neap.whole(4), grey = false, -- what the small pictures are
  patch = 4, dit_width = 128, depth = 6, heads = 4, -- the transformer
  lr = 1e-3, ema = 0.999, sampler_steps = 25,
  columns = neap.whole(8), -- pictures in a row of superres.png
}

local function degraded(split)
  local pictures = neap.dataset.emoji { size = o.size, background = o.background, split = split, flip = true }
  return neap.dataset.degraded { of = pictures:component(), factor = o.factor, grey = o.grey }
end

local data = degraded "train"
local spec = data:spec()
local small = spec.picture

local trained = neap.train {
  model = neap.architecture.dit {
    rows = spec.height, columns = spec.width, channels = spec.channels,
    patch = o.patch, width = o.dit_width, depth = o.depth, heads = o.heads,
    picture = "channels", picture_rows = small.height, picture_columns = small.width, picture_channels = small.channels,
  },
  data = data,
  objective = neap.objective.flow_matching { times = "logit_normal" },
  optimizer = neap.optimizer.adamw { lr = o.lr },
  sampler = neap.sampler.euler { steps = o.sampler_steps },
  batch = 16, steps = 100000, minutes = 15, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}

-- --- Held-out pictures ------------------------------------------------------------------------------------------------

-- A small picture at the size and with the channels of a large one.
local function enlarged(picture)
  local x = picture:resize(spec.height, spec.width, "linear")
  return small.channels == spec.channels and x or neap.concat({ x, x, x }, -1)
end

local function first_rows(x)
  return x:slice(0, 0, math.min(2 * o.columns, x:shape()[1])):contiguous()
end

local test = degraded "test"
local x, _, condition = test:batch(1, test:count())
local run = neap.checkpoint.load(trained.checkpoint)
local y = run.sampler:sample(run.model, { n = test:count(), condition = { picture = condition.picture } })
local rows = { first_rows(x) }
for i, one in ipairs { { "enlarged", enlarged(condition.picture) }, { "sampled", y } } do
  local psnr = fidelity.score(x, one[2])[1].value
  print(("%-9s PSNR of %d held-out pictures: %.2f dB"):format(one[1], test:count(), psnr))
  rows[i + 1] = first_rows(one[2])
end
local path = trained.checkpoint:gsub("[^/]*$", "superres.png")
neap.image.save(path, neap.image.grid(neap.reconstruction.rows(rows, o.columns), { columns = o.columns }))
print(path)
