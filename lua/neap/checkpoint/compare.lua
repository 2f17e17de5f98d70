--- Compares a resumed run with its checkpoint: components, autoencoder and settings.
local core = require "neap.core"
local config = require "neap.config"

local compare = {}

--- A component as a checkpoint stores it: { name, version, config }, and `plugin` when that has another name.
function compare.describe(instance)
  local plugin = instance:plugin()
  return {
    name = instance:name(), version = instance:version(), config = config.of(instance),
    plugin = plugin ~= instance:name() and plugin or nil,
  }
end

-- Are two values of a parameter the same? Two paths always are, because files may have moved.
local function is_same(before, now)
  local path = type(before) == "string" and type(now) == "string" and before:find "/" and now:find "/"
  return path or core.json_encode(before) == core.json_encode(now)
end

local function is_entry(value)
  return type(value) == "table" and type(value.config) == "table"
end

--- Fails unless a resumed run uses the component that it began with. `saved` and `now` are { name, config }, as are
-- components inside. Parameters that only one of them has, of another version, are not compared. Messages begin with `who`.
function compare.components(who, path, saved, now)
  if saved.name ~= now.name then
    core.fail(("%s: expected a checkpoint of %s, got one of %s"):format(path, now.name, tostring(saved.name)))
  end
  for key, value in pairs(now.config) do
    local before = saved.config[key]
    if is_entry(before) and is_entry(value) then
      compare.components(who, path, before, value)
    elseif before ~= nil and not is_same(before, value) then
      core.fail(("%s: %s: %s: the run began with %s, got %s"):format(who, now.name, key, core.json_encode(before),
        core.json_encode(value)))
    end
  end
end

--- The same for the autoencoder, nil for none; `saved` is { name, config }, `autoencoder` a model.
function compare.autoencoders(who, path, saved, autoencoder)
  if saved and autoencoder then
    compare.components(who, path, saved, compare.describe(autoencoder:component()))
  elseif saved or autoencoder then
    core.fail(("%s: autoencoder: the run began %s, got %s"):format(who, saved and "with " .. saved.name or "without one",
      autoencoder and autoencoder:component():name() or "none"))
  end
end

local RESUME = "train: resume"

-- Settings that determine what a step does, and the state of the optimizers. A resume may not change them.
local function fixed_of(settings)
  local fixed = { batch = settings.batch, seed = settings.seed, precision = settings.precision }
  local own = settings.optimizer or {}
  for name, of_phase in pairs(own.kind and { optimizer = own } or own) do
    fixed[name .. ": kind"] = of_phase.kind
    fixed[name .. ": ema"] = of_phase.ema or settings.ema
  end
  return fixed
end

-- Settings that determine the size of a step; only `extend` may change them.
local function schedule_of(settings)
  local schedule = { warmup = settings.warmup, decay = settings.decay, floor = settings.floor, clip = settings.clip }
  local own = settings.optimizer or {}
  for name, of_phase in pairs(own.kind and { optimizer = own } or own) do
    for key, value in pairs(of_phase) do
      schedule[name .. ": " .. key] = key ~= "kind" and key ~= "ema" and value or nil
    end
  end
  return schedule
end

--- Fails unless two tables have the same values; the message ends with `hint`.
function compare.values(who, before, now, hint)
  for _, one in ipairs { before, now } do
    for key in pairs(one) do
      if not is_same(before[key], now[key]) then
        core.fail(("%s: %s: the run began with %s, got %s%s"):format(who, key, tostring(before[key]), tostring(now[key]), hint))
      end
    end
  end
end

--- Fails unless a resumed run has the settings that it began with; with `extend`, the schedule may differ.
function compare.settings(saved, settings, extend)
  compare.values(RESUME, fixed_of(saved), fixed_of(settings), "")
  if not extend then
    compare.values(RESUME, schedule_of(saved), schedule_of(settings), "; extend=true goes on with a new schedule")
  end
end

return compare
