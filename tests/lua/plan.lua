-- The schedule of a run that time cuts short: it is laid over the steps that fit, follows a machine that changes its speed, and
-- is the same after a resume. The clock is simulated.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local plan_of = require "neap.train.plan"
local test, equal, raises = check.test, check.equal, check.raises

local SETTINGS = { steps = 1000, warmup = 50, decay = "cosine", floor = 0 }
local LIMIT = 100 -- seconds

-- Runs all steps; `seconds_of(step)` is what each takes, `other_of(step)` what comes before it. Returns the rates by step, the
-- seconds in all and the plan.
local function simulate(settings, rehearsed, seconds_of, other_of)
  local plan, rates, spent, step = plan_of.new(settings, 0, LIMIT, rehearsed), {}, 0, 0
  plan:follow(settings.steps, LIMIT, rehearsed)
  while step < plan:last() do
    step = step + 1
    rates[step] = plan:scale(step)
    local other = other_of and other_of(step) or 0
    spent = spent + seconds_of(step) + other
    plan:adapt(step, seconds_of(step), other, spent)
  end
  return rates, spent, plan
end

-- The rate rises once, by the warm-up, then only falls, by small steps, and ends at the floor.
local function check_decay(rates, floor)
  local top = 1
  while top < #rates and rates[top + 1] >= rates[top] do
    top = top + 1
  end
  assert(top < #rates // 3, "the rate rises up to step " .. top)
  for i = top + 1, #rates do
    assert(rates[i] <= rates[i - 1], ("the rate rises at step %d"):format(i))
    assert(rates[i - 1] - rates[i] < 0.2, ("the rate jumps at step %d"):format(i))
  end
  assert(math.abs(rates[#rates] - floor) < 1e-12, "the rate ends at " .. rates[#rates])
end

local function steady(seconds)
  return function() return seconds end
end

test("a schedule that fits is the plain one", function()
  local rates, _, plan = simulate(SETTINGS, 0.01, steady(0.01))
  equal(#rates, 1000)
  equal(#plan.parts, 1)
  for step, rate in ipairs(rates) do
    equal(rate, core.schedule(step, 50, 1000, "cosine", 0))
  end
end)

test("half as many steps fit on a machine at half the speed", function()
  local rates, spent, plan = simulate(SETTINGS, 0.2, steady(0.2))
  assert(#rates > 450 and #rates <= 500, #rates)
  assert(spent <= LIMIT * 1.05, spent)
  equal(plan.warmup, 50)
  check_decay(rates, 0)
end)

test("warm-up takes a fifth of a short run at most", function()
  local rates, _, plan = simulate(SETTINGS, 2, steady(2))
  assert(plan.warmup <= #rates // 4, plan.warmup)
  check_decay(rates, 0)
end)

for name, seconds_of in pairs {
  ["slows down in the middle"] = function(step) return step < 200 and 0.2 or 0.6 end,
  ["slows down near its end"] = function(step) return step < 440 and 0.2 or 2 end,
  ["was rehearsed beside other work"] = steady(0.05),
  ["was rehearsed on an idle machine"] = steady(0.9),
  ["changes all the time"] = function(step) return step // 40 % 2 == 0 and 0.1 or 0.4 end,
} do
  test("a machine that " .. name .. " ends its decay in time", function()
    local rates, spent = simulate(SETTINGS, 0.2, seconds_of)
    check_decay(rates, 0)
    -- A machine that is ten times slower from one step on is only known to be so some steps later.
    assert(#rates > 900 or spent > LIMIT * 0.85 and spent < LIMIT * 1.25, spent)
  end)
end

-- The first estimate allows so few steps that the tail of the later ones is a large share of it.
test("a run whose first steps were slow ends in time", function()
  local settings = { steps = 100000, warmup = 50, decay = "cosine", floor = 0 }
  local rates, spent, plan = simulate(settings, 0.2, function(step) return step < 20 and 0.2 or 0.01 end)
  check_decay(rates, 0)
  assert(#rates > 8000 and spent < LIMIT * 1.05, spent)
  assert(#plan.parts < 40, #plan.parts)
end)

test("pictures between steps count", function()
  local rates, spent = simulate(SETTINGS, 0.1, steady(0.1), function(step) return step % 50 == 0 and 5 or 0 end)
  check_decay(rates, 0)
  assert(spent < LIMIT * 1.1, spent)
end)

test("floors and linear decay", function()
  local rates = simulate({ steps = 1000, warmup = 0, decay = "linear", floor = 0.1 }, 0.2, steady(0.5))
  check_decay(rates, 0.1)
end)

test("without decay there is nothing to lay over other steps", function()
  local plan = plan_of.new({ steps = 1000, warmup = 0, decay = "none", floor = 0 }, 0, LIMIT, 5)
  equal(plan:last(), 1000)
end)

test("a checkpoint holds the schedule exactly", function()
  local rates, _, plan = simulate(SETTINGS, 0.2, function(step) return 0.1 + step % 7 * 0.07 + step * 0.0013 end)
  assert(#plan.parts > 1, "the plan has one part: nothing is shown")
  local again = plan_of.restore("x", core.json_decode(core.json_encode(plan:describe())), SETTINGS)
  for step, rate in ipairs(rates) do
    equal(again:scale(step), rate)
  end
end)

test("more steps are laid under what is left, without a jump", function()
  local plan = plan_of.new(SETTINGS, 0, math.huge, 0.1)
  local before = plan:scale(400)
  plan:aim(400, 2000)
  equal(plan:scale(400), before)
  assert(math.abs(plan:scale(401) - before) < 0.002)
  assert(plan:scale(2000) < 1e-12)
end)

test("a rollback takes the parts of its steps with it", function()
  local plan = plan_of.new(SETTINGS, 0, math.huge, 0.1)
  plan:aim(400, 800)
  plan:aim(300, 700)
  equal(#plan.parts, 2)
  assert(plan:scale(700) < 1e-12)
end)

test("a plan that begins later counts its own steps", function()
  local plan = plan_of.new(SETTINGS, 600, math.huge, 0.1)
  equal(plan:scale(601), 1 / 50)
  equal(plan:last(), 1000)
end)

test("what is no plan is refused", function()
  for _, stored in ipairs { {}, { warmup = 1, total = 2, parts = {} }, { warmup = 1, total = 2, parts = { { step = 0 } } } } do
    raises("x: metadata 'neap.plan': expected a schedule with its parts", function()
      plan_of.restore("x", stored, SETTINGS)
    end)
  end
end)

check.finish()
