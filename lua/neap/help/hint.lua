--- Hints for errors of Lua that name what was called: "attempt to call a nil value (method 'step')".
local CALL, INDEX = "attempt to call an? .- value %((%a+) '([^']*)'%)", "attempt to index a nil value %(global '([^']*)'%)"

-- Methods or functions that a name may be meant for, and whether it is the name of a property.
local function known(kind)
  local names, properties = {}, {}
  for _, entry in ipairs(require "neap.help.entries"()) do
    local name = entry.name:match "[^.:]+$"
    local callable = entry.kind == "op" or entry.kind == (kind == "method" and "method" or "function")
    names[#names + 1] = callable and name or nil
    properties[name] = properties[name] or entry.kind == "property" and entry.name or nil
  end
  return names, properties
end

local function hint_of_call(kind, name)
  local check = require "neap.check"
  local names, properties = known(kind)
  if properties[name] then
    return ("; '%s' is a property, which is read without ()"):format(properties[name])
  end
  return check.suggestion(name, names)
end

local function hint_of_global(name)
  local check = require "neap.check"
  if name == "neap" then
    return '; a recipe begins with: local neap = require "neap"'
  end
  return check.suggestion(name, check.names(_G))
end

-- A function of the library that was called without `neap.`.
local function hint_of_function(name)
  local neap = require "neap"
  return rawget(neap, name) and ("; did you mean 'neap.%s'?"):format(name) or hint_of_global(name)
end

--- A message of Lua with a hint at its end, where there is one; any other message as it is.
return function(message)
  local kind, name = message:match(CALL)
  local global = message:match(INDEX)
  if kind == "global" then
    return message .. hint_of_function(name)
  elseif kind then
    return message .. hint_of_call(kind, name)
  elseif global then
    return message .. hint_of_global(global)
  end
  return message
end
