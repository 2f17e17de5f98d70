--- Resizing and pooling of pictures [B, rows, columns, C].
local core = require "neap.core"

local pixels = {}

local MODES = { nearest = 0, linear = 1 } -- values of the op resample

local function whole(who, least, value)
  if math.type(value) ~= "integer" or value < least then
    core.fail(("%s: expected a whole number from %d, got %s"):format(who, least, tostring(value)))
  end
end

local function check_pictures(who, x)
  local shape = core.methods.shape(x)
  if #shape ~= 4 then
    core.fail(("%s: expected pictures [B, rows, columns, C], got [%s]"):format(who, table.concat(shape, ", ")))
  end
end

--- x:resize(rows, columns [, mode]): mode is "nearest" (the default) or "linear".
function pixels.resize(x, rows, columns, mode)
  local number = MODES[mode or "nearest"]
  if not number then
    core.fail(("resize: mode: expected nearest or linear, got %s"):format(tostring(mode)))
  end
  check_pictures("resize", x)
  whole("resize: rows", 1, rows)
  whole("resize: columns", 1, columns)
  return core.resize(x, rows, columns, number)
end

-- The stride is the kernel by default: windows do not overlap.
local function pool(who, x, kernel, stride, padding)
  stride, padding = stride or kernel, padding or 0
  check_pictures(who, x)
  whole(who .. ": kernel", 1, kernel)
  whole(who .. ": stride", 1, stride)
  whole(who .. ": padding", 0, padding)
  return core[who](x, kernel, stride, padding)
end

--- x:average_pool(kernel [, stride [, padding]]): means over windows, which include the zeros of padding.
function pixels.average_pool(x, kernel, stride, padding)
  return pool("average_pool", x, kernel, stride, padding)
end

--- x:max_pool(kernel [, stride [, padding]]): maxima over windows; padding up to half the kernel.
function pixels.max_pool(x, kernel, stride, padding)
  return pool("max_pool", x, kernel, stride, padding)
end

for name, f in pairs(pixels) do
  core.methods[name] = f
end

return pixels
