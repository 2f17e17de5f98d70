--- report.html of a run: curves, the history of its samples, what it changed from the defaults, its machine, and the command
-- that repeats it, in one file.
local core = require "neap.core"
local curves = require "neap.curves"
local folder = require "neap.folder"
local format = require "neap.format"
local html = require "neap.report.html"
local page = require "neap.report.page"
local repeat_line = require "neap.report.repeat_line"
local run_of = require "neap.report.run"
local values = require "neap.report.values"

local report = {}

local NAME = "report.html"
local MOST_PICTURES, MOST_BYTES = 32, 24 << 20 -- of a history in the page

-- The bytes of a file; nil if it cannot be read.
local function bytes_of(path)
  local file <close> = path and not core.is_special(path) and io.open(path, "rb") or nil
  return file and file:read "a" or nil
end

-- --- The history of the samples ----------------------------------------------------------------------------------------

-- All previews and the last samples, { { step, path }, ... }.
local function pictures_of(run)
  local list = table.move(run.previews, 1, #run.previews, 1, {})
  if run.picture then
    list[#list + 1] = { step = run.last and run.last.step or 0, path = run.picture, last = true }
  end
  return list
end

-- At most `count` entries of a list, evenly spaced, with the last.
local function spread(list, count)
  if #list <= count then
    return list
  end
  local some = {}
  for i = 1, count do
    some[i] = list[math.floor((i - 1) * (#list - 1) / (count - 1) + 1.5)]
  end
  return some
end

-- Pictures with their bytes, as many as the page has room for.
local function loaded(list)
  local count = math.min(#list, MOST_PICTURES)
  while true do
    local some, size = {}, 0
    for _, entry in ipairs(spread(list, count)) do
      local bytes = bytes_of(entry.path)
      size = size + (bytes and #bytes or 0)
      some[#some + 1] = bytes and { step = entry.step, bytes = bytes } or nil
    end
    if size <= MOST_BYTES or count < 4 then
      return some
    end
    count = count // 2
  end
end

local CONTROLS = [[
<div class="controls" hidden><button type="button">Play</button>
<input type="range" min="0" max="%d" value="%d" aria-label="step of the samples"><output></output></div>]]

-- The slider over pictures { { step, bytes }, ... }.
local function history_of(pictures)
  local parts = { '<div class="history">' }
  for i, picture in ipairs(pictures) do
    local caption = "step " .. values.text(picture.step)
    parts[i + 1] = ("<figure>%s<figcaption>%s</figcaption></figure>"):format(
      html.picture(picture.bytes, "samples of " .. caption), caption)
  end
  if #pictures > 1 then
    parts[#parts + 1] = CONTROLS:format(#pictures - 1, #pictures - 1)
  end
  parts[#parts + 1] = "</div>"
  return table.concat(parts, "\n")
end

local function history(run)
  local all = pictures_of(run)
  local some = loaded(all)
  if #some == 0 then
    return nil
  end
  local remark = #some < #all and "<p class=\"soft\">%d of %d pictures; the others are in the folder.</p>" or ""
  return history_of(some) .. remark:format(#some, #all)
end

-- --- Settings --------------------------------------------------------------------------------------------------------

local function changed(list)
  local rows = {}
  for i, entry in ipairs(values.changed(list)) do
    rows[i] = { entry.name, entry.value, entry.default or "" }
  end
  return #rows > 0 and html.table({ "setting", "value", "default" }, rows) or nil
end

local function all_settings(run, list)
  local rows, text = {}, bytes_of(run.recipe)
  for i, entry in ipairs(list) do
    rows[i] = { entry.name, entry.value }
  end
  local parts = { #rows > 0 and html.details("All settings", html.table({ "setting", "value" }, rows)) or "" }
  if text then
    parts[2] = html.details("The recipe, recipe.lua", html.code(text))
  end
  local body = table.concat(parts, "\n")
  return body ~= "" and body or nil
end

local MACHINE = {
  { "cpu", "processor" }, { "isa", "instructions" }, { "threads", "threads" }, { "products", "products" },
  { "openblas", "OpenBLAS" }, { "build", "built with" }, { "compiler", "compiler" },
}

local function machine(settings)
  local own, rows = type(settings.machine) == "table" and settings.machine or {}, {}
  rows[1] = settings.version and { "neap", values.text(settings.version) }
  for _, entry in ipairs(MACHINE) do
    local value = own[entry[1]]
    rows[#rows + 1] = value ~= nil and { entry[2], values.text(value) } or nil
  end
  for _, plugin in ipairs(type(settings.plugins) == "table" and settings.plugins or {}) do
    rows[#rows + 1] = { "plugin " .. tostring(plugin.name), ("%s, %s%s"):format(tostring(plugin.version), tostring(plugin.origin),
      plugin.hash and ", FNV-1a " .. plugin.hash or "") }
  end
  return #rows > 0 and html.table(nil, rows) or nil
end

local function command(run)
  local line, remark = repeat_line.of(run.settings, run.last and run.last.step)
  return line and html.code(line) .. (remark and ('<p class="soft">%s</p>'):format(html.escape(remark)) or "") or nil
end

-- --- Metrics ---------------------------------------------------------------------------------------------------------

--- Figures as charts of a page; ids begin with `prefix`.
function report.charts(figures, prefix)
  local parts = {}
  for i, figure in ipairs(figures) do
    parts[i] = figure:svg { page = ("%s%d-"):format(prefix, i) }
  end
  return #parts > 0 and '<div class="charts">\n' .. table.concat(parts, "\n") .. "\n</div>" or nil
end

local function last_values(run)
  local rows = {}
  for name, value in pairs(run.last or {}) do
    rows[#rows + 1] = { name, values.text(value) }
  end
  table.sort(rows, function(a, b) return a[1] < b[1] end)
  return html.details("The last row of the metrics", html.table({ "metric", "value" }, rows))
end

local function metrics(run)
  if not run.last then
    return nil
  end
  return (report.charts(curves.figures(run.path), "curve") or "") .. last_values(run)
end

--- The facts of a run in short, { { name, text }, ... }.
function report.facts(run)
  local settings, last = run.settings.settings or {}, run.last
  local list = { { "state", run.state } }
  if last then
    list[2] = { "steps", values.text(last.step) .. (settings.steps and " of " .. values.text(settings.steps) or "") }
    list[3], list[4] = { "time", format.duration(last.seconds) }, { "loss", ("%.4g"):format(last.loss) }
  end
  if run.settings.parameters then
    list[#list + 1] = { "parameters", format.count(run.settings.parameters) }
  end
  list[#list + 1] = { "size", format.size(run.size) }
  return list
end

local function head_of(run)
  local sessions = type(run.settings.sessions) == "table" and run.settings.sessions or {}
  local began = sessions[1] and sessions[1].began
  local words = { run.path, run.settings.recipe and "recipe " .. run.settings.recipe, began and "began " .. began }
  local texts = {}
  for i = 1, 3 do
    texts[#texts + 1] = words[i] and html.escape(words[i]) or nil
  end
  return ('<p class="soft">%s</p>\n%s'):format(table.concat(texts, " · "), page.facts(report.facts(run)))
end

--- The page of the run in a folder, as text. `own`: the caller holds the lock of the folder.
function report.page(path, own)
  local run = run_of.read("report", path, own)
  local list = values.list(run.settings)
  return page.render(run.name, head_of(run), {
    { title = "Samples", body = history(run) }, { title = "Curves", body = metrics(run) },
    { title = "Changed from the defaults", body = changed(list) }, { title = "Repeat this run", body = command(run) },
    { title = "Settings", body = all_settings(run, list) }, { title = "Machine", body = machine(run.settings) },
  })
end

--- Writes report.html into the folder of a run, and returns its path. `own` as above.
function report.write(path, own)
  local text = report.page(path, own)
  local file = folder.at(path):file(NAME)
  core.file_save(file, text)
  return file
end

return report
