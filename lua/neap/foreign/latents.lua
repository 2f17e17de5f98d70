--- Statistics of latents: neap normalises a channel as (z - mean) / deviation. diffusers writes z * scaling_factor after
-- subtracting shift_factor, or (z - latents_mean) * scaling_factor / latents_std.
local core = require "neap.core"
local rule = require "neap.rule"

local latents = {}

latents.SCALE, latents.SHIFT = rule.number(1e-6, 1e6), rule.finite -- settings of an import

local function filled(value, count)
  local list = {}
  for i = 1, count do
    list[i] = type(value) == "table" and value[i] or value
  end
  return list
end

local function list_in(source, key, count, wanted)
  local value = source.config[key]
  if value == nil then
    return
  end
  for i = 1, count do
    if type(value) ~= "table" or #value ~= count or not wanted.read(value[i]) then
      core.fail(("%s: %s: expected for each of %d channels %s"):format(source.config_path, key, count, wanted.kind))
    end
  end
  return value
end

local function number_in(source, key, wanted)
  local value = source.config[key]
  if value ~= nil and (type(value) ~= "number" or not wanted.read(value)) then
    core.fail(("%s: %s: expected %s, got %s"):format(source.config_path, key, wanted.kind, core.json_encode(value)))
  end
  return value
end

local UNKNOWN = "nothing says the mean and the deviation of the latents, so they are not normalised; give scale=, and shift="

--- The buffers { ["latents.mean"] = { .. }, ["latents.deviation"] = { .. } }: from the settings `given`, else from config.json.
function latents.read(source, given, count, notes)
  local means = list_in(source, "latents_mean", count, rule.finite)
  local deviations = list_in(source, "latents_std", count, latents.SCALE)
  local scale = given.scale or number_in(source, "scaling_factor", latents.SCALE)
  local shift = given.shift or means or number_in(source, "shift_factor", rule.finite) or 0
  if not scale and not deviations then
    notes[#notes + 1] = UNKNOWN
  end
  local deviation = filled(not given.scale and deviations or 1, count)
  for i, value in ipairs(deviation) do
    deviation[i] = value / (scale or 1)
  end
  return { ["latents.mean"] = filled(shift, count), ["latents.deviation"] = deviation }
end

-- The number with the fewest digits that is this one in single precision, after f.
local function shortest(value, f)
  for digits = 1, 17 do
    local number = tonumber(("%%.%dg"):format(digits):format(f(value))) + 0.0
    if ("<f"):pack(f(number)) == ("<f"):pack(value) then
      return number
    end
  end
  return f(value)
end

local function same(x) return x end
local function inverse(x) return 1 / x end

local function all_equal(list)
  for _, value in ipairs(list) do
    if value ~= list[1] then
      return false
    end
  end
  return true
end

local function each(list, f)
  local result = {}
  for i, value in ipairs(list) do
    result[i] = shortest(value, f)
  end
  return result
end

-- A list of statistics of a model that other programs can read.
local function statistics_of(model, name, wanted)
  local list = model:parameter(name):tolist()
  for i, value in ipairs(list) do
    if not wanted.read(value) then
      core.fail(("export: %s: expected %s, got %s for channel %d"):format(name, wanted.kind, value, i - 1))
    end
  end
  return list
end

--- Writes the statistics of a model into the table of config.json.
function latents.write(model, config)
  local means = statistics_of(model, "latents.mean", rule.finite)
  local deviations = statistics_of(model, "latents.deviation", latents.SCALE)
  if all_equal(means) and all_equal(deviations) then
    config.scaling_factor = shortest(deviations[1], inverse)
    config.shift_factor = means[1] ~= 0 and shortest(means[1], same) or nil
  else
    config.scaling_factor = 1.0
    config.latents_mean, config.latents_std = each(means, same), each(deviations, same)
  end
end

return latents
