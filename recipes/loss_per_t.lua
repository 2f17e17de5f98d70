-- The loss of a model at each time, from data, t = 0, to noise, t = 1. A run's metrics have the loss of equal intervals
-- of t in the columns loss_t0, loss_t1, ... Draws loss_per_t.svg and .png in the folder of the run.
--
--   neap run recipes/loss_per_t.lua run=runs/quickstart
--
-- Time: 1 second on one core. Reaches: a figure of the loss by time.
local neap = require "neap"

local o = neap.options {
  run = "runs/quickstart",
  last = 0.25, -- share of the run over which the loss at its end is averaged
}

local POINTS = 1000 -- least number of points of a long line; at most twice as many

local function count_rows()
  local rows, parts = 0, 0
  for row in neap.metric_rows(o.run) do
    rows = rows + 1
    for name in pairs(row) do
      parts = math.max(parts, (tonumber(name:match "^loss_t(%d+)$") or -1) + 1)
    end
  end
  if parts == 0 then
    error(("loss_per_t: %s has no columns loss_t0, loss_t1, ..."):format(o.run), 0)
  end
  return rows, parts
end

-- The curve of each interval, and the sum and number of its losses from row `first` on. A step may have no t in an
-- interval.
local function read(first, parts)
  local curves, sums, counts, i = {}, {}, {}, 0
  for part = 0, parts - 1 do
    curves[part], sums[part], counts[part] = neap.plot.series(POINTS), 0, 0
  end
  for row in neap.metric_rows(o.run) do
    i = i + 1
    for part = 0, parts - 1 do
      local loss = row["loss_t" .. part]
      if loss then
        curves[part]:add(row.step, loss)
        sums[part] = sums[part] + (i >= first and loss or 0)
        counts[part] = counts[part] + (i >= first and 1 or 0)
      end
    end
  end
  return curves, sums, counts
end

-- Red for data, blue for noise.
local function color_of(t)
  return neap.plot.mix("red", "blue", t)
end

local rows, parts = count_rows()
local curves, sums, counts = read(math.ceil(rows * (1 - o.last)), parts)
local time = neap.plot { title = "Loss in training", xlabel = "step", ylabel = "loss", legend = "outside" }
local place = neap.plot {
  title = "Loss at the end", xlabel = "t: 0 is data, 1 is noise", ylabel = "loss", x = { 0, 1 },
}
local means = {}

for part = 0, parts - 1 do
  local t = (part + 0.5) / parts
  time:line(curves[part]:list(), { color = color_of(t), label = ("t = %.2f"):format(t) })
  if counts[part] > 0 then
    means[#means + 1] = { t, sums[part] / counts[part] }
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
