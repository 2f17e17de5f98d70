--- neap.train: the loop around the core's training step, with checkpoints, metrics, sample grids and progress.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local curves = require "neap.curves"
local folder = require "neap.folder"
local format = require "neap.format"
local guard = require "neap.train.guard"
local loop = require "neap.train.loop"
local metadata = require "neap.checkpoint.metadata"
local options = require "neap.options"
local plan_of = require "neap.train.plan"
local precision = require "neap.train.precision"
local preview = require "neap.preview"
local progress = require "neap.progress"
local reconstruction = require "neap.reconstruction"
local record = require "neap.train.record"
local report = require "neap.report"
local run_of = require "neap.run"
local scores = require "neap.train.scores"
local settings_of = require "neap.train.settings"
local definitions = require "neap.define.stored"

local train = {}

--- The default folder of runs. The command line sets it to runs/ and the recipe's name.
train.default_out = "runs/unnamed"

--- The last training that began its steps and did not end, as neap.train returns it; nil if there is none. Prompts clear it.
train.unfinished = nil

--- How an interrupted run can go on, for its message.
train.resume_hint = "go on with resume=true"

local function new_run(settings)
  local trained = settings_of.trainer(settings)
  return {
    model = settings.model, data = settings.data, objective = settings.objective, sampler = settings.sampler,
    trainer = core.trainer(settings.model, settings.data, settings.objective, trained),
    guard = guard.new(settings.guard), averaged = settings_of.keeps_average(trained),
    settings = settings_of.describe(settings), step = 0,
    rate = 1, -- factor of the scheduled learning rate; each rollback halves it
  }
end

-- Refuses more steps after the end of a schedule, where the learning rate is low; they need a new schedule.
local function check_ended(run, settings, began)
  local longer = settings.steps > (began.steps or 0) or (settings.minutes or math.huge) > (began.minutes or math.huge)
  if run.step >= run.plan:last() and run.step < settings.steps and longer then
    core.fail(("train: resume: the schedule of the run has ended at step %d; extend=true goes on with a new one"):format(
      run.step))
  end
end

-- Restores the stored plan; when `steps` has changed, the plan then ends at that step. Without decay, the plan only
-- needs the step at which the warm-up began.
local function resume_plan(run, settings, path, began, stored)
  if settings.decay == "none" then
    local first = stored and plan_of.restore(path, stored, settings).parts[1].step or 0
    run.plan = plan_of.new(settings, first, math.huge, 1)
    return
  end
  run.plan = stored and plan_of.restore(path, stored, settings)
    or plan_of.new({ steps = began.steps, warmup = settings.warmup, decay = settings.decay, floor = settings.floor }, 0,
      math.huge, 1)
  check_ended(run, settings, began)
  if settings.steps ~= began.steps then
    run.plan:aim(run.step, settings.steps)
  end
end

-- A run goes on only beside the weights that it began with, where these still exist.
local function check_start(run, from, path)
  local exists = from and (core.exists(from) == "file" or core.exists(folder.at(from):checkpoint()) == "file")
  if run.from and exists and checkpoint.model("train: from", from):fingerprint() ~= run.from then
    core.fail(("train: resume: from: %s began with other weights than those of %s now; resume=false begins anew"):format(
      path, from))
  end
end

local function resume(run, settings, path)
  if core.exists(path) ~= "file" then
    core.fail(("train: resume: there is no checkpoint %s"):format(path))
  end
  local began, stored = checkpoint.restore_run(path, run, settings.extend)
  check_start(run, settings.from, path)
  if run.step > settings.steps then
    core.fail(("train: resume: steps: the run is at step %d already, got %d"):format(run.step, settings.steps))
  end
  if not settings.extend then
    resume_plan(run, settings, path, began, stored)
  end
end

-- Starts a model from the weights of another run.
local function start(model, from)
  local taken, left = checkpoint.start(from, model)
  io.stderr:write(("from %s: %s%s\n"):format(from, table.concat(taken, ", "),
    #left > 0 and "; anew: " .. table.concat(left, ", ") or ""))
end

-- Prints the first lines of a run: instruction set, threads, precision, and where it resumes.
local function introduce(run, settings, path)
  io.stderr:write(("%s, %d threads, %s%s\n"):format(core.machine().isa, core.threads(), settings.precision,
    settings.reason and (" (%s)"):format(settings.reason) or ""))
  if settings.resume then
    io.stderr:write(("resumed at step %d from %s\n"):format(run.step, path))
  end
  local without = definitions.without_file(metadata.components(run))
  if #without > 0 then
    io.stderr:write(("defined in the recipe: %s; neap sample and neap eval need files that are loaded by neap.define.load\n")
      :format(table.concat(without, ", ")))
  end
end

-- How long the run will take, in words.
local function outlook(run, settings, limit, seconds)
  local steps, last = settings.steps - run.step, run.plan:last()
  local whole = format.duration(steps * seconds)
  if last < settings.steps then
    return ("%d of %d steps fit in %s, and the schedule ends with them"):format(last, settings.steps, format.duration(limit))
  elseif steps * seconds > limit then
    return ("at most %s of %d steps' %s"):format(format.duration(limit), settings.steps, whole)
  end
  return ("%d steps in about %s"):format(steps, whole)
end

-- Rehearses a step, makes the plan and prints memory and time. `spent`: seconds of the run so far.
local function preflight(run, settings, spent)
  local peak, seconds = run.trainer:rehearse(settings.steps)
  local limit = settings.minutes and math.max(0, settings.minutes * 60 - spent) or math.huge
  run.plan = run.plan or plan_of.new(settings, run.step, limit, seconds)
  run.plan:follow(settings.steps, settings.minutes and settings.minutes * 60 or math.huge, seconds)
  io.stderr:write(("%s: %s parameters, %s at the peak, %.3g s a step, %s\n"):format(run.model:component():name(),
    format.count(run.model:size()), format.bytes(peak), seconds, outlook(run, settings, limit, seconds)))
end

-- A report that cannot be written is no reason for a finished run to fail.
local function write_report(place)
  local done, result = pcall(report.write, place.path, true)
  if done then
    print(result)
  else
    io.stderr:write(("train: the report was not written: %s\n"):format(core.reason(result)))
  end
end

local function finish(run, settings, place, interrupted)
  loop.save(run, place, not interrupted and "end" or nil)
  if interrupted then
    train.unfinished.step, train.unfinished.loss = run.step, run.loss
    error(("interrupted at step %d; %s"):format(run.step, train.resume_hint), 0)
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
  local figure = (run.scores or run.trainer:phases() > 1 or reconstruction.fits(run.model)) and curves.draw(place)
  if figure then
    print(figure)
  end
  write_report(place)
end

-- A resumed run keeps its precision.
local function choose_precision(settings, path)
  local began = settings.resume and core.exists(path) == "file" and checkpoint.settings(path)
  settings.precision, settings.reason = precision.choose(settings.precision, began and began.precision or nil)
end

-- Runs f with the settings of training for the process, and restores the former ones, also after an error.
local function guarded(settings, path, f)
  if settings.threads then
    core.threads(settings.threads)
  end
  choose_precision(settings, path)
  local former = precision.set(settings.precision)
  local done, message = core.protect(true, f)
  precision.set(former)
  if not done then
    error(message, 0)
  end
end

-- The settings as given, with what the command line changed: the run can go on with them later.
local function kept(given, settings)
  local copy = {}
  for key, value in pairs(given) do
    copy[key] = value
  end
  for key in pairs(options.standard) do
    copy[key] = settings[key]
  end
  copy.resume, copy.extend = nil, nil
  return copy
end

--- neap.train { model, from, autoencoder, data, objective, optimizer, sampler, samples, batch, steps, minutes, warmup, decay,
-- floor, clip, ema, precision, seed, out, checkpoint_every, sample_every, log_every, threads, resume, extend, rollback, guard,
-- score_every, score_samples, evaluator, on_step }. Returns the run { path, step, loss, checkpoint },
-- with the methods of neap.run.
--
-- `autoencoder` is a trained model, a run or a checkpoint. With it, the model works in the latents of the autoencoder:
-- examples are encoded, and samples decoded. The run's checkpoint contains both. `evaluator` is given in the same ways.
--
-- `from` is a run or a checkpoint whose weights a new run starts from. Parts that it lacks, such as a discriminator, are
-- initialised as usual. A resumed run does not read it.
--
-- `optimizer` is one for all phases of the objective, or { phase = optimizer, ... }. `precision` "auto", the default,
-- uses bf16 where this processor multiplies it faster than fp32. When `minutes` would end the run before a decaying
-- schedule ends, the schedule is fitted to the steps that are possible. `resume` continues with the schedule that the
-- run began with; `extend` begins a new one. A step that fails takes the run back to its last good state, with half the
-- learning rate, at most `rollback` times. `guard` does so when the moving average of a reported value rises: with
-- { reconstruction = 0.5 }, by half above its minimum. An objective may bring a guard, with 3 rollbacks; false turns it off.
-- Every `score_every` steps, the evaluator scores `score_samples` samples against examples that are not in the training data.
-- With ema, the model ends with its averaged weights.
function train.train(given)
  settings_of.check(given)
  local settings = settings_of.resolve(given, train.default_out)
  local again = kept(given, settings)
  if settings.autoencoder then
    settings.model:set_autoencoder(settings.autoencoder)
  end
  settings.sampler = preview.sampler(settings)
  preview.check(settings)
  local run, from
  local place <close> = folder.at(settings.out)
  place:claim()
  guarded(settings, place:checkpoint(), function()
    if settings.from and not settings.resume then
      start(settings.model, settings.from)
      from = settings.model:fingerprint()
    end
    run = new_run(settings) -- averages begin at the weights
    run.from = from
    if settings.resume then
      resume(run, settings, place:checkpoint())
    end
    run.scores = scores.new(run, settings)
    introduce(run, settings, place:checkpoint())
    preflight(run, settings, settings.resume and place:last_row(run.step).seconds or 0)
    checkpoint.prepare(place:checkpoint(), run)
    place:open(settings.resume) -- not before, so that a run that cannot start leaves no files
    place:describe(function(recipe, before)
      return record.of(run, settings_of.describe_all(settings), recipe, before)
    end)
    run.saved = settings.resume and run.step or nil
    train.unfinished = run_of.of_training(again, { path = place.path, checkpoint = place:checkpoint() })
    local last = place:open_metrics(run.step)
    run.loss = last.loss
    local bar = progress.new(run.plan:last(), run.step)
    local done, interrupted = pcall(loop.run, run, settings, place, bar, last.seconds)
    bar:clear()
    place:close()
    if not done then
      error(interrupted, 0)
    end
    finish(run, settings, place, interrupted)
  end)
  train.unfinished = nil
  return run_of.of_training(again, { path = place.path, step = run.step, loss = run.loss, checkpoint = place:checkpoint() })
end

return train
