--- Keys of the command line that set parameters of a recipe's components: model.width=256 is the parameter `width` of each
-- architecture that the recipe makes and that has one, in place of the recipe's own value. Components inside others, such as a
-- data set in another one, are set as well. A group that the recipe declares with neap.options is the recipe's own.
local core = require "neap.core"
local check = require "neap.check"
local rule = require "neap.rule"

local components = {}

-- The kinds of the groups, which are named as the keys of neap.train.
local KINDS = {
  model = "architecture", data = "dataset", objective = "objective", sampler = "sampler", guidance = "guidance",
  metric = "metric",
}
local OPTIMIZER = "optimizer"

local GROUPS = check.names(KINDS)
GROUPS[#GROUPS + 1] = OPTIMIZER

-- Texts of the command line by key, keys that the recipe declares, keys that were set, and names of components by group.
local given, declared, reached, made = {}, {}, {}, {}

--- Begins with the texts of a command line; `used` is the set of keys that the recipe declares, which grows.
function components.give(texts, used)
  given, declared, reached, made = texts, used, {}, {}
end

-- "model", "width" of "model.width"; nil for the keys of no group.
local function split(key)
  local group, parameter = key:match "^([%a_][%w_]*)%.(.+)$"
  return group, parameter
end

-- Iterates over parameters and texts of a group's keys.
local function each(group)
  local list = {}
  for key, text in pairs(given) do
    local own, parameter = split(key)
    if own == group and not declared[key] then
      list[#list + 1] = { parameter, text, key }
    end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function has(list, name)
  for _, one in ipairs(list) do
    if one == name then
      return true
    end
  end
  return false
end

-- --- Setting ----------------------------------------------------------------------------------------------------------

local function group_of(kind)
  for group, own in pairs(KINDS) do
    if own == kind then
      return group
    end
  end
end

--- The texts of the command line for a component that a recipe makes, { parameter = text }.
function components.texts(kind, name)
  local texts, group = {}, group_of(kind)
  local list = group and next(given) and each(group) or {}
  if not list[1] then
    return texts
  end
  local names = check.named(core.find(kind, name).params)
  made[group] = made[group] or {}
  table.insert(made[group], { name = name, parameters = names })
  for _, entry in ipairs(list) do
    if has(names, entry[1]) then
      texts[entry[1]], reached[entry[3]] = entry[2], true
    end
  end
  return texts
end

--- Replaces the settings of an optimizer of a kind by those of the command line. `names` are the settings that the kind has.
-- `phase` is the phase that it trains, if that is known.
function components.set_optimizer(kind, names, settings, phase)
  local prefix = phase and phase .. "." or ""
  made[OPTIMIZER] = made[OPTIMIZER] or {}
  table.insert(made[OPTIMIZER], { name = kind, parameters = names })
  for _, entry in ipairs(each(OPTIMIZER)) do
    local name = entry[1]:sub(1, #prefix) == prefix and entry[1]:sub(#prefix + 1)
    if name and has(names, name) then
      settings[name], reached[entry[3]] = rule.parse(entry[3], rule.finite, entry[2]), true
    end
  end
end

-- --- Checks -----------------------------------------------------------------------------------------------------------

-- The parameters of all components of a kind.
local function all_parameters(kind)
  local names = {}
  for _, component in ipairs(core.components(kind)) do
    for _, name in ipairs(check.named(component.params)) do
      names[#names + 1] = name
    end
  end
  return names
end

--- Is a key one of a group? Fails if no component of its kind has the parameter, and for a group with a name near to those there
-- are.
function components.check(key)
  local group, parameter = split(key)
  if not group then
    return false
  elseif not has(GROUPS, group) then
    local nearest = core.nearest(group, GROUPS)
    return nearest and core.fail_usage(("unknown key '%s'; did you mean '%s.%s'?"):format(key, nearest, parameter))
  end
  local kind = KINDS[group]
  local names = kind and all_parameters(kind) or require("neap.optimizer").settings()
  local name = kind and parameter or parameter:match "[^.]*$" -- those of one phase are optimizer.PHASE.lr
  if not has(names, name) then
    check.fail_name(("%s: no %s has a parameter"):format(key, kind or OPTIMIZER), name, names)
  end
  return true
end

-- Fails for a key of a group that reached nothing.
local function fail_unreached(key, group, name)
  local list, names, own = made[group] or {}, {}, {}
  for _, component in ipairs(list) do
    names[#names + 1] = not has(names, component.name) and component.name or nil
    table.move(component.parameters, 1, #component.parameters, #own + 1, own)
  end
  if #names == 0 then
    core.fail_usage(("%s: has no effect: the recipe makes no %s"):format(key, KINDS[group] or OPTIMIZER))
  end
  local who = table.concat(names, " and ")
  check.fail_name(("%s: %s %s no parameter"):format(key, who, #names == 1 and "has" or "have"), name, own)
end

--- Fails if a key of these groups, by default all, has set nothing: the recipe made no such component, or one without the
-- parameter.
function components.check_reached(groups)
  for _, group in ipairs(groups or GROUPS) do
    for _, entry in ipairs(each(group)) do
      if not reached[entry[3]] then
        fail_unreached(entry[3], group, entry[1])
      end
    end
  end
end

return components
