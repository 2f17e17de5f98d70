-- Optimizers of loops of one's own: their fields, loose tensors, averages; schedules.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local function leaf(values)
  return neap.tensor(values):require_grad()
end

-- One step of gradient descent along w: its gradient is all ones.
local function descend(optimizer, w)
  w:sum():backward()
  return optimizer:step()
end

test("the rate is read and set", function()
  local w = leaf { 1, 2 }
  local optimizer = neap.optimizer.sgd { params = { w }, lr = 0.5 }
  equal({ optimizer.lr, optimizer.momentum, optimizer.kind, optimizer.steps }, { 0.5, 0, "sgd", 0 })
  descend(optimizer, w)
  equal(w, { 0.5, 1.5 })
  optimizer.lr = 0.25
  equal(optimizer.lr, 0.25)
  descend(optimizer, w)
  equal(w, { 0.25, 1.25 })
  optimizer.lr = 0 -- as schedules end
  descend(optimizer, w)
  equal({ w:tolist(), optimizer.steps }, { { 0.25, 1.25 }, 3 })
  optimizer.lr, optimizer.weight_decay = 1, 0.5
  descend(optimizer, w)
  equal(w, { -0.875, -0.375 }) -- w - (1 + w / 2)
  optimizer.weight_decay, optimizer.clip = 0, math.sqrt(2) / 4
  descend(optimizer, w)
  check.close(w, { -1.125, -0.625 }, 1e-6)
end)

test("fields and values that are refused", function()
  local optimizer = neap.optimizer.adamw { params = { leaf { 1 } }, lr = 0.5 }
  local function set(key, value)
    return function() optimizer[key] = value end
  end
  raises("adamw: there is no field 'foo'", set("foo", 1))
  raises("adamw: there is no field 'lrr'; did you mean 'lr'?", set("lrr", 1))
  raises("adamw: there is no field 'momentum'", set("momentum", 0.9))
  raises("adamw: there is no field 'stpes'; did you mean 'steps'?", function() return optimizer.stpes end)
  raises("adamw: steps cannot be set", set("steps", 3))
  raises("adamw: kind cannot be set", set("kind", "sgd"))
  raises("adamw: step cannot be set", set("step", print))
  raises("adamw: lr: expected a number, got text '1e-3'", set("lr", "1e-3"))
  raises("adamw: lr: expected a number, got nil", set("lr", nil))
  raises("adamw: lr: expected a number above 0, got -1", set("lr", -1))
  raises("adamw: beta2: expected a number from 0 and below 1, got 1", set("beta2", 1))
  raises("adamw: ema: cannot begin or end, as it has a state: expected 0, got 0.9; make a new optimizer", set("ema", 0.9))
  equal({ optimizer.lr, optimizer.beta2, optimizer.ema }, { 0.5, 0.999, 0 })
  local alone = "sgd: lr cannot be set: without a model, they are settings for neap.train; use neap.optimizer.sgd { lr = .. }"
  raises(alone, function() neap.optimizer.sgd({}).lr = 1 end)
  raises("sgd: lr: expected a number, got text '1'", function() neap.optimizer.sgd { lr = "1" } end)
end)

test("loose tensors: a line through points", function()
  neap.seed(3)
  local w, b = leaf { 0 }, leaf { 0 }
  local optimizer = neap.optimizer.adamw { params = { w = w, b = b }, lr = 0.05 }
  for step = 1, 400 do
    local x = neap.randn(32)
    local loss = (x * 3 - 1 - (x * w + b)):square():mean()
    loss:backward()
    optimizer:step(1 - step / 500)
  end
  check.close(w, { 3 }, 0.02)
  check.close(b, { -1 }, 0.02)
end)

test("params that are refused", function()
  local w, model = leaf { 1, 2 }, neap.architecture.mlp { hidden = 4 }
  local function refused(message, params)
    raises(message, function() neap.optimizer.adamw { params = params } end)
  end
  refused("adamw: params: expected a table of tensors, got userdata", w)
  refused("adamw: expected at least one parameter", {})
  refused("adamw: params: '2': expected a tensor, got number", { w, 3 })
  refused("adamw: 'b': expected a tensor that requires a gradient, as require_grad marks it", { a = w, b = neap.zeros(2) })
  refused("adamw: 1: require_grad: expected a leaf, got the result of 'affine'", { w * 2 })
  refused("adamw: '2': shares its elements with '1'", { w, w })
  refused("adamw: '1': expected contiguous f32, got f64", { neap.ones(2):cast "f64" })
  raises("adamw: expected model or params, got both", function() neap.optimizer.adamw { model = model, params = { w } } end)
  raises("adamw: part: expected a model beside it: neap.optimizer.adamw { model = ..., part = ... }", function()
    neap.optimizer.adamw { params = { w }, part = "a" }
  end)
end)

test("gradients add up until a step", function()
  local a, b = leaf { 1, 2 }, leaf { 1, 2 }
  local x = { neap.tensor { 1, 0 }, neap.tensor { 3, 5 } }
  local one, two = neap.optimizer.adamw { params = { a }, lr = 0.1 }, neap.optimizer.adamw { params = { b }, lr = 0.1 }
  for _ = 1, 3 do
    for i = 1, 2 do
      ((a * x[i]):square():sum() / 2):backward()
    end
    (((b * x[1]):square():sum() + (b * x[2]):square():sum()) / 2):backward()
    one:step()
    two:step()
  end
  check.close(a, b:tolist(), 1e-6)
end)

test("averages take the place of the parameters, also where the function fails", function()
  local w = leaf { 1 }
  local optimizer = neap.optimizer.sgd { params = { w }, lr = 1, ema = 0.5 }
  descend(optimizer, w) -- w is 0; the decay of the first step is 1 - 2 ^ (-2 / 3)
  local decay = 1 - 2 ^ (-2 / 3)
  local seen, second = optimizer:averaged(function(add) return w:tolist()[1] + add, "second" end, 10)
  check.close(neap.tensor { seen }, { 10 + decay }, 1e-6)
  equal({ second, w:tolist() }, { "second", { 0 } })
  equal({ pcall(optimizer.averaged, optimizer, error, "broken") }, { false, "broken" })
  equal(w, { 0 })
  raises("optimizer: there is no moving average: ema is 0", function()
    neap.optimizer.sgd({ params = { w } }):averaged(print)
  end)
end)

test("a step without any gradient", function()
  local w = leaf { 1 }
  local optimizer = neap.optimizer.sgd { params = { w } }
  raises("step: none of the parameters has a gradient: call backward on a loss made from them first", function()
    optimizer:step()
  end)
  raises("sgd: step: expected a number, got text '1'", function() optimizer:step "1" end)
  equal(optimizer.steps, 0)
end)

test("schedules", function()
  local rate = neap.schedule { steps = 10, warmup = 2, decay = "cosine", floor = 0.5 }
  check.close(neap.tensor { rate(1), rate(2), rate(6), rate(10) }, { 0.5, 1, 0.75, 0.5 }, 1e-6)
  equal({ neap.schedule { warmup = 4 }(1), neap.schedule { warmup = 4 }(400) }, { 0.25, 1 })
  equal(neap.schedule { steps = 4, decay = "linear" }(3), 0.25)
  raises("schedule: expected 'steps'", function() neap.schedule { decay = "cosine" } end)
  raises("schedule: unknown key 'warmpu'; did you mean 'warmup'?", function() neap.schedule { warmpu = 1 } end)
  raises("schedule: decay: expected none, linear or cosine, got 'step'", function() neap.schedule { decay = "step" } end)
  raises("schedule: steps: expected a whole number from 1, got '10'", function() neap.schedule { steps = "10" } end)
  raises("schedule: expected a step, got string", function() rate "1" end)
end)

test("the words of neap.precision are those of neap.train", function()
  equal(neap.precision "bf16", "fp32")
  equal(neap.precision(), "bf16")
  equal(neap.precision "fp32", "bf16")
  raises("precision: expected auto, fp32 or bf16, got 'f32'", function() neap.precision "f32" end)
  equal(neap.precision(), "fp32")
end)

check.finish()
