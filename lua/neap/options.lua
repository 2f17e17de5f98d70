--- Options of a run: key=value on the command line, over what the recipe says.
--
-- A recipe declares its own keys with their defaults, `local o = neap.options { width = 192 }`; the keys of training are
-- known everywhere. What nobody knows is refused with the nearest name.
local core = require "neap.core"
local check = require "neap.check"
local rule = require "neap.rule"

local options = {}

--- The keys that every training recipe takes.
options.standard = {
  steps = rule.whole(1), minutes = rule.number_above(0), batch = rule.whole(1), seed = rule.whole(0), out = rule.text(),
  checkpoint_every = rule.whole(0), sample_every = rule.whole(0), score_every = rule.whole(0),
  precision = rule.choice("auto", "fp32", "bf16"),
  threads = rule.whole(1), resume = rule.flag, extend = rule.flag,
}

local given, used = {}, {} -- texts by key; keys that some declaration knows
local owned = {} -- keys of training that the recipe declares as its own

--- Takes the command line's pairs { { key, text }, ... }; forgets earlier ones.
function options.give(pairs_given)
  given, used, owned = {}, {}, {}
  for _, pair in ipairs(pairs_given) do
    given[pair[1]] = pair[2]
  end
end

--- The value of a standard key: the command line's, else the fallback, which is checked as well.
function options.standard_value(key, fallback)
  local value = given[key]
  used[key] = true
  if value == nil then
    value = fallback
  end
  if value == nil then
    return nil
  end
  return rule.read(key, options.standard[key], value)
end

--- The same for neap.train: what a recipe has declared itself comes from the recipe alone, which may train several times.
function options.training_value(key, value)
  if owned[key] and value ~= nil then
    return rule.read(key, options.standard[key], value)
  end
  return options.standard_value(key, value)
end

-- The rule for a key of the recipe follows from its default.
local function rule_for(default)
  if type(default) == "boolean" then
    return rule.flag
  elseif math.type(default) == "integer" then
    return { kind = "a whole number", read = function(value) return math.tointeger(tonumber(value)) end }
  elseif type(default) == "number" then
    return { kind = "a number", read = tonumber }
  end
  return rule.text()
end

local function known_names()
  local names = {}
  for key in pairs(options.standard) do
    names[#names + 1] = key
  end
  for key in pairs(used) do
    names[#names + 1] = key
  end
  return names
end

--- Fails when the command line holds a key that is neither declared nor standard.
function options.check()
  for key in pairs(given) do
    if not used[key] and not options.standard[key] then
      core.fail_usage(("unknown key '%s'%s"):format(key, check.suggestion(key, known_names())))
    end
  end
end

local function fill(defaults, prefix)
  local result = {}
  for key, default in pairs(defaults) do
    local path = prefix .. key
    if options.standard[path] then
      result[key] = options.standard_value(path, default)
      owned[path] = true
    elseif type(default) == "table" then
      result[key] = fill(default, path .. ".")
    else
      used[path] = true
      local value = given[path]
      result[key] = value == nil and default or value ~= nil and rule.read(path, rule_for(default), value)
    end
  end
  return result
end

--- neap.options { key = default, group = { key = default } } -> the same table with the command line's values; keys in
-- groups are written group.key=value. A recipe with a loop of its own declares the keys of training that it uses; one that
-- declares them and calls neap.train hands them on.
function options.declare(defaults)
  local result = fill(defaults, "")
  options.check()
  return result
end

--- What the command line gave, for the records of a run.
function options.overrides()
  local copy = {}
  for key, value in pairs(given) do
    copy[key] = value
  end
  return copy
end

return options
