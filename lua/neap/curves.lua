--- The curves of a run: what its metrics hold, a panel for each sort of figure, over the steps.
local folder = require "neap.folder"
local plot = require "neap.plot"

local curves = {}

-- Figures of one sort by the beginnings of their names, most telling first; a sort that a run has none of is left out.
local PANELS = {
  { "Frechet distance", "^frechet$" }, { "Sliced Wasserstein distance", "^sliced_wasserstein$" },
  { "Recall and precision", "^recall$", "^precision$" }, { "Classes seen in samples", "^modes$" },
  { "Loss", "^loss$", "^loss_%a" },
  { "Right about real pictures and fakes", "^real_accuracy$", "^fake_accuracy$" },
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

--- Draws the metrics of the run in a folder into curves.png there and returns its path; nil where there are too few rows.
function curves.draw(place)
  local rows, panels = folder.metrics(place.path), { columns = 2 }
  for _, panel in ipairs(PANELS) do
    local names = names_in(rows, panel)
    if #names > 0 then
      local figure = plot { title = panel[1], xlabel = "step" }
      for _, name in ipairs(names) do
        figure:line(points_of(rows, name), { label = #names > 1 and name or nil })
      end
      panels[#panels + 1] = figure
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
