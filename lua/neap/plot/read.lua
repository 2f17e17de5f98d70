--- Arguments of figures: numbers, texts, ranges, points. A message begins with `who`.
local core = require "neap.core"

local read = {}

local function finite(x)
  return type(x) == "number" and x - x == 0
end

--- A number from low to high.
function read.number(who, value, low, high)
  if not finite(value) or value < low or value > high then
    core.fail(("%s: expected a number from %g to %g, got %s"):format(who, low, high, tostring(value)))
  end
  return value
end

--- A text, or nil; fails on characters that the font lacks.
function read.text(who, value)
  if value == nil then
    return nil
  elseif type(value) ~= "string" then
    core.fail(("%s: expected a text, got %s"):format(who, type(value)))
  end
  core.draw_text_width(value, 1) -- fails by the character that cannot be drawn
  return value
end

--- { low, high }, or nil.
function read.range(who, value)
  if value == nil then
    return nil
  end
  local low, high = (type(value) == "table" and value or {})[1], (type(value) == "table" and value or {})[2]
  if not finite(low) or not finite(high) or low >= high then
    core.fail(("%s: expected a range { low, high }, two numbers with low < high"):format(who))
  end
  return { low, high }
end

local function rows_of(who, points)
  if type(points) == "table" then
    return points
  end
  local shape = type(points) == "userdata" and core.methods.shape(points) or {}
  if shape[#shape] ~= 2 then
    core.fail(("%s: expected points [.., 2], got %s"):format(who,
      type(points) == "userdata" and "[" .. table.concat(shape, ", ") .. "]" or type(points)))
  end
  return core.methods.tolist(core.ops.reshape(points, { -1, 2 }))
end

--- Points as a flat list { x, y, x, y, ... }.
function read.flat(who, points)
  local list = {}
  for i, row in ipairs(rows_of(who, points)) do
    if type(row) ~= "table" or not finite(row[1]) or not finite(row[2]) then
      core.fail(("%s: expected two finite numbers for point %d"):format(who, i))
    end
    list[2 * i - 1], list[2 * i] = row[1], row[2]
  end
  return list
end

return read
