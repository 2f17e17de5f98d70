--- The settings of a run as a flat list of names and texts, "model.width" = "128", with their defaults.
local core = require "neap.core"
local check = require "neap.check"
local record = require "neap.train.record"
local settings_of = require "neap.train.settings"

local values = {}

-- Settings of training that say where a run is, not what it is.
local PLACES = { out = true }

--- A value as a text.
function values.text(value)
  if type(value) == "number" then
    return (("%.10g"):format(value))
  elseif type(value) == "table" then
    return core.json_encode(value)
  end
  return tostring(value)
end

local function is_component(value)
  return type(value) == "table" and type(value.name) == "string" and type(value.config) == "table"
end

-- The parameters of a component by name; none if its plugin is not here now.
local function parameters_of(kind, name)
  local known, component = pcall(core.find, kind, name)
  local params = {}
  for _, param in ipairs(known and component.params or {}) do
    params[param.name] = param
  end
  return params
end

-- The default of a parameter as a text; nil if it has none.
local DEFAULTS = {
  flag = function(param) return tostring(param.default ~= 0) end,
  text = function(param) return param.text end,
  choice = function(param) return param.choices[param.default + 1] end,
  int = function(param) return values.text(param.default) end,
  real = function(param) return values.text(param.default) end,
}

local function default_of(param)
  local find = param and not param.required and DEFAULTS[param.type]
  return find and find(param) or nil
end

local function add(list, name, value, default)
  list[#list + 1] = { name = name, value = values.text(value), default = default }
end

-- Adds a component as `role` = its name, and its parameters as `role`.parameter, also those of components inside.
local function add_component(list, role, kind, entry)
  add(list, role, entry.name)
  local params = parameters_of(kind, entry.name)
  for _, key in ipairs(check.names(entry.config)) do
    local value = entry.config[key]
    if is_component(value) then
      add_component(list, role .. "." .. key, value.kind or "", value)
    else
      add(list, role .. "." .. key, value, default_of(params[key]))
    end
  end
end

-- Adds the settings of an optimiser, or of one for each phase.
local function add_optimizer(list, name, own)
  for _, key in ipairs(check.names(own)) do
    if type(own[key]) == "table" then
      add_optimizer(list, name .. "." .. key, own[key])
    else
      add(list, key == "kind" and name or name .. "." .. key, own[key])
    end
  end
end

-- Is it a table without entries, as the guard of a run without one?
local function is_empty(value)
  return type(value) == "table" and next(value) == nil
end

local function add_training(list, settings)
  for _, key in ipairs(check.names(settings)) do
    local default = settings_of.defaults[key]
    if key == "optimizer" and type(settings[key]) == "table" then
      add_optimizer(list, key, settings[key])
    elseif not PLACES[key] and not is_empty(settings[key]) then
      add(list, key, settings[key], default ~= nil and values.text(default) or nil)
    end
  end
end

--- The components of what settings.json has, then the settings of training: { { name, value, default }, ... } as texts; a default
-- is nil for what has none, such as a required parameter.
function values.list(settings)
  local list, components = {}, type(settings.components) == "table" and settings.components or {}
  for _, role in ipairs(record.ROLES) do
    if is_component(components[role[1]]) then
      add_component(list, role[1], role[2], components[role[1]])
    end
  end
  if type(settings.settings) == "table" then
    add_training(list, settings.settings)
  end
  return list
end

--- Those of a list that differ from their defaults, or have none.
function values.changed(list)
  local changed = {}
  for _, entry in ipairs(list) do
    changed[#changed + 1] = entry.value ~= entry.default and entry or nil
  end
  return changed
end

return values
