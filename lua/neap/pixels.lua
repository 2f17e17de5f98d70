--- Pictures [B, rows, columns, C] from pictures: what ops along one axis make along rows and columns.
local core = require "neap.core"

local pixels = {}
local methods = core.methods

local MODES = { nearest = 0, linear = 1 } -- as the op resample counts them

local function whole(who, value)
  if math.type(value) ~= "integer" or value < 1 then
    core.fail(("%s: expected a whole number from 1, got %s"):format(who, tostring(value)))
  end
end

local function check_pictures(who, x)
  local shape = methods.shape(x)
  if #shape ~= 4 then
    core.fail(("%s: expected pictures [B, rows, columns, C], got [%s]"):format(who, table.concat(shape, ", ")))
  end
end

--- x:resize(rows, columns [, mode]): to another size, by the "nearest" pixel or "linear" between pixels.
function pixels.resize(x, rows, columns, mode)
  local number = MODES[mode or "nearest"]
  if not number then
    core.fail(("resize: mode: expected nearest or linear, got %s"):format(tostring(mode)))
  end
  check_pictures("resize", x)
  whole("resize: rows", rows)
  whole("resize: columns", columns)
  return methods.resample(methods.resample(x, 1, rows, number), 2, columns, number)
end

-- A window and how far apart windows are: beside each other where nothing is said.
local function window(who, x, kernel, stride)
  check_pictures(who, x)
  whole(who .. ": kernel", kernel)
  return stride or kernel
end

--- x:average_pool(kernel [, stride [, padding]]): means over windows; zeros outside count, too.
function pixels.average_pool(x, kernel, stride, padding)
  stride = window("average_pool", x, kernel, stride)
  local ones = {}
  for i = 1, kernel do
    ones[i] = 1
  end
  local settings = { taps = ones, stride = stride, padding = padding or 0, scale = 1 / kernel }
  for axis = 1, 2 do
    settings.axis = axis
    x = methods.filter(x, settings)
  end
  return x
end

--- x:max_pool(kernel [, stride [, padding]]): the largest of each window; padding up to half the kernel.
function pixels.max_pool(x, kernel, stride, padding)
  stride = window("max_pool", x, kernel, stride)
  local index = methods.max_pool_index(x, kernel, stride, padding or 0)
  local rows, made = x:shape(), index:shape()
  local flat = x:reshape(rows[1], rows[2] * rows[3], rows[4])
  return flat:gather(index:reshape(made[1], made[2] * made[3], made[4]), 1):reshape(made)
end

for name, f in pairs(pixels) do
  methods[name] = f
end

return pixels
