--- Options of the verbs that sample from a run (`sample`, `eval`): they find its checkpoint and change its sampler.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local config = require "neap.config"
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

--- Shows the step of a sampler if standard error is a terminal.
function sampling_options.show_progress(step, steps)
  if steps > 0 and core.is_terminal(2) then
    io.stderr:write(("\rstep %d/%d\27[K%s"):format(step, steps, step == steps and "\r\27[K" or ""))
  end
end

return sampling_options
