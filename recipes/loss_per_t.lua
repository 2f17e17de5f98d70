-- Where on the way from data, t = 0, to noise, t = 1, a model errs: the loss of each part of the way, as a run's
-- metrics have it in the columns loss_t0, loss_t1, ... of parts of equal length. Draws loss_per_t.svg and .png in the
-- folder of the run.
--
--   neap run recipes/loss_per_t.lua run=runs/quickstart
local neap = require "neap"

local o = neap.options {
  run = "runs/quickstart",
  last = 0.25, -- what part of the run the loss at its end is the mean of
}

local rows = neap.metrics(o.run)

local function count_parts()
  local parts = 0
  for _, row in ipairs(rows) do
    for name in pairs(row) do
      parts = math.max(parts, (tonumber(name:match "^loss_t(%d+)$") or -1) + 1)
    end
  end
  return parts > 0 and parts or error(("loss_per_t: %s has no columns loss_t0, loss_t1, ..."):format(o.run), 0)
end

-- Red where there is data, blue where there is noise.
local function color_of(t)
  return neap.plot.mix("red", "blue", t)
end

local parts = count_parts()
local time = neap.plot { title = "Loss in training", xlabel = "step", ylabel = "loss", legend = "outside" }
local place = neap.plot {
  title = "Loss at the end", xlabel = "t: 0 is data, 1 is noise", ylabel = "loss", x = { 0, 1 },
}
local first = math.ceil(#rows * (1 - o.last))
local means = {}

for part = 0, parts - 1 do
  local points, sum, count = {}, 0, 0
  for i, row in ipairs(rows) do
    local loss = row["loss_t" .. part] -- a step may have drawn no t from this part
    if loss then
      points[#points + 1] = { row.step, loss }
      if i >= first then
        sum, count = sum + loss, count + 1
      end
    end
  end
  local t = (part + 0.5) / parts
  time:line(points, { color = color_of(t), label = ("t = %.2f"):format(t) })
  if count > 0 then
    means[#means + 1] = { t, sum / count }
  end
end

place:line(means, { color = "gray" })
for _, mean in ipairs(means) do
  place:points({ mean }, { color = color_of(mean[1]), size = 9 })
end
local figure = neap.plot.panels { time, place }
figure:save(o.run .. "/loss_per_t.svg")
figure:save(o.run .. "/loss_per_t.png", { scale = 2 })
print(o.run .. "/loss_per_t.svg")
print(o.run .. "/loss_per_t.png")
