-- How a trained model turns noise into pictures: the grid of samples at each step, as an animated PNG in the folder of the
-- run.
--
--   neap run recipes/quickstart.lua
--   neap run recipes/film.lua run=runs/quickstart
--
-- Time: 4 seconds on two cores. Reaches: a film of the sampler's steps.
local neap = require "neap"

local o = neap.options {
  run = "runs/quickstart",
  n = neap.whole(40), columns = neap.whole(8), num_steps = neap.whole(50), -- samples, columns of the grid, sampling steps
  fps = 12, hold = 1.5, -- frames per second, and seconds that the last one is shown
  scale = neap.whole(2), -- enlargement
}

local run = neap.checkpoint.load(o.run .. "/checkpoint.safetensors")
local film = neap.film {
  path = o.run .. "/film.png", columns = o.columns, scale = o.scale, fps = o.fps, hold = o.hold,
  text = { ["neap.checkpoint"] = run.path },
}
run.sampler:with({ steps = o.num_steps }):sample(run.model, {
  n = o.n, batch = o.n, labels = "each", names = run.labels, watch = film:watch(run.model), -- in one batch, as a film needs
})
film:save()
print(o.run .. "/film.png")
