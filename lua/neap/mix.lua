--- Interpolation of noise, and of classes as weights of the label table.
local core = require "neap.core"

local mix = {}

local function count_of(who, count)
  if math.type(count) ~= "integer" or count < 2 then
    core.fail_usage(("%s: count: expected a whole number from 2, got %s"):format(who, tostring(count)))
  end
  return count
end

local function angle_between(a, b)
  local ops = core.ops
  local dot = ops.sum(a * b):item()
  local norms = math.sqrt(ops.sum(ops.square(a)):item() * ops.sum(ops.square(b)):item())
  if norms == 0 then
    core.fail_usage "interpolate: expected noise with a norm above 0"
  end
  return math.acos(math.max(-1, math.min(1, dot / norms)))
end

local SMALL_ANGLE = 1e-4 -- below it the sines cancel, and linear interpolation is the same

local function weights(angle, share)
  if angle < SMALL_ANGLE then
    return 1 - share, share
  end
  return math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
end

--- interpolate(a, b, count) -> [count, ..] from noise a to noise b, both included: spherical linear interpolation (Shoemake 1985;
-- White 2016). Linear interpolation has a smaller norm than noise, and its pictures come out pale.
function mix.interpolate(a, b, count)
  local shape = core.methods.shape(a)
  if table.concat(shape, " ") ~= table.concat(core.methods.shape(b), " ") then
    core.fail_usage "interpolate: expected two noises of one shape"
  end
  local angle, rows = angle_between(a, b), {}
  table.insert(shape, 1, 1)
  for i = 1, count_of("interpolate", count) do
    local u, v = weights(angle, (i - 1) / (count - 1))
    rows[i] = core.ops.reshape(a * u + b * v, shape)
  end
  return core.ops.concat(rows, 0)
end

local function check_classes(classes, from, to)
  for i = 1, 3 do
    local value = select(i, classes, from, to)
    if math.type(value) ~= "integer" then
      core.fail_usage(("morph: expected whole numbers, got %s"):format(tostring(value)))
    end
  end
  if math.min(from, to) < 0 or math.max(from, to) > classes then
    core.fail_usage(("morph: expected classes from 0 to %d, got %d and %d"):format(classes, from, to))
  end
end

--- morph(classes, from, to, count) -> [count, classes + 1]: weights of the label table, from one class to another.
function mix.morph(classes, from, to, count)
  local rows = {}
  check_classes(classes, from, to)
  for i = 1, count_of("morph", count) do
    local row, share = {}, (i - 1) / (count - 1)
    for k = 0, classes do
      row[k + 1] = (k == from and 1 - share or 0) + (k == to and share or 0)
    end
    rows[i] = row
  end
  return core.tensor(rows)
end

return mix
