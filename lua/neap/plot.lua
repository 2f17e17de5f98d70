--- Figures: points, lines and arrows over labelled axes, written as SVG or PNG.
--
--   local figure = neap.plot { title = "Loss", xlabel = "step", ylabel = "loss" }
--   figure:line(points, { color = "blue", label = "training" })
--   figure:save "loss.svg"
--
-- `legend` places the legend: best (the default: the corner where it hides least), right, left, lower right, lower left or
-- outside. Points are a tensor [.., 2], a list { { x, y }, ... }, or a list of numbers, which stand over 1, 2, ...; a line has a
-- gap at NaN. plot.series(400) thins out points that arrive one by one. `xlog = true` and `ylog = true` make an axis logarithmic;
-- what is not above 0 is left out there.
-- A figure becomes a list of primitives in pixels, which neap/plot/svg.lua or neap/plot/raster.lua writes.
local core = require "neap.core"
local axes = require "neap.plot.axes"
local bars = require "neap.plot.bars"
local check = require "neap.check"
local setting = require "neap.setting"
local color = require "neap.plot.color"
local legend = require "neap.plot.legend"
local marks = require "neap.plot.marks"
local output = require "neap.output"
local raster = require "neap.plot.raster"
local read = require "neap.plot.read"
local series = require "neap.plot.series"
local svg = require "neap.plot.svg"

local figure, panels = {}, {}
figure.__index, figure.__name = figure, "neap.figure"

local WIDTH, HEIGHT, TICKS = 480, 360, 5
local KEYS = setting.declare("neap.plot", {
  { "width", "a number from 1 to 10000", "Width in pixels.", default = WIDTH },
  { "height", "a number from 1 to 10000", "Height in pixels.", default = HEIGHT },
  { "x", "{ low, high }", "Range of the x axis.", usual = "that of the marks" },
  { "y", "{ low, high }", "Range of the y axis.", usual = "that of the marks" },
  { "xlog", "true or false", "A logarithmic x axis.", default = false },
  { "ylog", "true or false", "A logarithmic y axis.", default = false },
  { "equal", "true or false", "The same scale on both axes.", default = false },
  { "ticks", "a number from 0 to 50", "About how many ticks an axis has; false: none.", default = TICKS },
  { "title", "text", "Title above the figure.", usual = "none" },
  { "xlabel", "text", "Label of the x axis.", usual = "none" },
  { "ylabel", "text", "Label of the y axis.", usual = "none" },
  { "legend", "best, right, left, lower right, lower left or outside", "Place of the legend.", default = "best" },
})
local MAX_SIDE, MAX_POINTS = 10000, 1000000 -- pixels; points of a series

-- --- Figures ---------------------------------------------------------------------------------------------------------

-- A logarithmic axis has no 0, and no unit of one length.
local function check_logarithms(self)
  for _, axis in ipairs { "x", "y" } do
    if self[axis .. "log"] and self[axis] and self[axis][1] <= 0 then
      core.fail(("plot: %s: expected a range above 0 for a logarithmic axis, got %g to %g"):format(axis, self[axis][1],
        self[axis][2]))
    elseif self[axis .. "log"] and self.equal then
      core.fail(("plot: equal: expected linear axes, got %slog"):format(axis))
    end
  end
end

local function new(settings)
  check.keys("plot", settings, KEYS)
  local place = settings.legend or "best"
  if not legend.is_place(place) then
    core.fail(("plot: legend: expected best, right, left, lower right, lower left or outside, got %s"):format(tostring(place)))
  end
  local self = setmetatable({
    width = math.floor(read.number("plot: width", settings.width or WIDTH, 1, MAX_SIDE)),
    height = math.floor(read.number("plot: height", settings.height or HEIGHT, 1, MAX_SIDE)),
    x = read.range("plot: x", settings.x), y = read.range("plot: y", settings.y), equal = settings.equal,
    xlog = read.flag("plot: xlog", settings.xlog), ylog = read.flag("plot: ylog", settings.ylog),
    ticks = settings.ticks == false and 0 or read.number("plot: ticks", settings.ticks or TICKS, 0, 50),
    title = read.text("plot: title", settings.title), xlabel = read.text("plot: xlabel", settings.xlabel),
    ylabel = read.text("plot: ylabel", settings.ylabel), legend = place, marks = {},
  }, figure)
  check_logarithms(self)
  return self
end

-- Adds a mark. Without a colour in settings it gets the next one of the cycle.
local function add(self, kind, settings, keys, mark)
  settings = settings or {}
  check.keys(kind, settings, keys)
  local coloured = 1
  for _, other in ipairs(self.marks) do
    coloured = coloured + (other.cycled and 1 or 0)
  end
  local ink = settings.color or mark.ink or color.cycle(coloured)
  local alpha = read.number(kind .. ": alpha", settings.alpha or 1, 0, 1)
  mark.kind, mark.label = kind, read.text(kind .. ": label", settings.label)
  mark.cycled = settings.color == nil and mark.ink == nil
  mark.color, mark.opaque = color.read(kind, ink, alpha), color.read(kind, ink)
  self.marks[#self.marks + 1] = mark
  return self
end

local COLOR = { "color", "a colour", "Name or \"#rrggbb\".", usual = "the next of the cycle" }
local ALPHA = { "alpha", "a number from 0 to 1", "Opacity.", default = 1 }
local LABEL = { "label", "text", "Entry of the legend.", usual = "none" }
local LINE_WIDTH, ARROW_WIDTH, DISC, LETTERS = 1.5, 1, 4, 12 -- pixels
local LINE_KEYS = setting.declare("figure:line",
  { COLOR, { "width", "a number from 0.1 to 100", "Width in pixels.", default = LINE_WIDTH }, ALPHA, LABEL })
local ARROWS_KEYS = setting.declare("figure:arrows",
  { COLOR, { "width", "a number from 0.1 to 100", "Width in pixels.", default = ARROW_WIDTH }, ALPHA, LABEL })
local POINTS_KEYS = setting.declare("figure:points",
  { COLOR, { "size", "a number from 0.1 to 100", "Diameter in pixels.", default = DISC }, ALPHA, LABEL })
local BARS_KEYS = setting.declare("figure:bars", {
  COLOR, { "width", "a positive number", "Width in units of x.", usual = "0.8 times the least distance of two bars" }, ALPHA,
  LABEL,
})
local HISTOGRAM_KEYS = setting.declare("figure:histogram", {
  COLOR, ALPHA, LABEL,
  { "bins", "a whole number", "Number of bins.", usual = "by the number of values" },
  { "range", "{ low, high }", "Range of the bins.", usual = "that of the values" },
  { "density", "true or false", "Shares over the widths of bins in place of counts.", default = false },
})
local TEXT_KEYS = setting.declare("figure:text", {
  COLOR, { "size", "a number from 0.1 to 100", "Font size in pixels.", default = LETTERS }, ALPHA,
  { "anchor", "left, middle or right", "The part of the text at the point.", default = "left" },
})
local ANCHORS = { left = 0, middle = 0.5, right = 1 }
local SIZES = { 0.1, 100 } -- of lines, points and letters, in pixels

local function size_of(who, settings, key, fallback)
  return read.number(who .. ": " .. key, type(settings) == "table" and settings[key] or fallback, SIZES[1], SIZES[2])
end

--- A line from point to point.
function figure:line(points, settings)
  local width = size_of("line", settings, "width", LINE_WIDTH)
  return add(self, "line", settings, LINE_KEYS, { points = read.flat("line", points, true), width = width })
end

--- A disc at each point, `size` pixels across.
function figure:points(points, settings)
  local radius = size_of("points", settings, "size", DISC) / 2
  return add(self, "points", settings, POINTS_KEYS, { points = read.flat("points", points, true), radius = radius })
end

--- A bar from 0 to y at each point; `width` in the units of x, by default 0.8 times the least distance of two bars.
function figure:bars(points, settings)
  local width = type(settings) == "table" and settings.width
  width = width and read.number("bars: width", width, 1e-300, 1e300) or nil
  return add(self, "bars", settings, BARS_KEYS, { points = bars.around(read.flat("bars", points, true), width) })
end

--- Bars that count values, a list of numbers or a tensor of any shape, in equal bins. Settings: bins, range = { low, high },
-- density; see neap/plot/bars.lua. NaN is left out.
function figure:histogram(values, settings)
  check.keys("histogram", settings or {}, HISTOGRAM_KEYS)
  local corners = bars.histogram(read.values("histogram", values), settings or {})
  return add(self, "bars", settings, HISTOGRAM_KEYS, { points = corners })
end

--- An arrow from each point of one list to that of another.
function figure:arrows(from, to, settings)
  local width = size_of("arrows", settings, "width", ARROW_WIDTH)
  local mark = { points = read.flat("arrows", from), to = read.flat("arrows", to), width = width }
  if #mark.points ~= #mark.to then
    core.fail(("arrows: expected as many tips as tails, got %d and %d"):format(#mark.to // 2, #mark.points // 2))
  end
  return add(self, "arrows", settings, ARROWS_KEYS, mark)
end

--- A text whose baseline is at a point in data coordinates; anchor is the part of the text at that point: left, middle, right.
function figure:text(x, y, s, settings)
  local size = size_of("text", settings, "size", LETTERS)
  local anchor = type(settings) == "table" and settings.anchor or "left"
  if not ANCHORS[anchor] then
    core.fail(("text: anchor: expected left, middle or right, got %s"):format(tostring(anchor)))
  elseif s == nil then
    core.fail "text: expected a text, got nil"
  end
  local mark = { points = read.flat("text", { { x, y } }), text = read.text("text", s), size = size, ink = "black" }
  mark.anchor = ANCHORS[anchor]
  return add(self, "text", settings, TEXT_KEYS, mark)
end

-- --- Primitives and files --------------------------------------------------------------------------------------------

function figure:primitives()
  local settings = setmetatable({
    x = self.x or marks.range(self.marks, 1, self.xlog), y = self.y or marks.range(self.marks, 2, self.ylog),
  }, { __index = self })
  local list, inside, entries = {}, {}, {}
  for _, mark in ipairs(self.marks) do
    entries[#entries + 1] = mark.label and mark or nil
  end
  settings.entries = entries
  local box = axes.box(settings)
  for _, mark in ipairs(self.marks) do
    marks[mark.kind](inside, box, mark)
  end
  list[1] = { kind = "clip", left = box.left, top = box.top, right = box.right, bottom = box.bottom, list = inside }
  axes.frame(list, box, settings)
  if #entries > 0 then
    legend.draw(list, box, entries, self.legend, inside)
  end
  return list
end

local SAVE_KEYS = setting.declare("figure:save", {
  { "scale", "a number from 0.1 to 20", "Pixels of the PNG for one of the figure.", default = 1 },
  { "text", "{ key = text }", "Text chunks of a PNG.", usual = "none" },
})

--- The figure as a picture f32 [height * scale, width * scale, 3].
function figure:picture(scale)
  scale = read.number("picture: scale", scale or 1, 0.1, 20)
  return raster.render(self:primitives(), self.width, self.height, scale)
end

--- The figure as the text of an SVG. With { page = prefix of its ids }, it takes its colours from the page that it is put into;
-- see neap/plot/svg.lua.
function figure:svg(settings)
  settings = settings or {}
  check.keys("svg", settings, { "page" })
  return svg.render(self:primitives(), self.width, self.height, { page = read.text("svg: page", settings.page) })
end

--- Writes the figure as SVG or PNG, by the file's extension. Settings are for PNG: scale (PNG pixels per pixel of the
-- figure) and text (pairs for its text chunks).
function figure:save(path, settings)
  settings = settings or {}
  check.keys("save", settings, SAVE_KEYS)
  output.check("save", path, { "svg", "png" })
  if path:lower():match "%.svg$" then
    core.file_save(path, self:svg())
  else
    core.png_save(path, self:picture(settings.scale), settings.text)
  end
end

-- --- Several figures in one ------------------------------------------------------------------------------------------

panels.__index, panels.__name = panels, "neap.figure"
panels.save, panels.picture, panels.svg = figure.save, figure.picture, figure.svg

local function move(p, x, y)
  local moved = {}
  for key, value in pairs(p) do
    moved[key] = value
  end
  if p.points then
    moved.points = {}
    for i = 1, #p.points, 2 do
      moved.points[i], moved.points[i + 1] = p.points[i] + x, p.points[i + 1] + y
    end
  elseif p.kind == "text" then
    moved.x, moved.y = p.x + x, p.y + y
  else
    moved.left, moved.right, moved.top, moved.bottom = p.left + x, p.right + x, p.top + y, p.bottom + y
    moved.list = {}
    for i, inside in ipairs(p.list) do
      moved.list[i] = move(inside, x, y)
    end
  end
  return moved
end

function panels:primitives()
  local list = {}
  for i, part in ipairs(self.parts) do
    local x, y = (i - 1) % self.columns * self.part_width, (i - 1) // self.columns * self.part_height
    for _, p in ipairs(part:primitives()) do
      list[#list + 1] = move(p, x, y)
    end
  end
  return list
end

--- plot.panels { figure, figure, ..., columns = 2 }: one figure with the given ones in a grid, row by row.
local function side_by_side(settings)
  if type(settings) ~= "table" or #settings == 0 then
    core.fail "panels: expected figures { figure, figure, columns = 2 }"
  end
  local columns = math.floor(read.number("panels: columns", settings.columns or #settings, 1, 100))
  local self = { parts = {}, columns = columns, part_width = 0, part_height = 0 }
  for i, part in ipairs(settings) do
    if getmetatable(part) ~= figure then
      core.fail(("panels: expected a figure at %d, got %s"):format(i, type(part)))
    end
    self.parts[i] = part
    self.part_width, self.part_height = math.max(self.part_width, part.width), math.max(self.part_height, part.height)
  end
  self.width = self.part_width * math.min(columns, #settings)
  self.height = self.part_height * ((#settings + columns - 1) // columns)
  return setmetatable(self, panels)
end

--- plot.series(least): call series:add(x, y) for each point, then series:list(), which has at most 2 * least points, and at
-- least `least` if that many were added.
local function new_series(least)
  return series.new(math.floor(read.number("plot: series", least, 2, MAX_POINTS)))
end

return setmetatable({ panels = side_by_side, mix = color.mix, series = new_series }, {
  __call = function(_, settings)
    return new(settings or {})
  end,
})
