--- The command that repeats a run.
local options = require "neap.options"
local values = require "neap.report.values"

local repeat_line = {}

-- Keys that go on with a run, or say where it is.
local LEFT_OUT = { resume = true, extend = true, out = true, minutes = true, threads = true }

--- A word for a shell: quoted, unless it is plain.
function repeat_line.word(text)
  if text:find "^[%w_%-%./=:,+@%%]+$" then
    return text
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The pairs of all sessions, later ones in place of earlier ones.
local function pairs_of(settings)
  local found = {}
  for _, session in ipairs(type(settings.sessions) == "table" and settings.sessions or {}) do
    for key, value in pairs(type(session.overrides) == "table" and session.overrides or {}) do
      found[key] = not LEFT_OUT[key] and values.text(value) or nil
    end
  end
  return found
end

-- Was the run bounded by time? Its steps then depended on the machine.
local function was_timed(settings)
  return settings.settings.minutes ~= nil
end

--- The command for what settings.json has, and a remark or nil; nil for a run without a recipe. `steps` is the number of steps
-- that the run took.
function repeat_line.of(settings, steps)
  local own = settings.settings
  if type(settings.recipe) ~= "string" or type(own) ~= "table" then
    return nil
  end
  local found = pairs_of(settings)
  found.seed, found.precision = values.text(own.seed), own.precision
  if was_timed(settings) and steps then
    found.steps = values.text(steps)
  end
  local keys, words = {}, { "neap run", repeat_line.word(settings.recipe) }
  for key in pairs(found) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) -- the recipe's own keys first
    local one, other = options.standard[a] ~= nil, options.standard[b] ~= nil
    return one ~= other and other or one == other and a < b
  end)
  for _, key in ipairs(keys) do
    words[#words + 1] = repeat_line.word(("%s=%s"):format(key, found[key]))
  end
  local schedule = was_timed(settings) and own.decay ~= "none"
  return table.concat(words, " "), schedule and "The schedule of the learning rate followed the clock: minutes bounded the run. "
    .. "The command takes as many steps, with a schedule over all of them." or nil
end

return repeat_line
