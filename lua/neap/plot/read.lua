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

--- true or false; nil is false.
function read.flag(who, value)
  if value ~= nil and type(value) ~= "boolean" then
    core.fail(("%s: expected true or false, got %s"):format(who, tostring(value)))
  end
  return value == true
end

-- The values of a list of numbers over their positions, 1, 2, ...
local function rows_of_numbers(who, list)
  local rows = {}
  for i, value in ipairs(list) do
    if type(value) ~= "number" then
      core.fail(("%s: expected a number at %d, as before, got %s"):format(who, i, type(value)))
    end
    rows[i] = { i, value }
  end
  return rows
end

local function rows_of(who, points)
  if type(points) == "table" then
    return type(points[1]) == "number" and rows_of_numbers(who, points) or points
  end
  local shape = type(points) == "userdata" and core.methods.shape(points) or {}
  if shape[#shape] ~= 2 then
    core.fail(("%s: expected points [.., 2], got %s"):format(who,
      type(points) == "userdata" and "[" .. table.concat(shape, ", ") .. "]" or type(points)))
  end
  return core.methods.tolist(core.ops.reshape(points, { -1, 2 }))
end

--- Points as a flat list { x, y, x, y, ... }. They are a tensor [.., 2], a list of pairs, or a list of numbers: values over 1, 2,
-- ... With `gaps`, a coordinate may be NaN.
function read.flat(who, points, gaps)
  local list = {}
  local function fits(x)
    return finite(x) or gaps and x ~= x
  end
  for i, row in ipairs(rows_of(who, points)) do
    if type(row) ~= "table" or not fits(row[1]) or not fits(row[2]) then
      core.fail(("%s: expected two %s for point %d"):format(who, gaps and "numbers, finite or NaN," or "finite numbers", i))
    end
    list[2 * i - 1], list[2 * i] = row[1], row[2]
  end
  return list
end

--- The values of a list or of a tensor of any shape, without NaN.
function read.values(who, values)
  local given, list = values, {}
  if type(values) == "userdata" then
    given = core.methods.tolist(core.ops.reshape(core.ops.contiguous(values), { -1 }))
  elseif type(values) ~= "table" then
    core.fail(("%s: expected a list of numbers or a tensor, got %s"):format(who, type(values)))
  end
  for i, value in ipairs(given) do
    if not finite(value) and value == value then
      core.fail(("%s: expected a finite number or NaN at %d, got %s"):format(who, i, tostring(value)))
    end
    list[#list + 1] = value == value and value or nil
  end
  return list
end

return read
