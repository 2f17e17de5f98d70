--- Metrics over the steps: curves.png of a run, the figures of its report, and several runs in the same figures.
local check = require "neap.check"
local folder = require "neap.folder"
local plot = require "neap.plot"

local curves = {}

-- A panel: its title and the patterns of its metrics' names. A panel without metrics is left out. The range of y includes `low`
-- and `high`.
local PANELS = {
  { "Frechet distance", "^frechet$", low = 0 }, { "Sliced Wasserstein distance", "^sliced_wasserstein$", low = 0 },
  { "Recall and precision", "^recall$", "^precision$", low = 0, high = 1 }, { "Classes seen in samples", "^modes$", low = 0 },
  { "Reconstruction", "^reconstruction$", "^features$", "^equivariance$", low = 0 }, { "PSNR in dB", "^psnr$" },
  { "SSIM", "^ssim$", high = 1 }, { "Divergence of latents in nats", "^kl$", "^kl_least$", "^kl_most$", low = 0 },
  { "Mean logits", "^real_logit$", "^fake_logit$" }, { "Weight of the discriminator", "^adversarial_weight$", low = 0 },
  { "Loss", "^loss$", "^loss_%a" },
  { "Right about real pictures and fakes", "^real_accuracy$", "^fake_accuracy$", "^pair_accuracy$", low = 0, high = 1 },
  { "Margin of logits", "^margin$" }, { "Gradient norm", "^gradient_norm" }, { "Penalties", "^r[12]$", "^gradient_penalty$" },
}
local LEAST_POINTS = 400 -- of a long line, and at most twice as many

local function matches(name, patterns)
  for i = 2, #patterns do
    if name:match(patterns[i]) and not name:match "^loss_t%d" then
      return true
    end
  end
  return false
end

local function is_drawn(name)
  for _, panel in ipairs(PANELS) do
    if matches(name, panel) then
      return true
    end
  end
  return false
end

-- A series for each metric for which `wanted(name)` is true, and the number of rows.
local function read(path, wanted)
  local lines, drawn, count = {}, {}, 0
  for row in folder.metric_rows(path) do
    count = count + 1
    for name, value in pairs(row) do
      if drawn[name] == nil then
        drawn[name] = wanted(name)
      end
      if drawn[name] and type(value) == "number" then
        lines[name] = lines[name] or plot.series(LEAST_POINTS)
        lines[name]:add(row.step, value)
      end
    end
  end
  return lines, count
end

local function names_in(lines, patterns)
  local names = {}
  for name in pairs(lines) do
    names[#names + 1] = matches(name, patterns) and name or nil
  end
  table.sort(names)
  return names
end

-- The range of a panel that has `low`, with a margin of 5 %; else nil: the figure takes the range of its lines.
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

-- The font of figures has printable ASCII alone.
local function printable(name)
  return (name:gsub("[^ -~]", "?"))
end

-- A figure with a line for each { label, points }, with or without a legend.
local function figure_of(title, panel, entries, legend)
  local lines = {}
  for i, entry in ipairs(entries) do
    lines[i] = entry.points
  end
  local figure = plot { title = printable(title), xlabel = "step", y = range_of(panel, lines) }
  for _, entry in ipairs(entries) do
    figure:line(entry.points, { label = legend and printable(entry.label) or nil })
  end
  return figure
end

-- --- Panels of one run ------------------------------------------------------------------------------------------------

-- The panels of metrics, { { panel, names }, ... }: those above, then one for each other metric.
local function panels_of(lines)
  local list, shown = {}, {}
  for _, panel in ipairs(PANELS) do
    local names = names_in(lines, panel)
    for _, name in ipairs(names) do
      shown[name] = true
    end
    list[#list + 1] = #names > 0 and { panel = panel, names = names } or nil
  end
  for _, name in ipairs(check.names(lines)) do
    list[#list + 1] = not shown[name] and { panel = { name }, names = { name } } or nil
  end
  return list
end

local function figures(lines)
  local list = {}
  for i, entry in ipairs(panels_of(lines)) do
    local entries = {}
    for k, name in ipairs(entry.names) do
      entries[k] = { label = name, points = lines[name]:list() }
    end
    list[i] = figure_of(entry.panel[1], entry.panel, entries, #entries > 1)
  end
  return list
end

-- Is it a figure of a step, and not its number, its time, or the loss in an interval of t?
local function is_result(name)
  return name ~= "step" and name ~= "seconds" and not name:match "^loss_t%d"
end

--- Figures of all metrics of the run in a folder; none with fewer than two rows.
function curves.figures(path)
  local lines, count = read(path, is_result)
  return count > 1 and figures(lines) or {}
end

--- Draws the metrics of the run in a folder into curves.png there. Returns its path; nil with fewer than two rows.
function curves.draw(place)
  local lines, count = read(place.path, is_drawn)
  local panels = count > 1 and figures(lines) or {}
  if #panels == 0 then
    return nil
  end
  panels.columns = 2
  local path = place:file "curves.png"
  plot.panels(panels):save(path, { scale = 2 })
  return path
end

-- --- Several runs ---------------------------------------------------------------------------------------------------

-- A figure of one metric, with a line for each run that has it.
local function together(title, panel, name, runs, all)
  local entries = {}
  for i, run in ipairs(runs) do
    entries[#entries + 1] = all[i][name] and { label = run.name, points = all[i][name]:list() } or nil
  end
  return figure_of(title, panel, entries, true)
end

--- Figures of the metrics of several runs { name, path }, one for each metric.
function curves.together(runs)
  local all, union, list = {}, {}, {}
  for i, run in ipairs(runs) do
    all[i] = read(run.path, is_result)
    for name, points in pairs(all[i]) do
      union[name] = points
    end
  end
  for _, entry in ipairs(panels_of(union)) do
    for _, name in ipairs(entry.names) do
      local title = #entry.names == 1 and entry.panel[1] or ("%s: %s"):format(entry.panel[1], name)
      list[#list + 1] = together(title, entry.panel, name, runs, all)
    end
  end
  return list
end

return curves
