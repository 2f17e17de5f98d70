--- The steps of a run, and logging, saving, scoring and drawing between them.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"
local format = require "neap.format"
local preview = require "neap.preview"
local rollback = require "neap.rollback"
local statistics = require "neap.train.statistics"
local window_of = require "neap.train.window"

local loop = {}

local DEFAULT_LR = 1e-3

-- Adds the learning rate, one for all phases or one for each.
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

--- Writes the run's checkpoint. `kind`: "end" for the last one, "plan" after a change of the plan, or nil.
function loop.save(run, place, kind)
  place:check()
  statistics.measure(run, kind)
  run.ended = kind == "end"
  checkpoint.save_run(place:checkpoint(), run)
  run.saved = run.step
end

-- Did the guard detect a rise, and was the run rolled back? With no rollback left, it continues without a guard.
local function went_back(run, good, report)
  local risen = run.guard:check(report)
  if risen and not good:back(risen) then
    io.stderr:write(risen, "; no rollback is left: the run continues without its guard\n")
    run.guard:stop()
    return false
  end
  return risen ~= nil
end

-- Takes the next step and returns its report; nil when it was abandoned, and changed nothing, or when it failed, or its values
-- rose, and the run was rolled back.
local function take_step(run, place, good, scale)
  local step = run.step + 1
  local done, report = pcall(run.trainer.step, run.trainer, step, scale * run.rate)
  if done then
    run.step = step
    if went_back(run, good, report) then
      return nil
    end
    good:keep()
    return report
  elseif core.abandoned() then
    return nil
  elseif core.interrupted() or not good:back(tostring(report)) then
    error(tostring(report) .. last_good(run, place), 0)
  end
end

local function due(every, step)
  return every > 0 and step % every == 0
end

-- Adds scores of the averaged weights, or of the weights when there are no averages.
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

-- The result of a call after a step. When it failed after a signal, its error is ignored: the loop ends and saves as
-- after any signal.
local function unless_interrupted(done, result)
  if not done and not core.interrupted() then
    error(result, 0)
  end
  return result
end

-- Scores, logs, saves and draws after a step, each when it is due. `now`: { seconds, rate, last }. Returns the window
-- for the next steps.
local function record(run, settings, place, bar, window, now)
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
    preview.draw(run, settings, place:file(folder.preview(step)))
    place:thin(step, settings.sample_every)
  end
  return window
end

-- Prints a changed number of steps and saves the plan at once, so that a resumed run repeats steps with the same
-- learning rates.
local function report_change(run, place, bar, last, limit)
  bar:clear()
  io.stderr:write(("step %d: %d steps fit in %s now\n"):format(run.step, last, format.duration(limit)))
  bar.total = last
  loop.save(run, place, "plan")
end

-- A clock: `total` seconds of the run, `step` seconds of the last step, `other` seconds between it and the step before.
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

-- Runs after each successful step.
local function after_step(run, settings, place, bar, window, report, now)
  window:add(report)
  run.loss = report.loss
  bar:update(run.step, now.seconds, now.limit, ("loss %.4f"):format(report.loss))
  if settings.on_step then
    unless_interrupted(core.protect(false, settings.on_step, run.step, report))
  end
  return unless_interrupted(pcall(record, run, settings, place, bar, window, now))
end

--- Runs steps until the end, the time limit or an interrupt; returns true when it was interrupted. A schedule that decays
-- ends with its plan, which adapts to the clock; others end at the time limit. `spent`: seconds of the run so far.
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
        report_change(run, place, bar, changed, limit)
      end
    else
      window = window_of.new()
      place:close()
      place:open_metrics(run.step) -- without the rows of the steps that will be repeated
    end
    if core.interrupted() or over then
      return core.interrupted()
    end
  end
  return false
end

return loop
