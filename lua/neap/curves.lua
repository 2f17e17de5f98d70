--- The curves of a run: what its metrics hold, a panel for each sort of figure, over the steps.
local folder = require "neap.folder"
local plot = require "neap.plot"

local curves = {}

-- Figures of one sort by the beginnings of their names, most telling first; a sort that a run has none of is left out.
-- `low` and `high` are shown even where no figure comes near.
local PANELS = {
  { "Frechet distance", "^frechet$", low = 0 }, { "Sliced Wasserstein distance", "^sliced_wasserstein$", low = 0 },
  { "Recall and precision", "^recall$", "^precision$", low = 0, high = 1 }, { "Classes seen in samples", "^modes$", low = 0 },
  { "Loss", "^loss$", "^loss_%a" },
  { "Right about real pictures and fakes", "^real_accuracy$", "^fake_accuracy$", "^pair_accuracy$", low = 0, high = 1 },
  { "Margin of logits", "^margin$" }, { "Gradient norm", "^gradient_norm" }, { "Penalties", "^r[12]$", "^gradient_penalty$" },
}
local MOST_POINTS = 400 -- of a line; more would hide each other

local function matches(name, patterns)
  for i = 2, #patterns do
    if name:match(patterns[i]) and not name:match "^loss_t%d" then
      return true
    end
  end
  return false
end

local function names_in(rows, patterns)
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if type(value) == "number" and not seen[name] and matches(name, patterns) then
        seen[name], names[#names + 1] = true, name
      end
    end
  end
  table.sort(names)
  return names
end

local function points_of(rows, name)
  local all, points = {}, {}
  for _, row in ipairs(rows) do
    if row[name] then
      all[#all + 1] = { row.step, row[name] }
    end
  end
  local every = math.max(1, #all // MOST_POINTS)
  for i = 1, #all, every do
    points[#points + 1] = all[i]
  end
  return points
end

-- The range of a panel that has `low`, with a little room around; nil where its figures alone say it.
local function range_of(panel, lines)
  local low, high = panel.low, panel.high or panel.low
  if not low then
    return nil
  end
  for _, points in pairs(lines) do
    for _, point in ipairs(points) do
      low, high = math.min(low, point[2]), math.max(high, point[2])
    end
  end
  local room = high > low and (high - low) * 0.05 or 0.5
  return { low - room, high + room }
end

local function figure_of(panel, names, rows)
  local lines = {}
  for _, name in ipairs(names) do
    lines[name] = points_of(rows, name)
  end
  local figure = plot { title = panel[1], xlabel = "step", y = range_of(panel, lines) }
  for _, name in ipairs(names) do
    figure:line(lines[name], { label = #names > 1 and name or nil })
  end
  return figure
end

--- Draws the metrics of the run in a folder into curves.png there and returns its path; nil where there are too few rows.
function curves.draw(place)
  local rows, panels = folder.metrics(place.path), { columns = 2 }
  for _, panel in ipairs(PANELS) do
    local names = names_in(rows, panel)
    if #names > 0 then
      panels[#panels + 1] = figure_of(panel, names, rows)
    end
  end
  if #rows < 2 or #panels == 0 then
    return nil
  end
  local path = place:file "curves.png"
  plot.panels(panels):save(path, { scale = 2 })
  return path
end

return curves
