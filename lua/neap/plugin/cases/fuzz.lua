--- Parameters at random, within their ranges: the component works with them, or refuses them with a message.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"

local fuzz = { trials = 12 }

-- A sequence of numbers in [0, 1) by (seed, trial).
local function numbers(seed, trial)
  local at = 0
  return function()
    at = at + 1
    return core.uniform(seed, 5000 + trial, at)
  end
end

-- Sizes stay near the default, so that what is asked for is done in a moment.
local function whole(param, next_number)
  local high = math.min(param.high, math.max(2 * param.default, param.low + 4), param.default + 64)
  local choice = next_number()
  if choice < 0.25 then
    return math.tointeger(param.low)
  elseif choice < 0.5 then
    return math.tointeger(math.min(param.default, 64, param.high))
  end
  high = math.max(param.low, math.min(high, 64))
  return math.tointeger(math.floor(param.low + next_number() * (high - param.low)))
end

local function real(param, next_number)
  local low, high = math.max(param.low, -10), math.min(param.high, 10)
  local choice = next_number()
  if choice < 0.2 or low > high then
    return param.default
  elseif choice < 0.35 then
    return low
  elseif choice < 0.5 then
    return high
  end
  return low + next_number() * (high - low)
end

local TEXTS = { "", "x", "1 0", "nowhere/at/all", ("long"):rep(40), "\xc3\xa9" }

local values = {
  int = whole, real = real,
  flag = function(_, next_number) return next_number() < 0.5 end,
  choice = function(param, next_number) return param.choices[1 + math.floor(next_number() * #param.choices)] end,
  text = function(param, next_number)
    return next_number() < 0.5 and param.text or TEXTS[1 + math.floor(next_number() * #TEXTS)]
  end,
}

--- The settings of one trial, and the same as text.
function fuzz.settings(context, trial)
  local next_number, settings, words = numbers(context.seed, trial), {}, {}
  for _, param in ipairs(context.component.params) do
    if values[param.type] and not context.settings[param.name] then
      settings[param.name] = values[param.type](param, next_number)
      words[#words + 1] = ("%s=%s"):format(param.name, tostring(settings[param.name]))
    end
  end
  return settings, table.concat(words, " ")
end

--- The case of one trial. `use` makes a component with the settings and calls it.
function fuzz.case(use, trial)
  return function(context)
    local settings, text = fuzz.settings(context, trial)
    local done, problem = pcall(use, context, settings)
    local reason = done and "" or core.reason(problem)
    if reason:find("without a message", 1, true) or not done and reason == "" then
      core.fail(("with %s: %s"):format(text, reason))
    end
    return done and "works with " .. text or inputs.skip("refuses " .. text .. ": " .. reason:gsub("^skip: ", ""))
  end
end

return fuzz
