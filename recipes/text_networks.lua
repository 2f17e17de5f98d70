-- What the recipes with texts share: their network, four ways in which a text enters it, and how those of captioned shapes train.
-- Not a recipe of its own.
--
--   adaln   the mean of the text's tokens modulates every block, as time does
--   cross   besides, the picture attends to the tokens in every block (Chen et al. 2023, PixArt-alpha)
--   joint   besides, the tokens are a second stream; both attend to both (Esser et al. 2024, Stable Diffusion 3)
--   still   the picture attends to itself and to the tokens at once; the tokens stay as they are
--
-- The text encoder is a transformer over bytes, trained with the rest. `text_words` adds a vector of the word to each byte.
local neap = require "neap"

local networks = {}

networks.CONDITIONINGS = { "adaln", "cross", "joint", "still" }

local NETWORKS = {
  adaln = { neap.architecture.dit, { conditioning = "adaln" } },
  cross = { neap.architecture.dit, { conditioning = "cross" } },
  joint = { neap.architecture.mmdit, { qk_norm = true } },
  still = { neap.architecture.mmdit, { qk_norm = true, still = true } },
}

--- A transformer for pictures of `rows` by `columns` with `channels`, and texts of up to `bytes` bytes. `o` are the options of
-- the recipe.
function networks.transformer(o, rows, columns, channels, bytes)
  local kind = NETWORKS[o.conditioning]
  if not kind then
    error(("conditioning: expected adaln, cross, joint or still, got '%s'"):format(o.conditioning), 0)
  end
  local settings = {
    rows = rows, columns = columns, channels = channels,
    patch = o.patch, width = o.dit_width, depth = o.depth, heads = o.heads,
    text = bytes, text_width = o.text_width, text_depth = o.text_depth, text_heads = o.text_heads, text_words = o.text_words,
  }
  for key, value in pairs(kind[2]) do
    settings[key] = value
  end
  return kind[1](settings)
end

--- Options of the recipes of captioned shapes.
networks.SHAPES = {
  size = 28, patch = 4, dit_width = 128, depth = 6, heads = 4, -- the transformer of the picture
  text_width = 64, text_depth = 2, text_heads = 4, text_words = 1024, -- that of the text
  prediction = "x0", loss = "v", mean = 1, deviation = 1.2, -- of the flow; times near the noise decide what is where
  label_dropout = 0.1, lr = 1e-3, ema = 0.999, shift = 3, sampler_steps = 25, w = 2,
}

--- Settings of neap.train for captioned shapes, without the network, the data, the folder and the time.
function networks.shapes_training(o)
  return {
    objective = neap.objective.flow_matching {
      prediction = o.prediction, loss = o.loss, times = "logit_normal", mean = o.mean, deviation = o.deviation,
      label_dropout = o.label_dropout,
    },
    optimizer = neap.optimizer.adamw { lr = o.lr },
    sampler = neap.sampler.euler { steps = o.sampler_steps, shift = o.shift, guidance = neap.guidance.cfg { w = o.w } },
    batch = 16, steps = 100000, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
  }
end

return networks
