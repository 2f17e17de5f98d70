--- Learning-rate schedules for loops of a recipe's own.
local core = require "neap.core"
local check = require "neap.check"
local rule = require "neap.rule"
local setting = require "neap.setting"

local schedule = {}

local SETTINGS = {
  { "steps", rule.whole(1), "The last step, where a rate that falls has reached the floor.", usual = "needed with decay" },
  { "warmup", rule.whole(0), "Steps over which the factor rises from 0.", default = 0 },
  { "decay", rule.choice("none", "linear", "cosine"), "How it falls until the last step.", default = "none" },
  { "floor", rule.number(0, 1), "Factor at the end of the decay.", default = 0 },
}
local KEYS, RULES = setting.declare("neap.schedule", SETTINGS), setting.rules(SETTINGS)

--- neap.schedule { steps, warmup = 0, decay = "none", floor = 0 } -> function(step): the factor of the learning rate at a step,
-- from 1 on, as neap.train has it: linear from 0 to 1 over `warmup` steps, then constant, or falling to `floor` at step `steps`.
function schedule.new(given)
  check.keys("schedule", given, KEYS)
  local own = setting.defaults(SETTINGS)
  for key, value in pairs(given) do
    own[key] = rule.read("schedule: " .. key, RULES[key], value)
  end
  if own.decay ~= "none" then
    check.required("schedule", own, { "steps" })
  end
  return function(step)
    if type(step) ~= "number" then
      core.fail(("schedule: expected a step, got %s"):format(type(step)))
    end
    return core.schedule(step, own.warmup, own.steps or 1, own.decay, own.floor)
  end
end

return schedule
