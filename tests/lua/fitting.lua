-- AdamW for loops of one's own: it finds a known solution, and refuses what makes no sense.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

-- A field whose velocity is known: each point moves by a quarter turn of itself.
local function quarter_turn(x)
  local a, b = x:chunk(2)
  return neap.concat({ -b, a }, -1)
end

local function fit(settings, steps)
  neap.seed(1)
  local model = neap.architecture.mlp { hidden = 32, depth = 2, time_features = 8 }
  settings.model = model
  local optimizer = neap.optimizer.adamw(settings)
  local first, last
  for _ = 1, steps do
    local x = neap.randn(64, 1, 1, 2)
    local loss = (model(x, neap.rand(64)) - quarter_turn(x)):square():mean()
    loss:backward()
    optimizer:step()
    last = loss:item()
    first = first or last
  end
  return first, last, model
end

test("a small MLP learns a quarter turn", function()
  local first, last, model = fit({ lr = 5e-3 }, 400)
  check.truth(first > 0.5 and last < 0.03, ("the loss went from %g to %g"):format(first, last))
  local x = neap.tensor { 1, 0.5 }:reshape(1, 1, 1, 2)
  check.close(model(x, 0.5):reshape(2), { -0.5, 1 }, 0.3) -- a deviation of 0.17 each at that loss
end)

test("the same seed takes the same steps", function()
  local _, once = fit({ lr = 5e-3 }, 5)
  local _, again = fit({ lr = 5e-3 }, 5)
  equal(again, once)
end)

test("step tells the norm of the gradients and clears them; its argument scales the rate", function()
  local model = neap.architecture.mlp { hidden = 4, depth = 1 }
  local optimizer = neap.optimizer.adamw { model = model, lr = 1e-2 }
  local weight = model:parameters()[1][2]
  local before = weight:tolist()
  model(neap.ones(1, 1, 1, 2), 0.5):sum():backward()
  local sum = 0
  for _, entry in ipairs(model:parameters()) do
    sum = sum + (entry[2].grad and entry[2].grad:square():sum():item() or 0)
  end
  check.close(optimizer:step(0), math.sqrt(sum), 1e-4)
  equal({ weight.grad, weight:tolist() }, { nil, before })
  raises("step: none of the parameters has a gradient: call backward on a loss made from them first", function()
    optimizer:step()
  end)
end)

test("a gradient that stays the same moves by the rate at every step", function()
  local model = neap.architecture.mlp { hidden = 4, depth = 1 }
  local optimizer = neap.optimizer.adamw { model = model, lr = 0.25 }
  local list = model:parameters()
  local bias = list[#list][2] -- what the output ends with: its gradient is 1 for each point
  for step = 1, 3 do
    model(neap.ones(1, 1, 1, 2), 0.5):sum():backward()
    optimizer:step()
    check.close(bias, { -0.25 * step, -0.25 * step }) -- the bias begins at 0
  end
end)

test("settings that are refused", function()
  local model = neap.architecture.mlp { hidden = 4 }
  raises("adamw: expected one table of settings, got nil", function() neap.optimizer.adamw() end)
  raises("adamw: unknown key 'lrr'; did you mean 'lr'?", function() neap.optimizer.adamw { lrr = 1 } end)
  raises("adamw: ema: expected a number from 0 and below 1, got 5", function() neap.optimizer.adamw { ema = 5 } end)
  raises("sgd: lr: expected a number above 0, got 0", function() neap.optimizer.sgd { lr = 0 } end)
  raises("adamw: lr: expected a number, got text 'a'", function() neap.optimizer.adamw { lr = "a", model = model } end)
  raises("expected a model, got number", function() neap.optimizer.adamw { model = 3 } end)
  raises("adamw: expected a model to step: neap.optimizer.adamw { model = ..., lr = ... }", function()
    neap.optimizer.adamw({ lr = 1 }):step()
  end)
end)

check.finish()
