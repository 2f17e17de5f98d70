--- neap.train: the loop around the core's training step, with checkpoints, metrics, sample grids and progress.
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"
local format = require "neap.format"
local options = require "neap.options"
local preview = require "neap.preview"
local progress = require "neap.progress"
local rule = require "neap.rule"
local tensor = require "neap.tensor"

local train = {}

--- Where runs go when neither the recipe nor the command line says: runs/ and the recipe's name.
train.default_out = "runs/unnamed"

local DEFAULTS = {
  batch = 64, steps = 1000, warmup = 0, decay = "none", floor = 0, clip = 0, ema = 0, precision = "fp32",
  checkpoint_every = 1000, sample_every = 0, log_every = 10, resume = false,
}

-- Keys that only a recipe gives; those of the command line have theirs in options.lua.
local RULES = {
  model = rule.thing("neap.model", "a model"), data = rule.thing("neap.dataset", "a data set"),
  objective = rule.component "objective", optimizer = rule.thing("neap.adamw", "an optimizer"),
  sampler = rule.thing("neap.sampler", "a sampler"), samples = rule.whole(1, 10000), warmup = rule.whole(0),
  decay = rule.choice("none", "linear", "cosine"), floor = rule.number(0, 1), clip = rule.number(0), ema = rule.number(0, 1),
  log_every = rule.whole(0), on_step = rule.call,
}

local KEYS = {}
for _, known in ipairs { RULES, options.standard } do
  for key in pairs(known) do
    KEYS[#KEYS + 1] = key
  end
end

local REQUIRED = { "model", "data", "objective", "optimizer" }

-- The command line's values over the recipe's over the defaults.
local function resolve(given)
  local settings = {}
  for key, value in pairs(DEFAULTS) do
    settings[key] = value
  end
  for key, value in pairs(given) do
    settings[key] = RULES[key] and rule.read("train: " .. key, RULES[key], value) or value
  end
  for key in pairs(options.standard) do
    settings[key] = options.training_value(key, settings[key])
  end
  settings.seed = settings.seed or tensor.seed()
  settings.out = settings.out or train.default_out
  return settings
end

local function check_given(given)
  check.keys("train", given, KEYS)
  options.check()
  for _, key in ipairs(REQUIRED) do
    if given[key] == nil then
      core.fail_usage(("train: expected '%s'"):format(key))
    end
  end
end

-- What goes into checkpoints and settings.json: numbers and texts that say what this run is.
local function describe(settings)
  local described = { optimizer = { name = "adamw" } }
  for key in pairs(DEFAULTS) do
    described[key] = settings[key]
  end
  for key, value in pairs(settings.optimizer.settings) do
    described.optimizer[key] = value
  end
  described.optimizer.model, described.resume, described.checkpoint_every = nil, nil, nil
  described.sample_every, described.log_every, described.seed = nil, nil, settings.seed
  return described
end

local function new_run(settings)
  local optimizer = { batch = settings.batch, seed = settings.seed, clip = settings.clip, ema = settings.ema }
  for key, value in pairs(settings.optimizer.settings) do
    optimizer[key] = value
  end
  return {
    model = settings.model, data = settings.data, objective = settings.objective, sampler = settings.sampler,
    trainer = core.trainer(settings.model, settings.data, settings.objective, optimizer),
    averaged = optimizer.ema > 0, settings = describe(settings), step = 0,
  }
end

-- Keys that decide what a step does; a run goes on with what it began with.
local FIXED = { "batch", "seed", "precision" }

local function resume(run, path, steps)
  if core.exists(path) ~= "file" then
    core.fail(("train: resume: there is no checkpoint %s"):format(path))
  end
  local step, before = checkpoint.restore(path, run)
  for _, key in ipairs(FIXED) do
    if before[key] ~= run.settings[key] then
      core.fail(("train: resume: %s: the run began with %s, got %s"):format(key, tostring(before[key]),
        tostring(run.settings[key])))
    end
  end
  if step > steps then
    core.fail(("train: resume: steps: the run is at step %d already, got %d"):format(step, steps))
  end
  run.step = step
  io.stderr:write(("resumed at step %d from %s\n"):format(step, path))
end

local function preflight(run, settings)
  local peak, seconds = run.trainer:rehearse()
  local left = (settings.steps - run.step) * seconds
  local limit = settings.minutes and left > settings.minutes * 60
  io.stderr:write(("%s: %s parameters, %s at the peak, %.3g s a step, %s\n"):format(run.model:component():name(),
    format.count(run.model:size()), format.bytes(peak), seconds,
    limit and ("at most %s of %d steps' %s"):format(format.duration(settings.minutes * 60), settings.steps, format.duration(left))
    or ("%d steps in about %s"):format(settings.steps - run.step, format.duration(left))))
end

-- Means since the last line of metrics; of what the objective reports, over the steps in which it did.
local function new_window()
  return { sums = {}, counts = {} }
end

local function put(window, name, value)
  window.sums[name] = (window.sums[name] or 0) + value
  window.counts[name] = (window.counts[name] or 0) + 1
end

local function add(window, report)
  for name, value in pairs(report.reports) do
    put(window, name, value)
  end
  put(window, "loss", report.loss)
  put(window, "gradient_norm", report.gradient_norm)
end

local function mean_of(window, name)
  return window.sums[name] / window.counts[name]
end

local function row_of(run, window, seconds, lr)
  local row = { step = run.step, lr = lr, seconds = seconds }
  for name in pairs(window.sums) do
    row[name] = mean_of(window, name)
  end
  return row
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

local function take_step(run, place, step, scale)
  local done, report = pcall(run.trainer.step, run.trainer, step, scale)
  if not done then
    error(tostring(report) .. last_good(run, place), 0)
  end
  run.step = step
  return report
end

local function due(every, step)
  return every > 0 and step % every == 0
end

--- Steps until the end, the time limit or an interrupt; returns true when it was interrupted.
local function loop(run, settings, place, bar, spent)
  local began, window = core.now() - spent, new_window()
  local limit = settings.minutes and settings.minutes * 60 or math.huge
  for step = run.step + 1, settings.steps do
    local scale = core.schedule(step, settings.warmup, settings.steps, settings.decay, settings.floor)
    local report = take_step(run, place, step, scale)
    local seconds = core.now() - began
    add(window, report)
    run.loss = report.loss
    bar:update(step, seconds, limit, ("loss %.4f"):format(report.loss))
    if due(settings.log_every, step) or step == settings.steps then
      run.loss = mean_of(window, "loss")
      place:log(row_of(run, window, seconds, scale * (settings.optimizer.settings.lr or 1e-3)))
      window = new_window()
    end
    if settings.on_step then
      settings.on_step(step, report)
    end
    if due(settings.checkpoint_every, step) and step < settings.steps then
      save(run, place)
    end
    if due(settings.sample_every, step) and step < settings.steps then
      bar:clear()
      preview.draw(run, settings, place:file(("samples-%06d.png"):format(step)))
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
-- ema, precision, seed, out, checkpoint_every, sample_every, log_every, threads, resume, on_step }. The model ends with
-- its averaged weights where ema is on. Returns the run: { path, step, loss, checkpoint }.
function train.train(given)
  check_given(given)
  local settings = resolve(given)
  settings.sampler = preview.sampler(settings)
  local run
  local place = folder.at(settings.out)
  guarded(settings, function()
    run = new_run(settings)
    if settings.resume then
      resume(run, place:checkpoint(), settings.steps)
    end
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
