--- What the verbs share that draw from a run: its checkpoint, and its sampler with what the command line changes.
local core = require "neap.core"
local folder = require "neap.folder"
local sampler = require "neap.sampler"

local drawn = {}

--- The checkpoint of a run's folder, or the checkpoint itself.
function drawn.find(verb, path)
  if core.exists(path) == "folder" then
    path = path .. "/" .. folder.CHECKPOINT
  end
  if core.exists(path) ~= "file" then
    core.fail(("%s: there is no checkpoint '%s'"):format(verb, path))
  end
  return path
end

local function guidance(name, settings)
  return core.component("guidance", name, settings)
end

-- The weight of the run's own guidance, which the command line's stands in for.
local function weight_of(run, given)
  local own = run.sampler.guidance
  return given.w or own and core.json_decode(own:json()).w or 1
end

local function guidance_of(run, given)
  if not (given.w or given.interval or given.rescale or given.worse) then
    return run.sampler.guidance
  end
  local result = guidance(given.worse and "autoguidance" or "cfg", { w = weight_of(run, given) })
  if given.rescale then
    result = guidance("rescale", { of = result, phi = given.rescale })
  end
  if given.interval then
    result = guidance("interval", { of = result, low = given.interval.low, high = given.interval.high })
  end
  return result
end

-- "3" and "true" as what they say.
local function typed(text)
  return tonumber(text) or (text == "true" or text ~= "false" and text)
end

--- The run's own sampler, with what the command line changes: options, and parameters as key=value pairs.
function drawn.adjust(run, given, pairs_)
  local own, changes = run.sampler, { guidance = guidance_of(run, given), steps = given.steps }
  for _, pair in ipairs(pairs_) do
    changes[pair[1]] = typed(pair[2])
  end
  if given.sampler and given.sampler ~= own.instance:name() then
    return sampler.new(given.sampler, changes)
  end
  return own:with(changes)
end

--- Watches a sampler: tells the step where a person is looking.
function drawn.progress(step, steps)
  if steps > 0 and core.is_terminal(2) then
    io.stderr:write(("\rstep %d/%d\27[K%s"):format(step, steps, step == steps and "\r\27[K" or ""))
  end
end

return drawn
