--- Optimisers: settings for neap.train or, with a model, an object for your own training loop.
local core = require "neap.core"
local check = require "neap.check"

local optimizer = {}

local class = {}
class.__index = class
class.__name = "neap.optimizer_settings"

-- The keys of each kind. With `model` the result is an optimiser of its parameters, or of those whose names begin with `part`.
local KEYS = {
  adamw = { "lr", "beta1", "beta2", "eps", "weight_decay", "clip", "ema", "model", "part" },
  sgd = { "lr", "momentum", "weight_decay", "clip", "ema", "model", "part" },
}

local function new(kind, settings)
  check.keys(kind, settings, KEYS[kind])
  local self = setmetatable({ kind = kind, steps = 0, settings = { kind = kind } }, class)
  for key, value in pairs(settings) do
    self.settings[key] = value
  end
  core.optimizer_check(self.settings)
  if settings.part and not settings.model then
    core.fail_usage(("%s: part: expected a model beside it: neap.optimizer.%s { model = ..., part = ... }"):format(kind, kind))
  end
  if settings.model then
    self.settings.model = nil
    self.state = core.optimizer(settings.model, self.settings)
  end
  return self
end

--- AdamW (Loshchilov and Hutter 2019): neap.optimizer.adamw { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8,
-- weight_decay = 0, clip = 0, ema = 0, model = ... }.
function optimizer.adamw(settings)
  return new("adamw", settings)
end

--- Stochastic gradient descent: neap.optimizer.sgd { lr = 1e-3, momentum = 0, weight_decay = 0, clip = 0, ema = 0,
-- model = ... }.
function optimizer.sgd(settings)
  return new("sgd", settings)
end

-- Are these settings for neap.train, without a model?
local function is_settings(value)
  return type(value) == "table" and getmetatable(value) == class and not value.state
end

--- Reads neap.train's `optimizer`: settings for all phases of the objective, or { phase = settings, ... }. Returns { base,
-- phases }, tables of plain settings, with phases = nil if the settings are for all; nil for any other value.
function optimizer.read(value)
  if is_settings(value) then
    return { base = value.settings }
  elseif type(value) ~= "table" or next(value) == nil then
    return nil
  end
  local phases = {}
  for name, own in pairs(value) do
    if type(name) ~= "string" or not is_settings(own) then
      return nil
    end
    phases[name] = own.settings
  end
  return { base = {}, phases = phases }
end

local function state_of(self, verb)
  if not self.state then
    core.fail(("%s: expected a model to %s: neap.optimizer.%s { model = ..., lr = ... }"):format(self.kind, verb, self.kind))
  end
  return self.state
end

--- Updates the model with the gradients of backward, clears the gradients of its parameters, and returns their norm.
function class:step(lr_scale)
  local state = state_of(self, "step")
  self.steps = self.steps + 1
  return state:step(self.steps, lr_scale or 1)
end

--- Clears the gradients of the parameters of this optimiser.
function class:clear()
  state_of(self, "clear"):clear()
end

return optimizer
