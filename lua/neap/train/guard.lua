--- The guard of a run: detects that the moving average of a reported value has risen by a share of its minimum.
--
-- Averages run over MEMORY steps; their minimum is that of the last HORIZON to 2 HORIZON steps. Both depend on the steps taken
-- alone, and checkpoints hold them, so a resumed run detects the same rises as a run that never stopped.
local core = require "neap.core"
local check = require "neap.check"

local guard = {}
guard.__index = guard

local MEMORY, HORIZON = 50, 1000 -- steps

--- A guard with limits { name = share }: 0.5 allows a rise by half. Without limits it detects nothing.
function guard.new(limits)
  return setmetatable({ limits = limits, state = {} }, guard)
end

--- What a checkpoint stores: for each name the number of values, their moving average, and its minimum in this horizon and in
-- the one before.
function guard:describe()
  local copy = {}
  for name, s in pairs(self.state) do
    copy[name] = { count = s.count, mean = s.mean, least = s.least, before = s.before }
  end
  return copy
end

--- Sets the state to one that describe() gave. `path` is the checkpoint that it comes from, if any; fails for anything else.
function guard:restore(state, path)
  self.state = {}
  for name, s in pairs(state) do
    local valid = type(s) == "table" and math.tointeger(s.count) and math.type(s.mean)
    for _, key in ipairs { "least", "before" } do
      valid = valid and (s[key] == nil or math.type(s[key]))
    end
    if not valid then
      core.fail(("%s: metadata 'neap.guard': expected the averages of guarded values"):format(path))
    end
    self.state[name] = { count = s.count, mean = s.mean, least = s.least, before = s.before }
  end
end

local function value_of(report, name)
  return report.reports[name] or name == "loss" and report.loss or name == "gradient_norm" and report.gradient_norm or nil
end

local function names_in(report)
  local names = { "loss", "gradient_norm" }
  for name in pairs(report.reports) do
    names[#names + 1] = name
  end
  return names
end

local function least_of(s)
  return math.min(s.least or math.huge, s.before or math.huge)
end

-- Adds a value. The averages of the first MEMORY steps are too noisy for a minimum.
local function add(s, value)
  s.count = s.count + 1
  s.mean = s.mean + (value - s.mean) / math.min(s.count, MEMORY)
  if s.count % HORIZON == 0 then
    s.least, s.before = nil, s.least
  end
  if s.count >= MEMORY then
    s.least = math.min(s.least or math.huge, s.mean)
  end
end

--- Adds the report of a step. Returns a sentence when a value has risen too far, else nil.
function guard:check(report)
  local risen
  for name, limit in pairs(self.limits) do
    local value = value_of(report, name)
    if not value then
      core.fail(("train: guard: expected a value that each step reports, got '%s'%s"):format(name,
        check.suggestion(name, names_in(report))))
    end
    local s = self.state[name] or { count = 0, mean = 0 }
    self.state[name] = s
    add(s, value)
    if s.mean > (1 + limit) * least_of(s) then
      risen = ("train: %s rose to %.4g, which is more than %g times its least value, %.4g"):format(name, s.mean, 1 + limit,
        least_of(s))
    end
  end
  return risen
end

--- Is each value within half of its limit? Only such a state is worth going back to.
function guard:is_calm()
  for name, s in pairs(self.state) do
    if s.mean > (1 + (self.limits[name] or math.huge) / 2) * least_of(s) then
      return false
    end
  end
  return true
end

--- Turns the guard off.
function guard:stop()
  self.limits, self.state = {}, {}
end

return guard
