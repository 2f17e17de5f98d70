--- Optimisers: settings for neap.train, or, with a model, an object for loops of one's own.
local core = require "neap.core"
local check = require "neap.check"

local optimizer = {}

local KEYS = { "lr", "beta1", "beta2", "eps", "weight_decay", "clip", "ema", "model" }

local adamw = {}
adamw.__index = adamw
adamw.__name = "neap.adamw"

--- AdamW (Loshchilov and Hutter 2019): neap.optimizer.adamw { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8,
-- weight_decay = 0, clip = 0, ema = 0, model = ... }.
function optimizer.adamw(settings)
  check.keys("adamw", settings, KEYS)
  local self = setmetatable({ steps = 0, settings = settings }, adamw)
  if settings.model then
    self.state = core.adamw(settings.model, settings)
  end
  return self
end

--- Updates the model by the gradients that backward left, clears them, and returns their norm.
function adamw:step(lr_scale)
  if not self.state then
    core.fail("adamw: expected a model to step: neap.optimizer.adamw { model = ..., lr = ... }")
  end
  self.steps = self.steps + 1
  return self.state:step(self.steps, lr_scale or 1)
end

return optimizer
