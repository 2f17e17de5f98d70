--- curves.png of a run: its metrics over the steps, in panels.
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

-- A series for each metric that a panel shows, and the number of rows.
local function read(path)
  local lines, drawn, count = {}, {}, 0
  for row in folder.metric_rows(path) do
    count = count + 1
    for name, value in pairs(row) do
      if drawn[name] == nil then
        drawn[name] = is_drawn(name)
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

local function figure_of(panel, names, all)
  local lines = {}
  for _, name in ipairs(names) do
    lines[name] = all[name]:list()
  end
  local figure = plot { title = panel[1], xlabel = "step", y = range_of(panel, lines) }
  for _, name in ipairs(names) do
    figure:line(lines[name], { label = #names > 1 and name or nil })
  end
  return figure
end

--- Draws the metrics of the run in a folder into curves.png there. Returns its path; nil with fewer than two rows.
function curves.draw(place)
  local panels, lines, count = { columns = 2 }, read(place.path)
  for _, panel in ipairs(PANELS) do
    local names = names_in(lines, panel)
    if #names > 0 then
      panels[#panels + 1] = figure_of(panel, names, lines)
    end
  end
  if count < 2 or #panels == 0 then
    return nil
  end
  local path = place:file "curves.png"
  plot.panels(panels):save(path, { scale = 2 })
  return path
end

return curves
