--- neap.train: the loop around the core's training step, with checkpoints, metrics, sample grids and progress.
local core = require "neap.core"
local checkpoint = require "neap.checkpoint"
local curves = require "neap.curves"
local folder = require "neap.folder"
local format = require "neap.format"
local loop = require "neap.train.loop"
local plan_of = require "neap.train.plan"
local precision = require "neap.train.precision"
local preview = require "neap.preview"
local progress = require "neap.progress"
local scores = require "neap.train.scores"
local settings_of = require "neap.train.settings"

local train = {}

--- Where runs go when neither the recipe nor the command line says: runs/ and the recipe's name.
train.default_out = "runs/unnamed"

local MEASURED = 10000 -- examples whose latents give mean and deviation by channel

local function new_run(settings)
  local trained = settings_of.trainer(settings)
  return {
    model = settings.model, data = settings.data, objective = settings.objective, sampler = settings.sampler,
    trainer = core.trainer(settings.model, settings.data, settings.objective, trained),
    averaged = settings_of.keeps_average(trained), settings = settings_of.describe(settings), step = 0,
    rate = 1, -- the share of the scheduled rate that rollbacks have left
  }
end

-- The rate of a schedule that has ended is low; steps beyond it need a schedule of their own.
local function check_ended(run, settings, began)
  local longer = settings.steps > (began.steps or 0) or (settings.minutes or math.huge) > (began.minutes or math.huge)
  if run.step >= run.plan:last() and run.step < settings.steps and longer then
    core.fail(("train: resume: the schedule of the run has ended at step %d; extend=true goes on with a new one"):format(
      run.step))
  end
end

-- The run goes on with the plan that it had, aimed at another last step where `steps` says so. A rate without decay only needs
-- the step that its warm-up began at.
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

local function resume(run, settings, path)
  if core.exists(path) ~= "file" then
    core.fail(("train: resume: there is no checkpoint %s"):format(path))
  end
  local began, stored = checkpoint.restore(path, run, settings.extend)
  if run.step > settings.steps then
    core.fail(("train: resume: steps: the run is at step %d already, got %d"):format(run.step, settings.steps))
  end
  if not settings.extend then
    resume_plan(run, settings, path, began, stored)
  end
end

-- The first lines of a run: what it runs on, and from where it goes on.
local function introduce(run, settings, path)
  io.stderr:write(("%s, %d threads, %s%s\n"):format(core.machine().isa, core.threads(), settings.precision,
    settings.reason and (" (%s)"):format(settings.reason) or ""))
  if settings.resume then
    io.stderr:write(("resumed at step %d from %s\n"):format(run.step, path))
  end
end

-- A flow learns best where its data have mean 0 and deviation 1, and an autoencoder's latents have neither.
local function measure_latents(run, settings)
  local autoencoder = run.model:autoencoder()
  if autoencoder and not autoencoder:measured() then
    autoencoder:measure(run.data, math.min(MEASURED, run.data:count()), settings.seed)
  end
end

-- What the run's time comes to, in words.
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

-- `spent`: seconds of the run so far.
local function preflight(run, settings, spent)
  local peak, seconds = run.trainer:rehearse()
  local limit = settings.minutes and math.max(0, settings.minutes * 60 - spent) or math.huge
  run.plan = run.plan or plan_of.new(settings, run.step, limit, seconds)
  run.plan:follow(settings.steps, settings.minutes and settings.minutes * 60 or math.huge, seconds)
  io.stderr:write(("%s: %s parameters, %s at the peak, %.3g s a step, %s\n"):format(run.model:component():name(),
    format.count(run.model:size()), format.bytes(peak), seconds, outlook(run, settings, limit, seconds)))
end

local function finish(run, settings, place, interrupted)
  loop.save(run, place)
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

-- A run that goes on keeps its precision.
local function choose_precision(settings, path)
  local began = settings.resume and core.exists(path) == "file" and checkpoint.settings(path)
  settings.precision, settings.reason = precision.choose(settings.precision, began and began.precision or nil)
end

-- Runs f with the process set up for training, and puts things back whatever happens.
local function guarded(settings, path, f)
  if settings.threads then
    core.threads(settings.threads)
  end
  choose_precision(settings, path)
  local former = precision.set(settings.precision)
  local done, message = core.protect(true, f)
  precision.put(former)
  if not done then
    error(message, 0)
  end
end

--- neap.train { model, autoencoder, data, objective, optimizer, sampler, samples, batch, steps, minutes, warmup, decay, floor,
-- clip, ema, precision, seed, out, checkpoint_every, sample_every, log_every, threads, resume, extend, rollback, score_every,
-- score_samples, evaluator, on_step }. Returns the run: { path, step, loss, checkpoint }.
--
-- With an `autoencoder`, a trained model, its run or its checkpoint, the model works in its latents: examples are encoded, and
-- samples decoded. The run's checkpoint holds both. The evaluator is given in the same ways.
--
-- The optimizer is one for all phases of the objective, or { phase = optimizer, ... }. `precision` "auto", the default, is bf16
-- where this processor multiplies it faster than fp32. Where `minutes` would end a decaying schedule, it is laid over the
-- steps that fit. `resume` goes on with the schedule that the run began with; `extend` begins a new one. A step that fails takes
-- the run back to a good state and half the rate, `rollback` times. Every `score_every` steps so many samples are scored by the
-- evaluator against examples that are not trained on. The model ends with its averaged weights where ema is on.
function train.train(given)
  settings_of.check(given)
  local settings = settings_of.resolve(given, train.default_out)
  if settings.autoencoder then
    settings.model:set_autoencoder(settings.autoencoder)
  end
  settings.sampler = preview.sampler(settings)
  preview.check(settings)
  local run
  local place <close> = folder.at(settings.out)
  place:claim()
  guarded(settings, place:checkpoint(), function()
    run = new_run(settings)
    if settings.resume then
      resume(run, settings, place:checkpoint())
    end
    measure_latents(run, settings)
    run.scores = scores.new(run, settings)
    introduce(run, settings, place:checkpoint())
    preflight(run, settings, settings.resume and place:last_row(run.step).seconds or 0)
    checkpoint.prepare(place:checkpoint(), run)
    place:open(settings.resume) -- only now, so that a run that cannot begin leaves no trace
    place:describe(run.settings, run.plan:describe())
    run.saved = settings.resume and run.step or nil
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
  return { path = place.path, step = run.step, loss = run.loss, checkpoint = place:checkpoint() }
end

return train
