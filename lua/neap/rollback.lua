--- Rolls a run back to its last good state, at half the rate, after it has diverged or its guard has detected a rise. The
-- state is a copy of all that a step changes.
local core = require "neap.core"

local rollback = {}
rollback.__index = rollback

local EVERY = 200 -- steps between copies: a copy costs one pass over the memory, a rollback up to that many steps

--- Rollbacks of a run { model, trainer, guard, step, rate }, at most `times`; with 0, nothing is copied.
function rollback.new(run, times)
  return setmetatable({ run = run, left = times, copies = {} }, rollback)
end

local function changed_by_training(run)
  local list = {}
  for _, entry in ipairs(run.model:parameters()) do
    list[#list + 1] = entry[2]
  end
  for _, entry in ipairs(run.trainer:state()) do
    list[#list + 1] = entry[2]
  end
  return list
end

--- Copies the state after the step of the run, every EVERY steps, unless the guarded values have begun to rise. A resumed run
-- begins with a copy: if it rolls back before the next one, it goes back to the step of its checkpoint.
function rollback:keep()
  if self.left == 0 or self.step and (self.run.step % EVERY ~= 0 or not self.run.guard:is_calm()) then
    return
  end
  self.step, self.guard = self.run.step, self.run.guard:describe()
  for i, live in ipairs(changed_by_training(self.run)) do
    if self.copies[i] then
      self.copies[i]:assign(live)
    else
      self.copies[i] = core.ops.affine(live, 1, 0)
    end
  end
end

--- Restores the copied state, halves the rate, sets the step back and returns true; false if no copy or no rollback is left.
function rollback:back(reason)
  if self.left == 0 or not self.step then
    return false
  end
  for i, live in ipairs(changed_by_training(self.run)) do
    live:assign(self.copies[i])
  end
  self.run.guard:restore(self.guard)
  self.left, self.run.rate, self.run.step = self.left - 1, self.run.rate / 2, self.step
  io.stderr:write(("%s\nrolled back to step %d, at %g of the rate\n"):format(reason, self.step, self.run.rate))
  return true
end

return rollback
