-- Trains a network that matches pictures of emoji with their names. It scores pictures drawn from texts: is the name among the 1
-- or 5 best of all? It sees all emoji, held-out ones included, since it has to know them. Ten minutes on two cores.
--
--   neap run recipes/matcher_emoji.lua
--   neap run recipes/matcher_emoji.lua size=64 patch=8 out=runs/matcher_emoji_64
--   neap eval RUN -n 500 --evaluator runs/matcher_emoji                          # names of the held-out part
--   neap eval RUN -n 500 --evaluator runs/matcher_emoji --conditions training    # names that the run has seen
--
-- Time: 10 minutes on two cores. Reaches: not measured.
local neap = require "neap"

local o = neap.options {
  size = 32, background = "white", -- as those of the pictures to score
  patch = 4, stem = 24, convolutions = 1, width = 64, depth = 2, heads = 4, mlp_ratio = 3, -- the transformer of the picture
  text_width = 64, text_depth = 1, text_heads = 4, text_words = 4096, -- that of the text
  embedding = 96, lr = 2e-3, weight_decay = 0.1, ema = 0.995,
  flip = false, shift = 2, -- left and right are parts of names
}

local data = neap.dataset.emoji { size = o.size, background = o.background, test_share = 0 }
local spec = data:spec()

local run = neap.train {
  model = neap.architecture.matcher {
    rows = spec.height, columns = spec.width, channels = spec.channels,
    patch = o.patch, stem = o.stem, convolutions = o.convolutions, width = o.width, depth = o.depth, heads = o.heads,
    mlp_ratio = o.mlp_ratio, embedding = o.embedding,
    text = spec.text, text_width = o.text_width, text_depth = o.text_depth, text_heads = o.text_heads, text_words = o.text_words,
  },
  data = data,
  objective = neap.objective.contrastive { flip = o.flip, shift = o.shift },
  optimizer = neap.optimizer.adamw { lr = o.lr, weight_decay = o.weight_decay },
  batch = 128, steps = 3000, minutes = 10, warmup = 100, decay = "cosine", clip = 1, ema = o.ema,
}

-- Retrieval of the training pictures themselves.
local model = neap.checkpoint.load(run.checkpoint).model
local x, _, condition = data:batch(1, data:count())
for _, score in ipairs(neap.evaluate.retrieval(model, x, condition, { resamples = 0 })) do
  print(("%s of %d emoji: %.2f%%"):format(score.name, data:count(), 100 * score.value))
end
