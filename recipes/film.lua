-- How a trained model makes pictures out of noise: the grid of samples after every step, as an animated PNG in the
-- folder of the run.
--
--   neap run recipes/quickstart.lua
--   neap run recipes/film.lua run=runs/quickstart
local neap = require "neap"

local o = neap.options {
  run = "runs/quickstart",
  n = 40, columns = 8, num_steps = 50, -- what is sampled, and how
  fps = 12, hold = 1.5, -- frames a second, and how many seconds the last one stays
  scale = 2, -- how many pixels one of a sample becomes
}

local run = neap.checkpoint.load(o.run .. "/checkpoint.safetensors")
local frames = {}

local function watch(_, _, t, x)
  local picture = neap.image.grid(x:clamp(-1, 1), { columns = o.columns, scale = o.scale })
  frames[#frames + 1] = neap.image.caption(picture, { ("t = %.2f"):format(math.abs(t)) }, { size = 14 })
end

-- All in one batch, so that a step shows every picture.
run.sampler:with({ steps = o.num_steps }):sample(run.model, {
  n = o.n, batch = o.n, labels = "each", names = run.labels, watch = watch,
})
for _ = 1, math.floor(o.hold * o.fps) do
  frames[#frames + 1] = frames[#frames]
end
neap.image.film(o.run .. "/film.png", frames, { fps = o.fps, text = { ["neap.checkpoint"] = run.path } })
print(o.run .. "/film.png")
