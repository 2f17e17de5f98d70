--- Axes of a figure: the box, data coordinates in pixels, ticks at round numbers, titles.
local core = require "neap.core"
local legend = require "neap.plot.legend"
local primitive = require "neap.plot.primitive"

local axes = {}

local crisp, line, text = primitive.crisp, primitive.line, primitive.text
local SIZE, TITLE_SIZE, EDGE, TICK = primitive.SIZE, 14, 12, 4

local CLOSE = 0.8 -- a step may be this much smaller than the requested one

--- About `count` ticks { at, label } at round numbers from low to high.
function axes.ticks(low, high, count)
  local raw = (high - low) / count
  local power = 10.0 ^ math.floor(math.log(raw, 10) + 1e-9)
  local step = 10 * power
  for _, factor in ipairs { 5, 2, 1 } do
    if factor * power >= raw * CLOSE then
      step = factor * power
    end
  end
  local digits = math.max(0, math.ceil(-math.log(step, 10) - 1e-9))
  local plain = digits <= 6 and math.max(math.abs(low), math.abs(high)) < 1e6
  local list = {}
  for i = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do
    local label = plain and ("%." .. digits .. "f"):format(i * step) or ("%.3g"):format(i * step)
    list[#list + 1] = { at = i * step, label = i == 0 and "0" or label }
  end
  return list
end

-- Multiples of powers of ten in a range.
local function multiples(low, high, factors)
  local list = {}
  for power = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10)) do
    for _, factor in ipairs(factors) do
      local at = factor * 10.0 ^ power
      if at >= low * (1 - 1e-9) and at <= high * (1 + 1e-9) then
        list[#list + 1] = { at = at, label = ("%g"):format(at) }
      end
    end
  end
  return list
end

--- About `count` ticks of a logarithmic axis from low to high, above 0: powers of ten, with fewer than two of these their
-- multiples by 2 and 5, and in a narrow range those of a linear axis.
function axes.log_ticks(low, high, count)
  local decades = multiples(low, high, { 1 })
  if #decades < 2 then
    local some = multiples(low, high, { 1, 2, 5 })
    return #some > 1 and some or axes.ticks(low, high, count)
  end
  local list, stride = {}, math.ceil(#decades / math.max(count, 2))
  for i = 1, #decades, stride do
    list[#list + 1] = decades[i]
  end
  return list
end

local function ticks_of(range, log, count)
  return (log and axes.log_ticks or axes.ticks)(range[1], range[2], count)
end

-- Widens one of the ranges so that a unit has the same length on both axes.
local function equalize(box)
  local unit = math.min(box.width / (box.x[2] - box.x[1]), box.height / (box.y[2] - box.y[1]))
  for key, size in pairs { x = box.width, y = box.height } do
    local middle = (box[key][1] + box[key][2]) / 2
    box[key] = { middle - size / unit / 2, middle + size / unit / 2 }
  end
end

local function widest(ticks)
  local width = 0
  for _, tick in ipairs(ticks) do
    width = math.max(width, core.draw_text_width(tick.label, SIZE))
  end
  return width
end

-- Sets the box: what the margins for labels leave of the figure.
local function measure(box, settings)
  local ticks = settings.ticks > 0
  box.top = settings.title and EDGE + TITLE_SIZE + 6 or EDGE
  box.bottom = settings.height - EDGE - (ticks and SIZE + TICK or 0) - (settings.xlabel and SIZE + 6 or 0)
  box.height = box.bottom - box.top
  box.right = settings.width - (ticks and EDGE + 6 or EDGE)
  if settings.legend == "outside" and #settings.entries > 0 then
    box.right = settings.width - EDGE - legend.breadth(settings.entries)
  end
  local labels = ticks and widest(ticks_of(box.y, box.ylog, settings.ticks)) + TICK + 4 or 0
  box.left = math.ceil(EDGE + labels + (settings.ylabel and SIZE + 6 or 0))
  box.width = box.right - box.left
  if box.width < 1 or box.height < 1 then
    core.fail(("plot: expected room for labels and axes, got %d x %d"):format(settings.width, settings.height))
  end
end

--- The box of a figure { width, height, x, y, xlog, ylog, equal, ticks, title, xlabel, ylabel, legend, entries }; x and y are
-- ranges, above 0 for a logarithmic axis.
function axes.box(settings)
  local box = { x = settings.x, y = settings.y, xlog = settings.xlog, ylog = settings.ylog }
  measure(box, settings)
  if settings.equal then
    equalize(box)
  end
  return box
end

-- A coordinate, or its logarithm; NaN for what a logarithmic axis has no place for.
local function along(value, log)
  if not log then
    return value
  end
  return value > 0 and math.log(value, 10) or 0 / 0
end

-- Pixels of a coordinate on an axis from 0 to `size` pixels, as a function.
local function scale_of(range, log, size)
  local low, high = along(range[1], log), along(range[2], log)
  return function(value)
    return (along(value, log) - low) * (size / (high - low))
  end
end

--- Points in data coordinates, a flat list, to pixels: NaN for a coordinate that is NaN or has no place on its axis.
function axes.place(box, points)
  local placed = {}
  local across, up = scale_of(box.x, box.xlog, box.width), scale_of(box.y, box.ylog, box.height)
  for i = 1, #points, 2 do
    placed[i] = box.left + across(points[i])
    placed[i + 1] = box.bottom - up(points[i + 1])
  end
  return placed
end

local function add_ticks(list, box, settings)
  for _, tick in ipairs(ticks_of(box.x, box.xlog, settings.ticks)) do
    local x = crisp(axes.place(box, { tick.at, box.y[1] })[1])
    list[#list + 1] = line({ x, box.bottom, x, box.bottom + TICK })
    list[#list + 1] = text(x, box.bottom + TICK + SIZE, tick.label, { anchor = 0.5 })
  end
  for _, tick in ipairs(ticks_of(box.y, box.ylog, settings.ticks)) do
    local y = crisp(axes.place(box, { box.x[1], tick.at })[2])
    list[#list + 1] = line({ box.left - TICK, y, box.left, y })
    list[#list + 1] = text(box.left - TICK - 4, y + SIZE * 0.35, tick.label, { anchor = 1 })
  end
end

--- The frame, ticks and titles.
function axes.frame(list, box, settings)
  local left, right, top, bottom = crisp(box.left), crisp(box.right), crisp(box.top), crisp(box.bottom)
  list[#list + 1] = line { left, top, right, top, right, bottom, left, bottom, left, top }
  if settings.ticks > 0 then
    add_ticks(list, box, settings)
  end
  local middle = (box.left + box.right) / 2
  if settings.title then
    list[#list + 1] = text(middle, EDGE + TITLE_SIZE * 0.7, settings.title, { size = TITLE_SIZE, anchor = 0.5 })
  end
  if settings.xlabel then
    list[#list + 1] = text(middle, settings.height - EDGE, settings.xlabel, { anchor = 0.5 })
  end
  if settings.ylabel then
    list[#list + 1] = text(EDGE + SIZE * 0.7, (box.top + box.bottom) / 2, settings.ylabel, { anchor = 0.5, angle = 90 })
  end
end

return axes
