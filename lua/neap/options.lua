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

-- A default of 1 says nothing about 1.5: any finite number will do. A whole one stays a Lua integer beside an integer.
local function number_like(default)
  return { kind = rule.finite.kind, read = function(value)
    local number = rule.finite.read(value)
    return number and (math.type(default) == "integer" and math.tointeger(number) or number)
  end }
end

-- A default with a rule of its own.
local whole = {}

--- neap.whole(8) in neap.options: a whole number from `low` (1), 8 by default. For counts that the recipe itself uses;
-- components check their own parameters.
function options.whole(default, low)
  local wanted = rule.whole(low or 1)
  return setmetatable({ rule = wanted, default = rule.read("whole", wanted, default) }, whole)
end

-- The rule for a key of the recipe follows from its default.
local function rule_for(default)
  if type(default) == "boolean" then
    return rule.flag
  elseif type(default) == "number" then
    return number_like(default)
  end
  return rule.text()
end

-- The default of a key and the rule that the command line's value must fit.
local function declared(default)
  if getmetatable(default) == whole then
    return default.default, default.rule
  end
  return default, rule_for(default)
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
  for key, entry in pairs(defaults) do
    local path = prefix .. key
    local default, wanted = declared(entry)
    if options.standard[path] then
      result[key] = options.standard_value(path, default)
      owned[path] = true
    elseif type(default) == "table" then
      result[key] = fill(default, path .. ".")
    else
      used[path] = true
      result[key] = default
      if given[path] ~= nil then
        result[key] = rule.read(path, wanted, given[path])
      end
    end
  end
  return result
end

--- neap.options { key = default, group = { key = default } } -> the same table with the command line's values; keys in
-- groups are written group.key=value. A number takes any finite number; neap.whole(8) takes whole numbers alone. A recipe
-- with a loop of its own declares the keys of training that it uses; one that declares them and calls neap.train hands
-- them on.
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
