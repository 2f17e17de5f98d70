--- The learning-rate schedule of a run, and how many steps it takes.
--
-- A schedule of `total` steps is mapped to the steps that the run takes. When `minutes` would end the run first, these
-- are as many as fit, by the seconds of a step. Their number changes during the run when the machine is slower or faster
-- than expected, so that the learning rate always completes its decay. Each change begins a new part: the rest of the
-- schedule is stretched or compressed over the remaining steps, and the rate does not jump. The parts are stored in the
-- checkpoint, so a resumed run uses the same rates.
local core = require "neap.core"

local plan = {}
plan.__index = plan

local MARGIN = 1.05 -- time of a step with its update, relative to a rehearsed one
local WARMUP_SHARE = 5 -- in a run shortened by its time limit, warm-up takes at most total / 5 steps
local FIRST_CHANGE = 8 -- steps before the time of a step is known well enough
local MEMORY = 20 -- the time of a step is averaged over a twentieth of the run's steps
local SLOWER, FASTER = 0.05, 0.1 -- smallest changes of the number of steps that begin a new part, as shares of that number
local LEAST_CHANGE = 5 -- the same in steps
local TAIL = 0.02 -- a run that gets shorter may exceed its time by this share of the steps so far to end its decay

local function steps_that_fit(seconds, per_step)
  return math.max(1, math.floor(seconds / per_step))
end

--- The plan of a run at step `from`. settings: { steps, warmup, decay, floor } of neap.train; `limit`: seconds left,
-- infinity for no limit; `per_step`: seconds of a step.
function plan.new(settings, from, limit, per_step)
  local asked = settings.steps - from
  local timed = settings.decay ~= "none" and steps_that_fit(limit, per_step * MARGIN) or asked
  local total = math.max(1, math.min(asked, timed))
  local warmup = total < asked and math.min(settings.warmup, total // WARMUP_SHARE) or settings.warmup
  return setmetatable({
    decay = settings.decay, floor = settings.floor, warmup = warmup, total = total,
    parts = { { step = from, at = 0, last = from + total } },
  }, plan)
end

--- A plan from plan:describe() in a checkpoint, with the decay and floor of the settings. Fails for anything else.
function plan.restore(path, stored, settings)
  local valid = math.tointeger(stored.warmup) and math.tointeger(stored.total) and type(stored.parts) == "table"
    and #stored.parts > 0
  for _, part in ipairs(valid and stored.parts or {}) do
    valid = valid and math.tointeger(part.step) and tonumber(part.at) and math.tointeger(part.last)
  end
  if not valid then
    core.fail(path .. ": metadata 'neap.plan': expected a schedule with its parts")
  end
  return setmetatable({
    decay = settings.decay, floor = settings.floor, warmup = stored.warmup, total = stored.total, parts = stored.parts,
  }, plan)
end

--- The plan as a checkpoint stores it.
function plan:describe()
  return { warmup = self.warmup, total = self.total, parts = self.parts }
end

local function current(self)
  return self.parts[#self.parts]
end

--- The last step of the run.
function plan:last()
  return current(self).last
end

-- How many steps the run takes.
local function length(self)
  return self:last() - self.parts[1].step
end

-- The position of a step in the schedule. A part covers the steps after part.step.
local function position(self, step)
  local i = #self.parts
  while i > 1 and self.parts[i].step >= step do
    i = i - 1
  end
  local part = self.parts[i]
  if part.last - part.step == self.total - part.at then
    return part.at + (step - part.step) -- exact where nothing is stretched
  end
  return part.at + (step - part.step) * (self.total - part.at) / (part.last - part.step)
end

--- The factor of the learning rate at a step.
function plan:scale(step)
  return core.schedule(position(self, step), self.warmup, self.total, self.decay, self.floor)
end

--- Maps the rest of the schedule to the steps after `step` up to `last`.
function plan:aim(step, last)
  if last == self:last() then
    return
  end
  local at = math.floor(position(self, step) * 1000 + 0.5) / 1000 -- few digits, so that JSON stores it exactly
  while #self.parts > 1 and current(self).step >= step do
    table.remove(self.parts) -- its steps were rolled back
  end
  self.parts[#self.parts + 1] = { step = step, at = at, last = last }
end

-- --- Following the clock ---------------------------------------------------------------------------------------------

--- Starts to follow the time of a run that ends after `limit` seconds or at step `steps`.
function plan:follow(steps, limit, per_step)
  self.clock = { steps = steps, limit = limit, per_step = per_step * MARGIN, taken = 0, other = 0 }
end

-- Expected seconds of each remaining step, with its share of the pictures, scores and checkpoints between steps.
local function forecast(self, seconds, other)
  local clock = self.clock
  clock.taken, clock.other = clock.taken + 1, clock.other + other
  clock.per_step = clock.per_step + (seconds - clock.per_step) / math.max(FIRST_CHANGE, length(self) // MEMORY)
  return clock.per_step + clock.other / clock.taken
end

--- To be called after each step, with its seconds, those of `other` work since the step before, and those `spent` in the
-- whole run. Returns the new last step when the plan changes, else nil.
function plan:adapt(step, seconds, other, spent)
  local clock, last = self.clock, self:last()
  local each = forecast(self, seconds, other)
  if self.decay == "none" or clock.taken < FIRST_CHANGE or step >= last then
    return nil
  end
  local fits = math.min(clock.steps, step + math.floor((clock.limit - spent) / each))
  if fits < last then
    fits = math.min(last, math.max(fits, step + math.ceil(TAIL * step)))
  end
  local share = fits < last and SLOWER or FASTER
  if math.abs(fits - last) >= math.max(LEAST_CHANGE, share * length(self)) then
    self:aim(step, fits)
    return fits
  end
end

return plan
