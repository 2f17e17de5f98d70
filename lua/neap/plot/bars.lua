--- Bars as pairs of opposite corners, a flat list: { left, foot, right, tip, ... }; and the bins of histograms.
local core = require "neap.core"
local read = require "neap.plot.read"

local bars = {}

local SHARE = 0.8            -- of the least distance of two bars is their width
local MOST_BINS = 10000

-- The least distance between two neighbours of the x coordinates; 1 for a single one.
local function distance(points)
  local xs, least = {}, math.huge
  for i = 1, #points, 2 do
    xs[#xs + 1] = points[i] == points[i] and points[i] or nil
  end
  table.sort(xs)
  for i = 2, #xs do
    least = xs[i] > xs[i - 1] and math.min(least, xs[i] - xs[i - 1]) or least
  end
  return least < math.huge and least or 1
end

--- A bar from 0 to y around each x of a flat list of points; `width` in the units of x, or nil.
function bars.around(points, width)
  local half, corners = (width or SHARE * distance(points)) / 2, {}
  for i = 1, #points, 2 do
    local x, y = points[i], points[i + 1]
    table.move({ x - half, 0, x + half, y }, 1, 4, #corners + 1, corners)
  end
  return corners
end

local function range_of(values, range)
  if range then
    return range[1], range[2]
  end
  local low, high = math.huge, -math.huge
  for _, value in ipairs(values) do
    low, high = math.min(low, value), math.max(high, value)
  end
  if low > high then
    return 0, 1
  end
  local room = low == high and math.max(math.abs(low) * 0.05, 0.5) or 0
  return low - room, high + room
end

-- How many of the values are in each of `count` equal bins from low to high; the last bin includes high.
local function counts_of(values, low, high, count)
  local counts = {}
  for i = 1, count do
    counts[i] = 0
  end
  for _, value in ipairs(values) do
    if value >= low and value <= high then
      local bin = math.min(count, math.floor((value - low) / (high - low) * count) + 1)
      counts[bin] = counts[bin] + 1
    end
  end
  return counts
end

--- The bars of a histogram of values. settings = { bins (default: the square root of their number, at most 100), range = { low,
-- high } (default: that of the values), density = true: the area of all bars is the share of the values in the range }.
function bars.histogram(values, settings)
  local default = math.min(100, math.max(1, math.ceil(math.sqrt(#values))))
  local count = settings.bins == nil and default or math.tointeger(settings.bins)
  if not count or count < 1 or count > MOST_BINS then
    core.fail(("histogram: bins: expected a whole number from 1 to %d, got %s"):format(MOST_BINS, tostring(settings.bins)))
  end
  local low, high = range_of(values, read.range("histogram: range", settings.range))
  local width, corners = (high - low) / count, {}
  local unit = read.flag("histogram: density", settings.density) and 1 / (math.max(1, #values) * width) or 1
  for i, number in ipairs(counts_of(values, low, high, count)) do
    table.move({ low + (i - 1) * width, 0, low + i * width, number * unit }, 1, 4, #corners + 1, corners)
  end
  return corners
end

return bars
