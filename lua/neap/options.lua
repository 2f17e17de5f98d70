--- Options of a run: key=value on the command line replaces values of the recipe.
--
-- A recipe declares its own keys with defaults, `local o = neap.options { width = 192 }`; the keys of training are known
-- everywhere, and model.width=256 and its like set parameters of the recipe's components: lua/neap/options/components.lua. An
-- unknown key fails with the nearest name.
local components = require "neap.options.components"
local check = require "neap.check"
local precision = require "neap.train.precision"
local rule = require "neap.rule"
local setting = require "neap.setting"

local options = {}

--- The keys of training that the command line sets in every recipe; the defaults are those of neap.train.
options.keys = {
  { "steps", rule.whole(1), "Steps of the optimizer.", default = 1000 },
  { "minutes", rule.number_above(0), "Time limit. A schedule that decays is fitted to it.", usual = "no limit" },
  { "batch", rule.whole(1), "Examples of a step.", default = 64 },
  { "seed", rule.whole(0), "Seed of initial weights, order of examples, noise and previews.", usual = "that of neap.seed" },
  { "out", rule.text(), "Folder of the run.", usual = "runs/ and the name of the recipe" },
  { "checkpoint_every", rule.whole(0), "Steps between checkpoints; 0: only at the end.", default = 1000 },
  { "sample_every", rule.whole(0), "Steps between pictures of samples; 0: only at the end.", default = 0 },
  { "score_every", rule.whole(0), "Steps between scores of samples against examples not trained on; 0: none.", default = 0 },
  { "precision", precision.rule, "Precision of products; auto: bf16 where it is faster here.",
    default = "auto" },
  { "threads", rule.whole(1), "Threads of the process.", usual = "one for each core" },
  { "resume", rule.flag, "Goes on from the checkpoint of the run, with its schedule.", default = false },
  { "extend", rule.flag, "With resume: goes on with a new schedule when that of the run has ended.", default = false },
}

--- Their rules by name.
options.standard = setting.rules(options.keys)

local given, used = {}, {} -- texts by key; declared keys
local owned = {} -- keys of training that the recipe declares as its own
local staged = false -- does the recipe run stages?

--- Sets the pairs { { key, text }, ... } of the command line, in place of earlier ones.
function options.give(pairs_given)
  given, used, owned, staged = {}, {}, {}, false
  for _, pair in ipairs(pairs_given) do
    given[pair[1]] = pair[2]
  end
  components.give(given, used)
end

--- The value of a standard key from the command line, else the fallback; either is checked.
function options.standard_value(key, fallback)
  used[key] = true
  if given[key] ~= nil then
    return rule.parse(key, options.standard[key], given[key])
  elseif fallback ~= nil then
    return rule.read(key, options.standard[key], fallback)
  end
end

--- The same for stages, which run trainings themselves and pass the key on to each.
function options.own(key, fallback)
  owned[key], staged = true, true
  return options.standard_value(key, fallback)
end

--- The same for neap.train. A key that the recipe declared itself takes the recipe's value: it may train several times, with
-- different values.
function options.training_value(key, value)
  if owned[key] and value ~= nil then
    return rule.read(key, options.standard[key], value)
  end
  return options.standard_value(key, value)
end

--- Fails if a key for the recipe's components has set nothing; see lua/neap/options/components.lua.
function options.check_reached()
  components.check_reached()
end

--- The same before a training, for the components that it needs: the recipe may make samplers and metrics later. Stages make
-- components of their own later, too.
function options.check_training()
  if not staged then
    components.check_reached { "model", "data", "objective", "optimizer" }
  end
end

-- Any finite number fits a numeric default, whole or not. With an integer default, a whole number is a Lua integer.
local function number_like(default)
  return { kind = rule.finite.kind, read = function(value)
    local number = rule.finite.read(value)
    return number and (math.type(default) == "integer" and math.tointeger(number) or number)
  end }
end

-- The metatable of a default that has a rule.
local whole = {}

--- neap.whole(8) in neap.options: a whole number from `low` (default 1), with default 8. For counts that the recipe uses
-- itself; components check their own parameters.
function options.whole(default, low)
  local wanted = rule.whole(low or 1)
  return setmetatable({ rule = wanted, default = rule.read("whole", wanted, default) }, whole)
end

-- The rule of a key follows from the type of its default.
local function rule_for(default)
  if type(default) == "boolean" then
    return rule.flag
  elseif type(default) == "number" then
    return number_like(default)
  end
  return rule.text()
end

-- The default of a key, and the rule for a value of the command line.
local function declared(default)
  if getmetatable(default) == whole then
    return default.default, default.rule
  end
  return default, rule_for(default)
end

local function known_names()
  local names, declared_names = check.names(options.standard), check.names(used)
  return table.move(declared_names, 1, #declared_names, #names + 1, names)
end

--- Fails if the command line has a key that is neither declared nor standard.
function options.check()
  for _, key in ipairs(check.names(given)) do
    if not (used[key] or options.standard[key] or components.check(key)) then
      check.fail_key("unknown key", key, known_names())
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
        result[key] = rule.parse(path, wanted, given[path])
      end
    end
  end
  return result
end

--- neap.options { key = default, group = { key = default } } -> the same table with the values of the command line; a key in a
-- group is written group.key=value. A numeric default takes any finite number; neap.whole(8) takes whole numbers only. A
-- recipe with its own training loop declares the keys of training that it uses; one that declares them and calls neap.train
-- passes them on. `shared` are further defaults, such as those of a file that several recipes use; it is not changed.
function options.declare(defaults, shared)
  for key, value in pairs(shared or {}) do
    defaults[key] = defaults[key] == nil and value or defaults[key]
  end
  local result = fill(defaults, "")
  options.check()
  return result
end

--- A copy of the pairs of the command line, for the files of a run.
function options.overrides()
  local copy = {}
  for key, value in pairs(given) do
    copy[key] = value
  end
  return copy
end

return options
