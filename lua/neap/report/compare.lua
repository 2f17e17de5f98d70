--- Several runs beside each other: the settings in which they differ, their results, their curves in the same figures, their
-- samples.
local core = require "neap.core"
local curves = require "neap.curves"
local format = require "neap.format"
local hash = require "neap.hash"
local html = require "neap.report.html"
local image = require "neap.image"
local page = require "neap.report.page"
local plot = require "neap.plot"
local report = require "neap.report"
local run_of = require "neap.report.run"
local values = require "neap.report.values"

local compare = {}

local NONE = "-"

-- Names that tell the runs apart: the last part of the path, or the whole path where two are equal.
local function name_all(runs)
  local count = {}
  for _, run in ipairs(runs) do
    count[run.name] = (count[run.name] or 0) + 1
  end
  for _, run in ipairs(runs) do
    run.name = count[run.name] > 1 and run.path or run.name
  end
end

--- Reads the runs in a list of folders.
function compare.read(paths)
  local runs = {}
  for i, path in ipairs(paths) do
    runs[i] = run_of.read("compare", path)
  end
  name_all(runs)
  return runs
end

-- --- Tables ----------------------------------------------------------------------------------------------------------

-- What a run has beside its settings.
local function surroundings(run)
  local machine = type(run.settings.machine) == "table" and run.settings.machine or {}
  local list = {
    { name = "recipe", value = values.text(run.settings.recipe or NONE) },
    { name = "hash of recipe.lua", value = run.recipe and hash.file(run.recipe) or NONE },
    { name = "neap", value = values.text(run.settings.version or NONE) },
  }
  for _, key in ipairs { "cpu", "isa", "threads", "products" } do
    list[#list + 1] = { name = "machine." .. key, value = values.text(machine[key] or NONE) }
  end
  return list
end

local function entries_of(run)
  local list, more = values.list(run.settings), surroundings(run)
  return table.move(more, 1, #more, #list + 1, list)
end

-- The row of a name, with a value of each run; and do they differ?
local function row_of(name, found, runs)
  local row, differ = { name }, false
  for i = 1, #runs do
    row[i + 1] = found[i][name] or NONE
    differ = differ or row[i + 1] ~= row[2]
  end
  return row, differ
end

--- { name, value of the first run, value of the second, ... } for each setting in which the runs differ.
function compare.settings(runs)
  local order, found, seen, rows = {}, {}, {}, {}
  for i, run in ipairs(runs) do
    found[i] = {}
    for _, entry in ipairs(entries_of(run)) do
      found[i][entry.name] = entry.value
      order[#order + 1] = not seen[entry.name] and entry.name or nil
      seen[entry.name] = true
    end
  end
  for _, name in ipairs(order) do
    local row, differ = row_of(name, found, runs)
    rows[#rows + 1] = differ and row or nil
  end
  return rows
end

--- { name, value, value, ... } of what the runs have reached.
function compare.results(runs)
  local rows = { { "state" }, { "steps" }, { "time" }, { "loss" } }
  for _, run in ipairs(runs) do
    local last = run.last
    local cells = {
      run.state, last and values.text(last.step) or NONE, last and format.duration(last.seconds) or NONE,
      last and ("%.4g"):format(last.loss) or NONE,
    }
    for i, cell in ipairs(cells) do
      table.insert(rows[i], cell)
    end
  end
  return rows
end

--- The names of the runs after the name of the first column.
function compare.heading(first, runs)
  local heading = { first }
  for i, run in ipairs(runs) do
    heading[i + 1] = run.name
  end
  return heading
end

-- --- Figures ---------------------------------------------------------------------------------------------------------

local function drawn(runs)
  local some = {}
  for _, run in ipairs(runs) do
    some[#some + 1] = run.last and run or nil
  end
  return curves.together(some)
end

local function panels_of(figures)
  figures.columns = math.min(2, #figures)
  return plot.panels(figures)
end

local GRID_GAP, CAPTION = 12, 16 -- pixels

-- The samples of the runs side by side, each with its name below; nil if no run has any.
local function grids(runs)
  local pictures, height, width = {}, 0, GRID_GAP
  for _, run in ipairs(runs) do
    local picture = run.picture and image.load(run.picture)
    if picture then
      picture = image.caption(picture, { (run.name:gsub("[^ -~]", "?")) }, { size = CAPTION })
      pictures[#pictures + 1] = picture
      height, width = math.max(height, picture:size(0)), width + picture:size(1) + GRID_GAP
    end
  end
  return #pictures > 0 and pictures or nil, height + 2 * GRID_GAP, width
end

local function put(canvas, picture, top, left)
  local rows = core.ops.slice(canvas, 0, top, top + picture:size(0))
  core.methods.assign(core.ops.slice(rows, 1, left, left + picture:size(1)), picture)
end

-- One picture: the curves, and below them the samples.
local function picture_of(runs)
  local figures = drawn(runs)
  local curve = #figures > 0 and panels_of(figures):picture(2) or nil
  local pictures, height, width = grids(runs)
  if not (curve or pictures) then
    core.fail "compare: the runs have neither curves nor samples"
  end
  local top, across = curve and curve:size(0) or 0, curve and curve:size(1) or 0
  if pictures then
    core.picture_check("compare", top + height, math.max(across, width))
  end
  local canvas = core.full(pictures and { top + height, math.max(across, width), 3 } or { top, across, 3 }, 1)
  local left = GRID_GAP
  if curve then
    put(canvas, curve, 0, 0)
  end
  for _, picture in ipairs(pictures or {}) do
    put(canvas, picture, top + GRID_GAP, left)
    left = left + picture:size(1) + GRID_GAP
  end
  return canvas
end

-- --- Files -----------------------------------------------------------------------------------------------------------

local function samples(runs)
  local parts = {}
  for _, run in ipairs(runs) do
    local file <close> = run.picture and io.open(run.picture, "rb") or nil
    local bytes = file and file:read "a"
    parts[#parts + 1] = bytes and ("<figure>%s<figcaption>%s</figcaption></figure>"):format(
      html.picture(bytes, "samples of " .. run.name), html.escape(run.name)) or nil
  end
  return #parts > 0 and '<div class="grids history">\n' .. table.concat(parts, "\n") .. "\n</div>" or nil
end

--- The page of a comparison as text.
function compare.page(runs)
  local rows, paths = compare.settings(runs), {}
  for i, run in ipairs(runs) do
    paths[i] = html.escape(run.path)
  end
  return page.render(table.concat(compare.heading("", runs), " ", 2, #runs + 1),
    ('<p class="soft">%s</p>'):format(table.concat(paths, " · ")), {
      { title = "Results", body = html.table(compare.heading("", runs), compare.results(runs)) },
      { title = "Settings that differ", body = #rows > 0 and html.table(compare.heading("setting", runs), rows)
        or "<p>None.</p>" },
      { title = "Curves", body = report.charts(drawn(runs), "compare") }, { title = "Samples", body = samples(runs) },
    })
end

local function save_svg(path, runs)
  local figures = drawn(runs)
  if #figures == 0 then
    core.fail "compare: the runs have no curves"
  end
  panels_of(figures):save(path)
end

local WRITERS = {
  html = function(path, runs) core.file_save(path, compare.page(runs)) end,
  png = function(path, runs) image.save(path, picture_of(runs)) end,
  svg = save_svg,
}

compare.endings = { "html", "png", "svg" }

--- Writes a comparison to a file, by its ending: a page, a picture of curves and samples, or the curves as SVG.
function compare.write(path, runs)
  local writer = WRITERS[path:lower():match "%.(%w+)$"] or WRITERS.html
  writer(path, runs)
end

return compare
