--- Options of the verbs that sample from a run (`sample`, `eval`): they find its checkpoint and change its sampler.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local config = require "neap.config"
local precision = require "neap.train.precision"
local progress = require "neap.progress"
local prompt = require "neap.prompt"
local sampler = require "neap.sampler"

local sampling_options = {}

sampling_options.find = checkpoint.find

local function guidance(name, settings)
  return core.component("guidance", name, settings)
end

-- The command line's guidance weight, else that of the innermost guidance of the run.
local function weight_of(run, given)
  local own = run.sampler.guidance
  local values = own and config.of(own) or {}
  while values.of do
    values = values.of.config
  end
  return given.w or values.w or 1
end

local function fail_without_effect(verb, key, reason)
  arguments.fail_without_effect(verb, arguments.option(key), ": " .. reason)
end

local function check_guidance(verb, run, given)
  local of = { given.interval and "interval", given.rescale and "rescale", given.worse and "worse" }
  local first = of[1] or of[2] or of[3]
  local weight = weight_of(run, given)
  if not prompt.conditional(run.model:spec()) and not given.worse and (first or weight ~= 0) then
    fail_without_effect(verb, first or "w", "the run has no classes, and so no null class to guide away from; give --worse RUN")
  elseif first and weight == 0 then
    fail_without_effect(verb, first, "the weight of the guidance is 0; give --w")
  elseif given.worse and core.found_path(sampling_options.find(verb, given.worse)) == core.found_path(run.path) then
    fail_without_effect(verb, "worse", given.worse .. " is the run itself")
  end
end

local function guidance_of(verb, run, given)
  if not (given.w or given.interval or given.rescale or given.worse) then
    return run.sampler.guidance
  end
  check_guidance(verb, run, given)
  local w = weight_of(run, given)
  local result = given.worse and guidance("autoguidance", { w = w, worse = sampling_options.find(verb, given.worse) })
    or guidance("cfg", { w = w })
  if given.rescale then
    result = guidance("rescale", { of = result, phi = given.rescale })
  end
  if given.interval then
    result = guidance("interval", { of = result, low = given.interval.low, high = given.interval.high })
  end
  return result
end

-- Samplers whose times of evaluation are known: those of their steps; `middle` also halfway between them.
local EVALUATES = { euler = "step", ab2 = "step", euler_maruyama = "step", heun = "step", heun_sde = "step", midpoint = "middle" }

--- Fails if a sampler that starts at time `from` evaluates the network at no time inside the guidance interval.
function sampling_options.check_interval(verb, own, given, from)
  local name, interval = own.instance:name(), given.interval
  local times = interval and EVALUATES[name] and own:times(from, 0) or {}
  for i = 1, #times - 1 do
    for _, t in ipairs { times[i], EVALUATES[name] == "middle" and (times[i] + times[i + 1]) / 2 or nil } do
      if interval.low <= t and t <= interval.high then
        return
      end
    end
  end
  if #times > 0 then
    fail_without_effect(verb, "interval", ("no step of %s is taken between %g and %g"):format(name, interval.low, interval.high))
  end
end

--- The run's sampler with the changes of the command line: options, and parameters as key=value pairs.
function sampling_options.adjust(verb, run, given, pairs_)
  local own, changes, texts = run.sampler, { guidance = guidance_of(verb, run, given), steps = given.steps }, {}
  for _, pair in ipairs(pairs_) do
    if pair[1] == "steps" and given.steps then
      core.fail_usage(("steps: expected once, got --steps %d and steps=%s"):format(given.steps, pair[2]))
    end
    texts[pair[1]] = pair[2]
  end
  if given.sampler and given.sampler ~= own.instance:name() then
    return sampler.new(given.sampler, changes, texts)
  end
  return own:with(changes, texts)
end

-- The results of a pcall, packed; raises its error.
local function results_of(packed)
  if not packed[1] then
    error(packed[2], 0)
  end
  return table.unpack(packed, 2, packed.n)
end

--- f(...) with products in the precision of the options, fp32 by default.
function sampling_options.in_precision(given, f, ...)
  local before = precision.set((precision.choose(given.precision or "fp32")))
  local results = table.pack(pcall(f, ...))
  precision.set(before)
  return results_of(results)
end

-- A watch that shows how many samples are drawn, with the time left; `earlier` is another watch, or nil. A sampler that chooses
-- its steps has come as far as the time of its slowest sample.
local function watch_of(bar, last, earlier)
  local done, rows, first = 0, 0, 1
  return function(step, steps, t, x)
    if step == 0 then
      done, rows, first = done + rows, x:size(0), t
    end
    bar:advance(done + rows * (steps > 0 and step / steps or (first - t) / (first - last)))
    if earlier then
      earlier(step, steps, t, x)
    end
  end
end

--- own:sample(model, settings) in the precision of the options, with its progress on a terminal.
function sampling_options.sample(given, own, model, settings)
  local bar, watched = progress.new(settings.n, 0, { unit = "sample", quiet = true }), {}
  for key, value in pairs(settings) do
    watched[key] = value
  end
  watched.watch = bar.terminal and watch_of(bar, settings.invert and 1 or 0, settings.watch) or settings.watch
  local results = table.pack(pcall(sampling_options.in_precision, given, own.sample, own, model, watched))
  bar:clear()
  return results_of(results)
end

return sampling_options
