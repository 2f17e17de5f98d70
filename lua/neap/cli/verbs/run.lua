--- neap run RECIPE [key=value ...]
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local check = require "neap.check"
local folder = require "neap.folder"
local options = require "neap.options"
local tensor = require "neap.tensor"
local train = require "neap.train"

-- The folder of a path, with its slash; "" for the current folder.
local function folder_of(path)
  return path:match "^(.*/)" or ""
end

local function neighbours(path)
  local place = folder_of(path)
  local names = core.folder_list(place == "" and "." or place)
  for i, name in ipairs(names) do
    names[i] = place .. name
  end
  return names
end

-- runs/NAME for recipes/NAME.lua
local function name_of(path)
  return path:match "([^/]+)%.lua$" or path:match "([^/]+)$"
end

-- Adds the recipe's folder to the end of package.path: `require` finds files beside the recipe, from any current folder.
local function add_neighbours(path)
  local place = folder_of(path)
  place = place == "" and "./" or place
  if place:find "[;?]" then
    return -- package.path cannot hold these characters
  end
  package.path = ("%s;%s?.lua;%s?/init.lua"):format(package.path, place, place)
end

local function load_recipe(path)
  local found = core.exists(path)
  if found == "folder" then
    core.fail_usage(("run: '%s' is a folder; expected a recipe"):format(path))
  elseif not found then
    core.fail_usage(("run: there is no recipe '%s'%s"):format(path, check.suggestion(path, neighbours(path))))
  end
  local recipe, message = loadfile(path, "t")
  if not recipe then
    error(message:find(path, 1, true) and message or path .. ": " .. message, 0)
  end
  return recipe
end

return function(list)
  local _, rest = arguments.split(list, {})
  local path = table.remove(rest, 1)
  if not path then
    core.fail_usage "run: expected a recipe: neap run RECIPE [key=value ...]"
  end
  options.give(arguments.pairs(rest))
  local recipe = load_recipe(path)
  tensor.seed(options.standard_value("seed", 0))
  core.threads(options.standard_value "threads")
  folder.recipe = path
  train.default_out = "runs/" .. name_of(path)
  add_neighbours(path)
  recipe()
  options.check()
  options.check_reached()
end
