--- Components written in Lua: neap.define.KIND { name = .., help = .., params = { .. }, FUNCTION = function(config, ..) .. end }
-- registers a component, which recipes, checkpoints and help then use as one of a plugin. Returns neap.KIND.NAME.
local core = require "neap.core"
local check = require "neap.check"
local component = require "neap.component"
local examples = require "neap.define.examples"
local environment = require "neap.define.environment"
local fingerprint = require "neap.define.fingerprint"
local known = require "neap.define.known"
local rows = require "neap.define.rows"

require "neap.define.layers"

local define = { kinds = { "architecture", "objective", "sampler", "guidance", "dataset", "metric" } }

-- Keys that every definition may have.
local COMMON = { "name", "help", "version", "license", "params" }

local function check_function(who, given, key)
  if given[key] ~= nil and type(given[key]) ~= "function" then
    core.fail_usage(("%s: %s: expected a function, got %s"):format(who, key, type(given[key])))
  end
end

local function texts(who, key, list)
  if type(list) ~= "table" then
    core.fail_usage(("%s: %s: expected a list of texts, got %s"):format(who, key, type(list)))
  end
  for _, text in ipairs(list) do
    if type(text) ~= "string" then
      core.fail_usage(("%s: %s: expected texts, got %s"):format(who, key, type(text)))
    end
  end
  return list
end

local function append(list, others)
  return table.move(others, 1, #others, #list + 1, table.move(list, 1, #list, 1, {}))
end

-- Fails unless given[key] is nil or of one of the types.
local function check_type(who, given, key, ...)
  local kind = type(given[key])
  for _, wanted in ipairs { "nil", ... } do
    if kind == wanted then
      return
    end
  end
  core.fail_usage(("%s: %s: expected a %s, got %s"):format(who, key, table.concat({ ... }, " or a "), kind))
end

local function phases(who, list)
  local result = {}
  for i, phase in ipairs(list) do
    if type(phase) ~= "table" or type(phase.name) ~= "string" then
      core.fail_usage(who .. ": phases: expected a list of { name = .., part = .. }")
    end
    check_type(who .. ": phases: " .. phase.name, phase, "part", "string")
    result[i] = { name = phase.name, part = phase.part or "" }
  end
  return #result > 0 and result or core.fail_usage(who .. ": phases: expected at least one")
end

local OFFERS = { "velocity", "average", "generate", "discriminate", "encode", "decode", "features", "classify" }

-- Of each kind: all functions, those that are required, those of which one is, other keys, and what is checked and added besides.
local KINDS = {
  architecture = {
    functions = append(OFFERS, { "build", "spec", "prepare" }), required = { "build", "spec" }, one_of = OFFERS, keys = {},
    complete = function() end,
  },
  objective = {
    functions = { "loss", "velocity", "repeats", "begins", "dropout", "check" }, required = { "loss" },
    keys = { "needs", "phases", "predicts", "guard" },
    complete = function(who, given, result)
      check_type(who, given, "phases", "table")
      check_type(who, given, "predicts", "string")
      check_type(who, given, "guard", "string")
      result.needs = texts(who, "needs", given.needs or { "velocity" })
      result.phases = phases(who, given.phases or { { name = "loss" } })
      result.predicts, result.guard = given.predicts, given.guard
    end,
  },
  sampler = {
    functions = { "step", "sample" }, required = {}, one_of = { "step", "sample" }, keys = { "needs", "steps" },
    complete = function(who, given, result)
      if given.step and given.sample then
        core.fail_usage(who .. ": expected step or sample, got both")
      elseif given.steps and not given.step then
        core.fail_usage(who .. ": steps: has no effect without step")
      end
      result.needs = texts(who, "needs", given.needs or { "velocity" })
      result.params = given.step and append(rows.read(who, rows.grid(given.steps or 50)), result.params) or result.params
    end,
  },
  guidance = {
    functions = { "velocity" }, required = { "velocity" }, keys = { "uses_null" },
    complete = function(who, given, result)
      check_type(who, given, "uses_null", "boolean", "function")
      result.uses_null = given.uses_null
    end,
  },
  dataset = {
    functions = { "open", "part" }, required = { "open" }, keys = { "noise" },
    complete = function(who, given, result)
      check_type(who, given, "noise", "boolean")
      result.noise = given.noise
      result.read = function(config)
        return examples.read("open", given.open(config))
      end
    end,
  },
  metric = {
    functions = { "score" }, required = { "score" }, keys = { "scores", "better" },
    complete = function(who, given, result)
      result.scores = texts(who, "scores", given.scores)
      result.better = given.better and texts(who, "better", given.better)
      if #result.scores < 1 or #result.scores > 8 then
        core.fail_usage(("%s: scores: expected 1 to 8 names, got %d"):format(who, #result.scores))
      elseif result.better and #result.better ~= #result.scores then
        core.fail_usage(("%s: better: expected one text for each score, %d, got %d"):format(who, #result.scores, #result.better))
      end
    end,
  },
}

local function require_one(who, given, names)
  for _, name in ipairs(names) do
    if given[name] ~= nil then
      return
    end
  end
  core.fail_usage(("%s: expected a function '%s'"):format(who, table.concat(names, "' or '")))
end

local function check_texts(who, given)
  for _, key in ipairs { "name", "help" } do
    if type(given[key]) ~= "string" then
      core.fail_usage(("%s: %s: expected a text, got %s"):format(who, key, type(given[key])))
    end
  end
  for _, key in ipairs { "version", "license" } do
    if given[key] ~= nil and type(given[key]) ~= "string" then
      core.fail_usage(("%s: %s: expected a text, got %s"):format(who, key, type(given[key])))
    end
  end
end

-- The table that core.define reads.
local function prepared(kind, given)
  local own, who = KINDS[kind], "define." .. kind
  check.keys(who, given, append(append(COMMON, own.functions), own.keys))
  check_texts(who, given)
  who = ("%s: %s"):format(who, given.name)
  for _, name in ipairs(own.required) do
    require_one(who, given, { name })
  end
  if own.one_of then
    require_one(who, given, own.one_of)
  end
  local result = { kind = kind, name = given.name, help = given.help, version = given.version or "1.0.0",
    license = given.license or "unstated", params = rows.read(who, given.params) }
  for _, name in ipairs(own.functions) do
    check_function(who, given, name)
    result[name] = given[name]
  end
  own.complete(who, given, result)
  return result
end

local loading -- the file { path, text } that neap.define.load runs

-- The file that has the functions of a definition.
local function origin(kind, ready)
  for _, name in ipairs(KINDS[kind].functions) do
    local source = ready[name] and debug.getinfo(ready[name], "S").source
    if source then
      return source:sub(1, 1) == "@" and source:sub(2) or "the prompt"
    end
  end
end

local function register(kind, given)
  local ready = prepared(kind, given)
  local print_ = fingerprint.of(ready)
  ready.origin = origin(kind, ready)
  core.define(ready)
  known.add { kind = kind, name = given.name, origin = ready.origin, fingerprint = print_, file = loading }
  return component.namespace(kind)[given.name]
end

for _, kind in ipairs(define.kinds) do
  define[kind] = function(given)
    return register(kind, given)
  end
end

-- The text of a file beside the recipe or in the current folder, and its path.
local function read_file(path)
  local recipe = require("neap.folder").recipe
  local beside = recipe and path:sub(1, 1) ~= "/" and recipe:match "^(.*/)" or ""
  for _, place in ipairs { beside .. path, path } do
    local file <close> = io.open(place, "rb")
    local text = file and file:read "a"
    if text then
      return text, place
    end
  end
  core.fail_usage(("define.load: there is no file '%s'"):format(tostring(path)))
end

--- Runs the text of a file of definitions, whose path is for messages, and returns what it returns.
function define.run(path, text)
  local chunk, message = load(text, "@" .. path, "t", environment.new(define))
  if not chunk then
    core.fail("define.load: " .. (message:find(path, 1, true) and message or path .. ": " .. message))
  end
  local outer = loading
  loading = { path = path, text = text }
  fingerprint.texts["@" .. path] = text
  local results = table.pack(pcall(chunk))
  loading = outer
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

--- Runs a file of definitions, from beside the recipe or the current folder, and returns what it returns. Checkpoints of
-- a run that uses them hold the text, so `neap sample` and `neap eval` find them again. The file can only require "neap".
function define.load(path)
  if type(path) ~= "string" then
    core.fail_usage(("define.load: expected a path, got %s"):format(type(path)))
  end
  local text, place = read_file(path)
  return define.run(place, text)
end

return define
