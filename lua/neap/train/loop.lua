--- The steps of a run: each with its report, and what is logged, saved, scored and drawn between them.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local format = require "neap.format"
local preview = require "neap.preview"
local rollback = require "neap.rollback"
local window_of = require "neap.train.window"

local loop = {}

local DEFAULT_LR = 1e-3

-- The rate of all phases, or of each.
local function add_rates(row, settings, scale)
  if not settings.optimizer.phases then
    row.lr = scale * (settings.optimizer.base.lr or DEFAULT_LR)
  end
  for name, own in pairs(settings.optimizer.phases or {}) do
    row["lr_" .. name] = scale * (own.lr or DEFAULT_LR)
  end
end

local function last_good(run, place)
  local path = place:checkpoint()
  if core.exists(path) and run.saved then
    return ("; the last good checkpoint is %s (step %d)"):format(path, run.saved)
  end
  return "; no checkpoint was written yet"
end

--- Writes the run's checkpoint.
function loop.save(run, place)
  place:check()
  checkpoint.save(place:checkpoint(), run)
  run.saved = run.step
end

-- The report of the next step; nil where it failed and the run was taken back.
local function take_step(run, place, good, scale)
  local step = run.step + 1
  local done, report = pcall(run.trainer.step, run.trainer, step, scale * run.rate)
  if done then
    run.step = step
    good:keep()
    return report
  elseif core.interrupted() or not good:back(tostring(report)) then
    error(tostring(report) .. last_good(run, place), 0)
  end
end

local function due(every, step)
  return every > 0 and step % every == 0
end

-- Scores are those of the averaged weights where there are any.
local function add_scores(run, window)
  for name, value in pairs(preview.averaged(run, run.scores.take, run.scores)) do
    window:put(name, value)
  end
end

local function log(run, settings, place, window, now)
  local row = window:means()
  run.loss, row.step, row.seconds = row.loss, run.step, now.seconds
  add_rates(row, settings, now.rate)
  place:log(row)
end

-- The result of what follows a step. Its failure once a signal has come is no reason to lose the steps that are done: the
-- loop ends as it does after any signal.
local function unless_interrupted(done, result)
  if not done and not core.interrupted() then
    error(result, 0)
  end
  return result
end

-- What is written down and drawn after a step, where it is due. `now`: { seconds, rate, last }. Returns the window that goes on.
local function look(run, settings, place, bar, window, now)
  local step = run.step
  local scored = run.scores and due(settings.score_every, step)
  if scored then
    bar:clear()
    add_scores(run, window)
  end
  if scored or now.last or due(settings.log_every, step) then
    log(run, settings, place, window, now)
    window = window_of.new()
  end
  if due(settings.checkpoint_every, step) and not now.last then
    loop.save(run, place)
  end
  if due(settings.sample_every, step) and not now.last then
    bar:clear()
    preview.draw(run, settings, place:file(("samples-%06d.png"):format(step)))
  end
  return window
end

-- Another number of steps fits into the time than was planned. Saved at once, so that whatever a resumed run does again, it does
-- by the same plan.
local function announce(run, place, bar, last, limit)
  bar:clear()
  io.stderr:write(("step %d: %d steps fit in %s now\n"):format(run.step, last, format.duration(limit)))
  bar.total = last
  loop.save(run, place)
end

-- Seconds of the run so far, of its last step, and of what came between that and the one before.
local function new_clock(spent)
  return { began = core.now() - spent, ended = core.now(), total = spent }
end

local function timed_step(run, place, good, scale, clock)
  local before = core.now()
  local report = take_step(run, place, good, scale)
  clock.other, clock.ended = before - clock.ended, core.now()
  clock.step, clock.total = clock.ended - before, clock.ended - clock.began
  return report
end

-- What follows a step that succeeded.
local function after_step(run, settings, place, bar, window, report, now)
  window:add(report)
  run.loss = report.loss
  bar:update(run.step, now.seconds, now.limit, ("loss %.4f"):format(report.loss))
  if settings.on_step then
    unless_interrupted(core.protect(false, settings.on_step, run.step, report))
  end
  return unless_interrupted(pcall(look, run, settings, place, bar, window, now))
end

--- Steps until the end, the time limit or an interrupt; returns true when it was interrupted. A schedule that decays ends with
-- its plan, which follows the clock; any other ends with the time. `spent`: seconds of the run before.
function loop.run(run, settings, place, bar, spent)
  local window, good, clock = window_of.new(), rollback.new(run, settings.rollback), new_clock(spent)
  local limit = settings.minutes and settings.minutes * 60 or math.huge
  good:keep()
  while run.step < run.plan:last() do
    local scale = run.plan:scale(run.step + 1)
    local report = timed_step(run, place, good, scale, clock)
    local over = settings.decay == "none" and clock.total >= limit
    if report then
      local changed = run.plan:adapt(run.step, clock.step, clock.other, clock.total)
      local now = { seconds = clock.total, limit = limit, rate = scale * run.rate, last = over or run.step == run.plan:last() }
      window = after_step(run, settings, place, bar, window, report, now)
      if changed then
        announce(run, place, bar, changed, limit)
      end
    else
      window = window_of.new()
      place:close()
      place:open_metrics(run.step) -- without the rows of the steps that are done again
    end
    if core.interrupted() or over then
      return core.interrupted()
    end
  end
  return false
end

return loop
