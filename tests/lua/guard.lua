--- The guard of a run: when it notices that a value has risen, what it stores, and what it refuses.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local guard = require "neap.train.guard"
local test, equal, raises = check.test, check.equal, check.raises

local function report(value)
  return { loss = 1, gradient_norm = 2, reports = { error = value } }
end

-- Takes values f(1), f(2), ... until the guard notices something; returns the step and the message.
local function first_notice(g, steps, f)
  for step = 1, steps do
    local risen = g:check(report(f(step)))
    if risen then
      return step, risen
    end
  end
end

test("a value that falls or stays is not noticed", function()
  equal(first_notice(guard.new { error = 0.5 }, 5000, function(step) return 1 / step end), nil)
  equal(first_notice(guard.new { error = 0.01 }, 5000, function() return 3 end), nil)
  equal(first_notice(guard.new {}, 5000, function(step) return step end), nil)
end)

test("a rise by more than the share is noticed, smoothed over 50 steps", function()
  -- The mean is 1 + (1 - 0.98^k) after k steps at 2; it exceeds 1.5 at the 35th.
  local step, text = first_notice(guard.new { error = 0.5 }, 5000, function(i) return i <= 300 and 1 or 2 end)
  equal(step, 335)
  equal(text, "train: error rose to 1.507, which is more than 1.5 times its least value, 1")
  equal(first_notice(guard.new { error = 0.5 }, 5000, function(i) return i <= 300 and 1 or 1.49 end), nil)
  equal(first_notice(guard.new { error = 0.5 }, 5000, function(i) return i == 300 and 20 or 1 end), nil)
end)

test("a single small value at the start is not the least", function()
  equal(first_notice(guard.new { error = 0.5 }, 5000, function(i) return i == 1 and 0.001 or 1 end), nil)
end)

test("a rise over thousands of steps is none: the least value is that of the recent past", function()
  equal(first_notice(guard.new { error = 0.5 }, 10000, function(i) return 1 + i / 5000 end), nil)
  equal(first_notice(guard.new { error = 0.5 }, 10000, function(i) return 1 + i / 500 end) ~= nil, true)
end)

test("the loss and the gradient norm are values, too", function()
  local g = guard.new { loss = 0.5, gradient_norm = 0.5 }
  for i = 1, 500 do
    local risen = g:check { loss = 1, gradient_norm = i <= 400 and 1 or 9, reports = {} }
    if risen then
      return equal(risen:match "train: (%S+) rose", "gradient_norm")
    end
  end
  error "it was not noticed"
end)

test("a stored state goes on as the first would have", function()
  local function f(i) return 2 + math.sin(i) + (i > 1300 and 0.7 or 0) end
  local whole = first_notice(guard.new { error = 0.2 }, 3000, f)
  for _, cut in ipairs { 10, 49, 50, 999, 1000, 1250 } do
    local g, resumed = guard.new { error = 0.2 }, guard.new { error = 0.2 }
    equal(first_notice(g, cut, f), nil)
    local stored = g:describe()
    g:check(report(1000)) -- does not change what was stored
    resumed:restore(stored, "here")
    equal(cut + first_notice(resumed, 3000, function(i) return f(cut + i) end), whole)
  end
  equal(whole > 1300, true)
end)

test("the least value of the horizon before is stored, too", function()
  local function f(i) return i <= 990 and 1 or i <= 1300 and 1.4 or 1.6 end
  local g, resumed = guard.new { error = 0.5 }, guard.new { error = 0.5 }
  equal(first_notice(g, 1250, f), nil)
  resumed:restore(g:describe(), "here")
  equal(1250 + first_notice(resumed, 500, function(i) return f(1250 + i) end), first_notice(guard.new { error = 0.5 }, 3000, f))
end)

test("a state is calm within half of the limit", function()
  local g = guard.new { error = 0.5 }
  equal(g:is_calm(), true)
  first_notice(g, 300, function() return 1 end)
  equal(g:is_calm(), true)
  first_notice(g, 14, function() return 2 end) -- a mean of 1.246
  equal(g:is_calm(), true)
  first_notice(g, 1, function() return 2 end) -- 1.261
  equal(g:is_calm(), false)
end)

test("a stopped guard notices nothing and has no state", function()
  local g = guard.new { error = 0.5 }
  first_notice(g, 100, function() return 1 end)
  g:stop()
  equal(first_notice(g, 300, function(i) return i end), nil)
  equal(next(g:describe()), nil)
end)

test("what is not reported, and what is no state, is refused", function()
  raises("train: guard: expected a value that each step reports, got 'eror'; did you mean 'error'?", function()
    guard.new({ eror = 1 }):check(report(1))
  end)
  for _, state in ipairs { { error = 5 }, { error = { count = 0.5, mean = 1 } }, { error = { count = 1 } },
    { error = { count = 1, mean = 1, least = "x" } } } do
    raises("x.safetensors: metadata 'neap.guard': expected the averages of guarded values", function()
      guard.new({ error = 1 }):restore(state, "x.safetensors")
    end)
  end
end)

check.finish()
