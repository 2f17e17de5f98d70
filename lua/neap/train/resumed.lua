--- Goes on with a training from its checkpoint: with the settings of neap.train while its model is alive, else by the recipe in
-- the folder of the run.
local core = require "neap.core"
local folder = require "neap.folder"
local options = require "neap.options"

local resumed = {}

--- Calls neap.train with these settings, some of them changed.
function resumed.training(given, changes)
  local settings = {}
  for _, part in ipairs { given, changes, { resume = true } } do
    for key, value in pairs(part) do
      settings[key] = value
    end
  end
  return require("neap.train").train(settings)
end

-- The keys of the command line that the run began with.
local function overrides(place)
  local file <close> = io.open(place:file "settings.json", "rb")
  local stored = file and core.json_decode(file:read "a" or "")
  return type(stored) == "table" and type(stored.overrides) == "table" and stored.overrides or {}
end

-- Where the recipe puts the run: a stage has a folder in that of its recipe.
local function whereabouts(path)
  local parent, name = path:match "^(.*)/([^/]+)$"
  if parent and core.exists(parent .. "/stages.json") then
    return { out = parent, only = name }
  end
  return { out = path }
end

-- The words of `neap run`.
local function words_of(place, changes)
  local keys, words = {}, { place:file "recipe.lua" }
  for _, part in ipairs { overrides(place), changes, whereabouts(place.path), { resume = "true" } } do
    for key, value in pairs(part) do
      keys[key] = tostring(value)
    end
  end
  for key, value in pairs(keys) do
    words[#words + 1] = key .. "=" .. value
  end
  return words
end

-- Calls f(...) and restores what `neap run` sets for the process.
local function alone(f, ...)
  local train = require "neap.train"
  local recipe, out, path = folder.recipe, train.default_out, package.path
  local done, message = pcall(f, ...)
  folder.recipe, train.default_out, package.path = recipe, out, path
  options.give {}
  if not done then
    error(message, 0)
  end
end

--- Runs the recipe of a run's folder; changes are keys of its command line.
function resumed.recipe(path, changes)
  local place = folder.at(path)
  if core.exists(place:file "recipe.lua") ~= "file" then
    core.fail(("resume: %s has no recipe.lua; call neap.train { resume = true, .. } with its model and data"):format(path))
  end
  alone(require "neap.cli.verbs.run", words_of(place, changes))
end

return resumed
