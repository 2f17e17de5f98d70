--- neap.train: the loop around the core's training step, with checkpoints, metrics, sample grids and progress.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local curves = require "neap.curves"
local folder = require "neap.folder"
local format = require "neap.format"
local preview = require "neap.preview"
local progress = require "neap.progress"
local rollback = require "neap.rollback"
local scores = require "neap.train.scores"
local settings_of = require "neap.train.settings"
local window_of = require "neap.train.window"

local train = {}

--- Where runs go when neither the recipe nor the command line says: runs/ and the recipe's name.
train.default_out = "runs/unnamed"

local function new_run(settings)
  local trained = settings_of.trainer(settings)
  return {
    model = settings.model, data = settings.data, objective = settings.objective, sampler = settings.sampler,
    trainer = core.trainer(settings.model, settings.data, settings.objective, trained),
    averaged = settings_of.keeps_average(trained), settings = settings_of.describe(settings), step = 0,
    rate = 1, -- the share of the scheduled rate that rollbacks have left
  }
end

local function resume(run, path, steps)
  if core.exists(path) ~= "file" then
    core.fail(("train: resume: there is no checkpoint %s"):format(path))
  end
  checkpoint.restore(path, run)
  if run.step > steps then
    core.fail(("train: resume: steps: the run is at step %d already, got %d"):format(run.step, steps))
  end
  io.stderr:write(("resumed at step %d from %s\n"):format(run.step, path))
end

local function preflight(run, settings)
  local peak, seconds = run.trainer:rehearse()
  local steps, limit = settings.steps - run.step, settings.minutes and settings.minutes * 60 or math.huge
  local whole = format.duration(steps * seconds)
  local plan = steps * seconds > limit and ("at most %s of %d steps' %s"):format(format.duration(limit), settings.steps, whole)
    or ("%d steps in about %s"):format(steps, whole)
  io.stderr:write(("%s: %s parameters, %s at the peak, %.3g s a step, %s\n"):format(run.model:component():name(),
    format.count(run.model:size()), format.bytes(peak), seconds, plan))
end

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

local function save(run, place)
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
  if run.averaged then
    run.trainer:swap_ema()
  end
  local done, row = pcall(run.scores.take, run.scores)
  if run.averaged then
    run.trainer:swap_ema()
  end
  if not done then
    error(row, 0)
  end
  for name, value in pairs(row) do
    window:put(name, value)
  end
end

local function log(run, settings, place, window, now)
  local row = window:means()
  run.loss, row.step, row.seconds = row.loss, run.step, now.seconds
  add_rates(row, settings, now.rate)
  place:log(row)
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
  if due(settings.checkpoint_every, step) and step < settings.steps then
    save(run, place)
  end
  if due(settings.sample_every, step) and step < settings.steps then
    bar:clear()
    preview.draw(run, settings, place:file(("samples-%06d.png"):format(step)))
  end
  return window
end

--- Steps until the end, the time limit or an interrupt; returns true when it was interrupted.
local function loop(run, settings, place, bar, spent)
  local began, window, good = core.now() - spent, window_of.new(), rollback.new(run, settings.rollback)
  local limit = settings.minutes and settings.minutes * 60 or math.huge
  good:keep()
  while run.step < settings.steps do
    local scale = core.schedule(run.step + 1, settings.warmup, settings.steps, settings.decay, settings.floor)
    local report = take_step(run, place, good, scale)
    local seconds = core.now() - began
    if report then
      window:add(report)
      run.loss = report.loss
      bar:update(run.step, seconds, limit, ("loss %.4f"):format(report.loss))
      if settings.on_step then
        settings.on_step(run.step, report)
      end
      local now = { seconds = seconds, rate = scale * run.rate, last = seconds >= limit or run.step == settings.steps }
      window = look(run, settings, place, bar, window, now)
    else
      window = window_of.new()
      place:close()
      place:open_metrics(run.step) -- without the rows of the steps that are done again
    end
    if core.interrupted() or seconds >= limit then
      return core.interrupted()
    end
  end
  return false
end

local function finish(run, settings, place, interrupted)
  save(run, place)
  if interrupted then
    error(("interrupted at step %d; go on with resume=true"):format(run.step), 0)
  end
  local picture = preview.draw(run, settings, place:file "samples.png")
  if run.averaged then
    run.trainer:swap_ema()
  end
  print(("%s: step %d, loss %s"):format(place.path, run.step, run.loss and ("%.4f"):format(run.loss) or "unknown"))
  print(place:checkpoint())
  if picture then
    print(picture)
  end
  local figure = (run.scores or run.trainer:phases() > 1) and curves.draw(place)
  if figure then
    print(figure)
  end
end

-- Runs f with the process set up for training, and puts things back whatever happens.
local function guarded(settings, f)
  if settings.threads then
    core.threads(settings.threads)
  end
  local precision = core.precision(settings.precision == "fp32" and "f32" or settings.precision)
  core.poll(true)
  local done, message = pcall(f)
  core.poll(false)
  core.precision(precision)
  if not done then
    error(message, 0)
  end
end

--- neap.train { model, data, objective, optimizer, sampler, samples, batch, steps, minutes, warmup, decay, floor, clip,
-- ema, precision, seed, out, checkpoint_every, sample_every, log_every, threads, resume, rollback, score_every,
-- score_samples, evaluator, on_step }. The optimizer is one for all phases of the objective, or { phase = optimizer, ... }.
-- A step that fails takes the run back to a good state and half the rate, `rollback` times. Every `score_every` steps so
-- many samples are scored by the evaluator against examples that are not trained on. The model ends with its averaged
-- weights where ema is on. Returns the run: { path, step, loss, checkpoint }.
function train.train(given)
  settings_of.check(given)
  local settings = settings_of.resolve(given, train.default_out)
  settings.sampler = preview.sampler(settings)
  if settings.sampler then
    core.sampler_fits(settings.model, settings.sampler.instance)
  end
  local run
  local place = folder.at(settings.out)
  guarded(settings, function()
    run = new_run(settings)
    if settings.resume then
      resume(run, place:checkpoint(), settings.steps)
    end
    run.scores = scores.new(run, settings)
    preflight(run, settings)
    place:open(settings.resume) -- only now, so that a run that cannot begin leaves no trace
    place:describe(run.settings)
    run.saved = settings.resume and run.step or nil
    local last = place:open_metrics(run.step)
    run.loss = last.loss
    local bar = progress.new(settings.steps, run.step)
    local done, interrupted = pcall(loop, run, settings, place, bar, last.seconds)
    bar:clear()
    place:close()
    if not done then
      error(interrupted, 0)
    end
    finish(run, settings, place, interrupted)
  end)
  return { path = place.path, step = run.step, loss = run.loss, checkpoint = place:checkpoint() }
end

return train
