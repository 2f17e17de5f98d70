--- Optimisers: settings for neap.train or, with a model or tensors, an object for your own training loop.
local core = require "neap.core"
local check = require "neap.check"
local overrides = require "neap.options.components"
local setting = require "neap.setting"

local optimizer = {}

local class = { __name = "neap.optimizer" }
local methods = {}

local RATE = { { "lr", "a number above 0", "Learning rate.", default = 1e-3 } }
local MOMENTS = {
  { "beta1", "a number from 0 and below 1", "Decay of the mean of gradients.", default = 0.9 },
  { "beta2", "a number from 0 and below 1", "Decay of the mean of squared gradients.", default = 0.999 },
  { "eps", "a number above 0", "Added to the root of the mean of squares.", default = 1e-8 },
}
local MOMENTUM = { { "momentum", "a number from 0 and below 1", "Share of the last update in the next.", default = 0 } }
local SHARED = {
  { "weight_decay", "a number from 0", "Share of the weights that is taken away, times lr.", default = 0 },
  { "clip", "a number from 0", "Largest norm of the gradients; 0: not clipped.", default = 0 },
  { "ema", "a number from 0 and below 1", "Decay of the moving average of the weights; 0: no average.", default = 0 },
}
local PARAMETERS = {
  { "model", "a model", "For a loop of your own: the model whose parameters step() updates.", usual = "none, for neap.train" },
  { "part", "text", "Only the parameters of the model whose names begin so.", usual = "all" },
  { "params", "{ tensor, .. } or { name = tensor, .. }", "Tensors in place of a model.", usual = "none" },
}

-- What an optimiser consists of: { kind, settings, initial, now, state, steps }. `settings` are those given, `initial` and `now`
-- all settings at the beginning and now; `state` is nil for an optimiser without parameters. It is kept apart from the object so
-- that its fields can be checked.
local inside = setmetatable({}, { __mode = "k" })

local function names_of(...)
  local names = {}
  for _, list in ipairs { ... } do
    for _, row in ipairs(list) do
      names[#names + 1] = row[1]
    end
  end
  return names
end

-- The names of the settings of each kind, and with those of what it updates.
local SETTINGS = { adamw = names_of(RATE, MOMENTS, SHARED), sgd = names_of(RATE, MOMENTUM, SHARED) }
local KEYS = {
  adamw = setting.declare("neap.optimizer.adamw", RATE, MOMENTS, SHARED, PARAMETERS),
  sgd = setting.declare("neap.optimizer.sgd", RATE, MOMENTUM, SHARED, PARAMETERS),
}

local READ_ONLY = { kind = true, steps = true }

local function copy(settings)
  local own = {}
  for key, value in pairs(settings) do
    own[key] = value
  end
  return own
end

local function joined(...)
  local list = {}
  for _, names in ipairs { ... } do
    table.move(names, 1, #names, #list + 1, list)
  end
  return list
end

-- Fails unless the value of a setting is a number.
local function check_number(kind, key, value)
  if math.type(value) == nil then
    core.fail_usage(("%s: %s: expected a number, got %s"):format(kind, key,
      type(value) == "string" and ("text '%s'"):format(value) or type(value)))
  end
end

local function check_parameters(kind, given)
  if given.part ~= nil and not given.model then
    core.fail_usage(("%s: part: expected a model beside it: neap.optimizer.%s { model = ..., part = ... }"):format(kind, kind))
  elseif given.model ~= nil and given.params ~= nil then
    core.fail_usage(("%s: expected model or params, got both"):format(kind))
  elseif given.params ~= nil and type(given.params) ~= "table" then
    core.fail_usage(("%s: params: expected a table of tensors, got %s"):format(kind, type(given.params)))
  end
end

-- Lists of names and tensors: of { w, b } in that order with the names 1 and 2, of { w = w, b = b } in the order of names.
local function lists(kind, params)
  local names, tensors = check.names(params), {}
  for i, name in ipairs(names) do
    tensors[i], names[i] = params[name], tostring(name)
    if type(tensors[i]) ~= "userdata" then
      core.fail_usage(("%s: params: '%s': expected a tensor, got %s"):format(kind, names[i], type(tensors[i])))
    end
  end
  return names, tensors
end

-- The state in the core for the parameters that are given; nil for settings alone.
local function state_of(kind, given, settings)
  if given.model ~= nil then
    settings = copy(settings)
    settings.part = given.part
    return core.optimizer(given.model, settings)
  elseif given.params then
    local names, tensors = lists(kind, given.params)
    return core.optimizer_of(names, tensors, settings)
  end
end

local function settings_of(kind, given)
  local settings = { kind = kind }
  for _, key in ipairs(SETTINGS[kind]) do
    settings[key] = given[key]
    if given[key] ~= nil then
      check_number(kind, key, given[key])
    end
  end
  overrides.set_optimizer(kind, SETTINGS[kind], settings)
  return settings
end

local function new(kind, given)
  check.keys(kind, given, KEYS[kind])
  check_parameters(kind, given)
  local settings = settings_of(kind, given)
  local all = core.optimizer_settings(settings)
  local self = setmetatable({}, class)
  inside[self] = {
    kind = kind, settings = settings, initial = all, now = copy(all), state = state_of(kind, given, settings), steps = 0,
  }
  return self
end

--- AdamW (Loshchilov and Hutter 2019): neap.optimizer.adamw { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8,
-- weight_decay = 0, clip = 0, ema = 0, model = ..., part = ..., params = ... }. `part` is a prefix of names of the model's
-- parameters; `params` are tensors in place of a model, { w, b } or { w = w, b = b }.
function optimizer.adamw(settings)
  return new("adamw", settings)
end

--- Stochastic gradient descent: neap.optimizer.sgd { lr = 1e-3, momentum = 0, weight_decay = 0, clip = 0, ema = 0,
-- model = ..., part = ..., params = ... }.
function optimizer.sgd(settings)
  return new("sgd", settings)
end

--- The names of the settings of all kinds.
function optimizer.settings()
  return names_of(RATE, MOMENTS, MOMENTUM, SHARED)
end

--- Is a value an optimiser of a model or of tensors?
function optimizer.is_live(value)
  return getmetatable(value) == class and inside[value].state ~= nil
end

-- Are these settings for neap.train, without a model?
local function is_settings(value)
  return getmetatable(value) == class and not inside[value].state
end

--- Reads neap.train's `optimizer`: settings for all phases of the objective, or { phase = settings, ... }. Returns { base,
-- phases }, tables of plain settings, with phases = nil if the settings are for all; nil for any other value.
function optimizer.read(value)
  if is_settings(value) then
    return { base = inside[value].settings }
  elseif type(value) ~= "table" or getmetatable(value) or next(value) == nil then
    return nil
  end
  local phases = {}
  for name, own in pairs(value) do
    if type(name) ~= "string" or not is_settings(own) then
      return nil
    end
    phases[name] = copy(inside[own].settings)
    overrides.set_optimizer(own.kind, SETTINGS[own.kind], phases[name], name)
    core.optimizer_settings(phases[name]) -- checks them
  end
  return { base = {}, phases = phases }
end

-- --- Fields -----------------------------------------------------------------------------------------------------------

local function is_setting(own, key)
  for _, name in ipairs(SETTINGS[own.kind]) do
    if name == key then
      return true
    end
  end
  return false
end

local function fail_field(own, key)
  local names = joined(SETTINGS[own.kind], check.names(READ_ONLY), check.names(methods))
  check.fail_name(own.kind .. ": there is no field", key, names)
end

--- optimizer.lr and the other settings, `kind`, and `steps`, the number of steps taken.
function class.__index(self, key)
  local own = inside[self]
  if methods[key] then
    return methods[key]
  elseif READ_ONLY[key] then
    return own[key]
  end
  return is_setting(own, key) and own.now[key] or fail_field(own, key)
end

--- optimizer.lr = 1e-4 sets the rate of later steps; likewise the other settings. Momentum and averages cannot begin or end.
function class.__newindex(self, key, value)
  local own = inside[self]
  if READ_ONLY[key] or methods[key] then
    core.fail_usage(("%s: %s cannot be set"):format(own.kind, key))
  elseif not is_setting(own, key) then
    fail_field(own, key)
  elseif not own.state then
    core.fail_usage(("%s: %s cannot be set: without a model, they are settings for neap.train; use neap.optimizer.%s { %s = .. }")
      :format(own.kind, key, own.kind, key))
  end
  check_number(own.kind, key, value)
  local now = copy(own.now)
  now[key] = value
  own.state:configure(now)
  own.now = now
end

function class.__tostring(self)
  local own, words = inside[self], {}
  for i, key in ipairs(SETTINGS[own.kind]) do
    words[i] = ("%s = %g"):format(key, own.now[key])
  end
  return ("%s { %s }"):format(own.kind, table.concat(words, ", "))
end

-- --- Methods ----------------------------------------------------------------------------------------------------------

local function live(self, verb)
  local own = inside[self]
  if not own.state then
    core.fail(("%s: expected a model to %s: neap.optimizer.%s { model = ..., lr = ... }"):format(own.kind, verb, own.kind))
  end
  return own
end

--- Updates the parameters with the gradients of backward, clears these, and returns their norm. `lr_scale` (1) scales the rate.
function methods:step(lr_scale)
  local own = live(self, "step")
  if lr_scale ~= nil then
    check_number(own.kind, "step", lr_scale)
  end
  if own.steps == 0 then
    overrides.check_reached { "model", "data", "optimizer" } -- before the work; samplers may be made after it
  end
  local norm = own.state:step(own.steps + 1, lr_scale or 1)
  own.steps = own.steps + 1
  return norm
end

--- Clears the gradients of the parameters of this optimiser.
function methods:clear()
  live(self, "clear").state:clear()
end

--- optimizer:averaged(f, ...) returns f(...), called with the moving averages in place of the parameters. Needs `ema`.
function methods:averaged(f, ...)
  local own = live(self, "average")
  if type(f) ~= "function" then
    core.fail(("%s: averaged: expected a function, got %s"):format(own.kind, type(f)))
  end
  own.state:swap_ema()
  local results = table.pack(pcall(f, ...))
  own.state:swap_ema()
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

-- --- For checkpoints --------------------------------------------------------------------------------------------------

--- The tensors of the state, { { name, tensor }, ... }.
function optimizer.state(self)
  return live(self, "save").state:state()
end

--- What a checkpoint stores besides: { kind, steps, initial, now }.
function optimizer.describe(self)
  local own = live(self, "save")
  return { kind = own.kind, steps = own.steps, initial = own.initial, now = own.now }
end

--- Sets steps and settings to those of a description.
function optimizer.restore(self, description)
  local own = live(self, "resume")
  own.state:configure(description.now)
  own.now, own.steps = copy(description.now), description.steps
end

return optimizer
