--- Optimisers: settings for neap.train or, with a model, an object for your own training loop.
local core = require "neap.core"
local check = require "neap.check"
local setting = require "neap.setting"

local optimizer = {}

local class = {}
class.__index = class
class.__name = "neap.optimizer_settings"

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
  { "model", "a model", "For a loop of your own: the model whose parameters step() updates.", usual = "none, for neap.train" },
  { "part", "text", "Only the parameters whose names begin so.", usual = "all" },
}

-- The keys of each kind.
local KEYS = {
  adamw = setting.declare("neap.optimizer.adamw", RATE, MOMENTS, SHARED),
  sgd = setting.declare("neap.optimizer.sgd", RATE, MOMENTUM, SHARED),
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
