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
-- A stage is { name, run, share = 1, check, done }. All `check` are called before the first stage begins; they fail for settings
-- that a later stage would refuse. A stage that is done is skipped, and one that was interrupted is resumed. A stage is done if
-- `done(stage)` returns true; without `done`, if the run in its folder has ended. `run` and `done` get { name, out, minutes,
-- resume }, which are settings for neap.train.
--
-- `only` is the name of the one stage to run; empty: all. Keys of the command line:
--   minutes=M        for all stages together, in place of those of the recipe, time of earlier calls included. The stages to
--                    come divide the time that is left by their shares
--   resume=false     begins the stages anew; resume=true fails when no stage can be resumed
--   extend=true      with `only` and resume=true: continues a stage that is done, with a new schedule
--   seed= steps=     for each training, as in neap.train; each stage begins with the seed
--   out=FOLDER       in place of runs/NAME
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"
local format = require "neap.format"
local options = require "neap.options"
local rule = require "neap.rule"
local setting = require "neap.setting"
local tensor = require "neap.tensor"
local train = require "neap.train"

local stages = {}

local TIMES = "stages.json" -- in the folder of all stages: seconds by name
local LEAST = 0.1           -- a stage gets this part of its share of `minutes` even if no time is left

local OF_STAGE = {
  { "name", rule.text "a name", "Name of a stage, and of its folder.", required = true },
  { "run", rule.call, "Trains: run(stage) with { name, out, minutes, resume }.", required = true },
  { "share", rule.number(0), "Share of the minutes.", default = 1 },
  { "check", rule.call, "Called before the first stage; fails for settings that the stage would refuse.", usual = "none" },
  { "done", rule.call, "done(stage): is the stage done?", usual = "true if the run in its folder has ended" },
}
local OF_ALL = {
  { "minutes", "a number above 0", "Time limit of all stages together.", usual = "no limit" },
  { "only", "text", "Name of the one stage to run; empty: all.", default = "" },
}
local ALL_KEYS, RULES = setting.declare("neap.stages", OF_ALL), setting.rules(OF_STAGE)
local STAGE_KEYS = setting.declare("neap.stages: stage", OF_STAGE)

-- --- The list ---------------------------------------------------------------------------------------------------------

local function read_stage(i, given)
  local who = ("stages: stage %d"):format(i)
  check.keys(who, given, STAGE_KEYS)
  local stage = setting.defaults(OF_STAGE)
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
  check.keys("stages", settings, ALL_KEYS)
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
    core.fail_usage "extend: expected only=STAGE and resume=true as well: it continues one stage that is done"
  end
  return own
end

-- --- Time -------------------------------------------------------------------------------------------------------------

-- The object in a JSON file; empty where there is none.
local function read_object(path)
  local file <close> = io.open(path, "rb")
  local value = file and core.json_decode(file:read "a" or "")
  return type(value) == "table" and value or {}
end

-- Seconds by the name of a stage, as noted by earlier calls. Anything else in the file is ignored.
local function read_times(own)
  local times = {}
  for name, seconds in pairs(read_object(own.out .. "/" .. TIMES)) do
    times[name] = type(name) == "string" and math.type(seconds) and rule.number(0).read(seconds) or nil
  end
  return times
end

-- Seconds of the run in the folder of a stage, by its metrics.
local function trained(stage)
  return folder.at(stage.out):last_row(math.huge).seconds
end

-- Seconds that a stage has taken: as noted, or more by the metrics if it was killed; 0 for one that will begin anew.
local function spent(own, stage)
  if own.resume == false and not stage.finished and not stage.skipped then
    return 0
  end
  return math.max(read_times(own)[stage.name] or 0, trained(stage))
end

local function add_time(own, stage, seconds, anew)
  local times = read_times(own)
  times[stage.name] = seconds + (anew and 0 or times[stage.name] or 0)
  if core.exists(own.out) == "folder" then
    core.file_save(own.out .. "/" .. TIMES, core.json_encode(times) .. "\n")
  end
end

-- Minutes for stage i of the list, including those that its own run has taken; nil without a limit.
local function minutes_for(own, list, i)
  if not own.minutes then
    return nil
  end
  local stage, total = list[i], own.minutes * 60
  local left, open, all = total, 0, 0 -- seconds; sums of shares of the stages to come, and of all stages
  for k, other in ipairs(list) do
    left, all = left - spent(own, other), all + other.share
    open = open + (k >= i and not other.finished and other.share or 0)
  end
  local least = LEAST * total * stage.share / all
  local seconds = open > 0 and math.max(least, left * stage.share / open) or 0
  return seconds > 0 and ((stage.resume and trained(stage) or 0) + seconds) / 60 or nil
end

-- --- Running ----------------------------------------------------------------------------------------------------------

local function say(...)
  io.stderr:write((...):format(select(2, ...)), "\n")
end

-- The keys of the recipe that a stage was run with: " (width=64)".
local function keys_of(stage)
  local given, words = read_object(stage.out .. "/settings.json").overrides, {}
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
    core.fail(("stages: resume: no stage in %s can be resumed"):format(own.out))
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
