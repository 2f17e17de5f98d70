--- Several trainings in one recipe, one after another, each in its own folder: runs/NAME/STAGE. `neap.stages`:
--
--   local o = neap.options { only = "" }
--   neap.stages {
--     minutes = 60, only = o.only,
--     { name = "vae", share = 2, run = function(stage)
--       neap.train { model = vae(), data = data, out = stage.out, minutes = stage.minutes, resume = stage.resume, ... }
--     end },
--     { name = "flow", share = 3, check = function() dit():set_autoencoder(vae()) end, run = function(stage) ... end },
--   }
--
-- A stage is { name, run, share = 1, check, done }. Each `check` is called before the first stage begins: it fails for what
-- cannot fit later. A stage is skipped when it is done, and goes on where it was interrupted. `done(stage)` tells; without
-- it, a stage is done when the checkpoint in its folder has come to its end. `run` and `done` get { name, out, minutes,
-- resume }; they are settings for neap.train.
--
-- `only` is the name of the one stage to run; empty: all. Keys of the command line:
--   minutes=M        for all stages together, in place of those of the recipe. A stage gets the part of the time left that
--                    its share is of the shares of the stages to come; time that was spent before counts
--   resume=false     begins the stages anew that are run; resume=true fails when there is nothing to go on with
--   extend=true      with `only` and resume=true: goes on with a stage that is done, with a new schedule
--   seed= steps=     for each training, as in neap.train; each stage begins with the seed
--   out=FOLDER       in place of runs/NAME
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"
local format = require "neap.format"
local options = require "neap.options"
local rule = require "neap.rule"
local tensor = require "neap.tensor"
local train = require "neap.train"

local stages = {}

local TIMES = "stages.json" -- in the folder of all stages: seconds by name
local LEAST = 0.1           -- of its share of all the time, which a stage gets in any case

local RULES = {
  name = rule.text "a name", share = rule.number(0), run = rule.call, check = rule.call, done = rule.call,
}

-- --- The list ---------------------------------------------------------------------------------------------------------

local function read_stage(i, given)
  local who = ("stages: stage %d"):format(i)
  check.keys(who, given, check.names(RULES))
  local stage = { share = 1 }
  for key, value in pairs(given) do
    stage[key] = rule.read(who .. ": " .. key, RULES[key], value)
  end
  if not (stage.name and stage.run) or stage.name:find "[/.]" then
    core.fail_usage(("%s: expected a name without '/' and '.', and a function 'run'"):format(who))
  end
  return stage
end

local function read_list(given)
  local list, names, settings = {}, {}, {}
  for key, value in pairs(given) do
    settings[key] = math.type(key) ~= "integer" and value or nil
  end
  check.keys("stages", settings, { "minutes", "only" })
  for i, one in ipairs(given) do
    local stage = read_stage(i, one)
    if names[stage.name] then
      core.fail_usage(("stages: the name '%s' is given twice"):format(stage.name))
    end
    list[i], names[stage.name] = stage, stage
  end
  if #list == 0 then
    core.fail_usage "stages: expected a list of stages, got none"
  end
  return list, names
end

-- The keys of the command line that are for the stages.
local function read_options(given, names)
  local own = {
    only = given.only ~= "" and given.only or nil, minutes = options.own("minutes", given.minutes),
    resume = options.own "resume", extend = options.standard_value("extend", false),
    out = options.own("out", train.default_out), seed = tensor.seed(),
  }
  if own.only and not names[own.only] then
    check.fail_name("stages: only: there is no stage", own.only, check.names(names))
  elseif own.extend and not (own.only and own.resume) then
    core.fail_usage "extend: expected only=STAGE and resume=true as well: it goes on with one stage that is done"
  end
  return own
end

-- --- Time -------------------------------------------------------------------------------------------------------------

local function read_times(out)
  local file <close> = io.open(out .. "/" .. TIMES, "rb")
  local times = file and core.json_decode(file:read "a" or "")
  return type(times) == "table" and times or {}
end

-- Seconds of the run in the folder of a stage, by its metrics.
local function trained(stage)
  return folder.at(stage.out):last_row(math.huge).seconds
end

-- Seconds that a stage has taken so far: as noted, or by the metrics of a run that was killed. What will be begun anew has
-- taken none.
local function spent(own, stage, times)
  if own.resume == false and not stage.finished and not stage.skipped then
    return 0
  end
  return math.max(math.type(times[stage.name]) and times[stage.name] or 0, trained(stage))
end

local function add_time(own, stage, seconds, anew)
  local times = read_times(own.out)
  times[stage.name] = (anew and 0 or math.type(times[stage.name]) and times[stage.name] or 0) + seconds
  if core.exists(own.out) == "folder" then
    core.file_save(own.out .. "/" .. TIMES, core.json_encode(times) .. "\n")
  end
end

-- Minutes for stage i of the list, those that its own run has taken included; nil without a limit.
local function minutes_for(own, list, i)
  if not own.minutes then
    return nil
  end
  local total, left, shares, all, times = own.minutes * 60, own.minutes * 60, 0, 0, read_times(own.out)
  for k, stage in ipairs(list) do
    left, all = left - spent(own, stage, times), all + stage.share
    shares = shares + (k >= i and not stage.finished and stage.share or 0)
  end
  local stage = list[i]
  local least = LEAST * total * stage.share / all
  local seconds = shares > 0 and math.max(least, left * stage.share / shares) or 0
  return seconds > 0 and ((stage.resume and trained(stage) or 0) + seconds) / 60 or nil
end

-- --- Running ----------------------------------------------------------------------------------------------------------

local function say(...)
  io.stderr:write((...):format(select(2, ...)), "\n")
end

-- " (width=64)": the recipe's keys that a stage was run with.
local function keys_of(stage)
  local file <close> = io.open(stage.out .. "/settings.json", "rb")
  local settings = file and core.json_decode(file:read "a" or "")
  local given, words = type(settings) == "table" and settings.overrides or {}, {}
  for key, value in pairs(type(given) == "table" and given or {}) do
    words[#words + 1] = not options.standard[key] and key ~= "only" and ("%s=%s"):format(key, tostring(value)) or nil
  end
  table.sort(words)
  return #words > 0 and (" (%s)"):format(table.concat(words, " ")) or ""
end

local function path_of(stage)
  return folder.at(stage.out):checkpoint()
end

local function is_done(own, stage)
  if own.resume == false or own.extend then
    return false
  elseif stage.done then
    return stage.done(stage)
  end
  return checkpoint.ended(path_of(stage))
end

-- Runs a stage and notes its time, also when it fails.
local function run_stage(own, list, i)
  local stage, began = list[i], core.now()
  stage.resume = own.resume ~= false and core.exists(path_of(stage)) == "file"
  stage.minutes = minutes_for(own, list, i)
  say("stage %d of %d, %s%s", i, #list, stage.name, stage.minutes and (", at most %s"):format(
    format.duration(stage.minutes * 60)) or "")
  tensor.seed(own.seed)
  local done, result = pcall(stage.run, stage)
  add_time(own, stage, core.now() - began, not stage.resume)
  if not done then
    error(result, 0)
  end
  stage.finished = true
  return result
end

-- Finds the folder and the state of each stage, and checks those that will run.
local function prepare(own, list)
  local found = false
  for _, stage in ipairs(list) do
    stage.out = folder.at(own.out).path .. "/" .. stage.name
    stage.skipped = own.only ~= nil and own.only ~= stage.name
    stage.finished = is_done(own, stage)
    found = found or not stage.skipped and core.exists(path_of(stage)) == "file"
  end
  if own.resume and not found then
    core.fail(("stages: resume: there is nothing to go on with in %s"):format(own.out))
  end
  for _, stage in ipairs(list) do
    if stage.check and not stage.skipped and not stage.finished then
      stage.check()
    end
  end
end

--- neap.stages { minutes, { name, run, share, check, done }, ... } as above. Returns what each `run` returned, by the name of
-- its stage; nil for a stage that was skipped.
function stages.run(given)
  if type(given) ~= "table" then
    core.fail_usage(("stages: expected a list of stages, got %s"):format(type(given)))
  end
  local list, names = read_list(given)
  local own, results = read_options(given, names), {}
  prepare(own, list)
  for i, stage in ipairs(list) do
    stage.finished = is_done(own, stage) -- again: a stage before it may have changed what it works on
    if stage.finished and not stage.skipped then
      say("stage %d of %d, %s: done%s", i, #list, stage.name, keys_of(stage))
    elseif not stage.skipped then
      results[stage.name] = run_stage(own, list, i)
    end
  end
  return results
end

return stages
