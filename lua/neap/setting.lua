--- Tables of settings. Each function that takes one table of settings declares its keys here once; checks and help read them.
--
-- A list of settings has entries { name, rule, help, required = true, default = value, usual = words for a default that is
-- computed }. In place of a rule (neap/rule.lua), the words for what is expected, where the function checks the value itself.
local setting = {}

local declared = {} -- lists by the name of their function

local function append(list, more)
  return table.move(more, 1, #more, #list + 1, list)
end

--- declare("film", list, more, ...) -> names: the settings of neap.film, which help finds under that name.
function setting.declare(who, ...)
  local all, names = {}, {}
  for _, list in ipairs { ... } do
    append(all, list)
  end
  for i, entry in ipairs(all) do
    names[i] = entry[1]
  end
  declared[who] = all
  return names
end

--- The settings that a function has declared, or nil.
function setting.of(who)
  return declared[who]
end

-- { name = value } of a list, by value(entry).
local function by_name(list, value)
  local values = {}
  for _, entry in ipairs(list) do
    values[entry[1]] = value(entry)
  end
  return values
end

--- { name = rule } of a list, for settings that have one.
function setting.rules(list)
  return by_name(list, function(entry)
    return type(entry[2]) == "table" and entry[2] or nil
  end)
end

--- { name = default } of a list.
function setting.defaults(list)
  return by_name(list, function(entry)
    return entry.default
  end)
end

--- The names of the settings of a list that are required.
function setting.required(list)
  local names = {}
  for _, entry in ipairs(list) do
    names[#names + 1] = entry.required and entry[1] or nil
  end
  return names
end

return setting
