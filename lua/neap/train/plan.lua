--- The learning-rate schedule of a run, and how many steps it takes.
--
-- A schedule of `total` steps is laid over the steps that the run really takes. Where `minutes` would end the run first, these
-- are as many as fit, by the seconds that a step takes; they change on the way when the machine turns out slower or faster, so
-- that the rate always ends its decay. Each change begins a new part: the schedule goes on from where it is and is stretched
-- or compressed over the steps that are left, without a jump. The parts are stored in the checkpoint, so a resumed run uses
-- the same rates.
local core = require "neap.core"

local plan = {}
plan.__index = plan

local MARGIN = 1.05 -- a step with its update, beside a rehearsed one
local WARMUP_SHARE = 5 -- warm-up takes at most this part of a run that time cuts short
local FIRST_CHANGE = 8 -- steps before the rate of steps is known well enough
local MEMORY = 20 -- the rate of steps is averaged over this part of the plan
local SLOWER, FASTER = 0.05, 0.1 -- changes of the plan's length that are worth a new part, as shares of it
local LEAST_CHANGE = 5 -- steps, likewise
local TAIL = 0.02 -- share of the steps so far that a run may still take when its time is over

local function steps_that_fit(seconds, per_step)
  return math.max(1, math.floor(seconds / per_step))
end

--- A plan of a run at step `from`: settings are { steps, warmup, decay, floor } of neap.train; `limit` is the number of seconds
-- left, infinity for none, and `per_step` the seconds that a step takes.
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

--- The plan that a checkpoint holds as plan:describe gave it, with the decay and floor of the settings; fails for anything
-- else.
function plan.restore(path, stored, settings)
  local sound = math.tointeger(stored.warmup) and math.tointeger(stored.total) and type(stored.parts) == "table"
    and #stored.parts > 0
  for _, part in ipairs(sound and stored.parts or {}) do
    sound = sound and math.tointeger(part.step) and tonumber(part.at) and math.tointeger(part.last)
  end
  if not sound then
    core.fail(path .. ": metadata 'neap.plan': expected a schedule with its parts")
  end
  return setmetatable({
    decay = settings.decay, floor = settings.floor, warmup = stored.warmup, total = stored.total, parts = stored.parts,
  }, plan)
end

--- What goes into the checkpoint.
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

-- Where in the schedule a step is; the part that it belongs to begins before it.
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

--- Lays what is left of the schedule over the steps after `step` up to `last`.
function plan:aim(step, last)
  if last == self:last() then
    return
  end
  local at = math.floor(position(self, step) * 1000 + 0.5) / 1000 -- few digits, so that the checkpoint holds it exactly
  while #self.parts > 1 and current(self).step >= step do
    table.remove(self.parts) -- of steps that a rollback took back
  end
  self.parts[#self.parts + 1] = { step = step, at = at, last = last }
end

-- --- Following the clock ---------------------------------------------------------------------------------------------

--- Watches the time of a run that ends after `limit` seconds at the latest, and at step `steps`.
function plan:follow(steps, limit, per_step)
  self.clock = { steps = steps, limit = limit, per_step = per_step * MARGIN, taken = 0, other = 0 }
end

-- Seconds that each coming step will take: the steps' own, and a share of the pictures, scores and checkpoints between them.
local function forecast(self, seconds, other)
  local clock = self.clock
  clock.taken, clock.other = clock.taken + 1, clock.other + other
  clock.per_step = clock.per_step + (seconds - clock.per_step) / math.max(FIRST_CHANGE, self.total // MEMORY)
  return clock.per_step + clock.other / clock.taken
end

--- After a step that took so many seconds, with so many for `other` work since the one before; `spent` are those of the whole
-- run. Returns the new last step where the plan had to change.
function plan:adapt(step, seconds, other, spent)
  local clock, last = self.clock, self:last()
  local each = forecast(self, seconds, other)
  if self.decay == "none" or clock.taken < FIRST_CHANGE or step >= last then
    return nil
  end
  local fits = step + math.max(math.ceil(TAIL * step), math.floor((clock.limit - spent) / each))
  fits = math.min(clock.steps, fits)
  if fits <= last - math.max(LEAST_CHANGE, SLOWER * self.total) or fits >= last + math.max(LEAST_CHANGE, FASTER * self.total) then
    self:aim(step, fits)
    return fits
  end
end

return plan
