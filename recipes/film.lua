-- How a trained model makes pictures out of noise: the grid of samples from step to step, as an animated PNG in the
-- folder of the run.
--
--   neap run recipes/quickstart.lua
--   neap run recipes/film.lua run=runs/quickstart
local neap = require "neap"

local o = neap.options {
  run = "runs/quickstart",
  n = neap.whole(40), columns = neap.whole(8), num_steps = neap.whole(50), -- what is sampled, and how
  fps = 12, hold = 1.5, -- frames a second, and how many seconds the last one stays
  scale = neap.whole(2), -- how many pixels one of a sample becomes
}

local run = neap.checkpoint.load(o.run .. "/checkpoint.safetensors")
local film = neap.film {
  path = o.run .. "/film.png", columns = o.columns, scale = o.scale, fps = o.fps, hold = o.hold,
  text = { ["neap.checkpoint"] = run.path },
}
run.sampler:with({ steps = o.num_steps }):sample(run.model, {
  n = o.n, batch = o.n, labels = "each", names = run.labels, watch = film:watch(), -- in one batch: a step shows all
})
film:save()
print(o.run .. "/film.png")
