--- Checks of names that a recipe or the command line gives.
local core = require "neap.core"

local check = {}

--- `; did you mean 'x'?` for the nearest of names, or "" where none is near.
function check.suggestion(word, names)
  local nearest = core.nearest(tostring(word), names)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

--- Fails as `PROBLEM 'word'; did you mean 'x'?`
function check.fail_name(problem, word, names)
  core.fail_usage(("%s '%s'%s"):format(problem, tostring(word), check.suggestion(word, names)))
end

--- The keys of a table, sorted.
function check.names(entries)
  local names = {}
  for name in pairs(entries) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- Fails unless settings is a table and each of its keys is one of names.
function check.keys(who, settings, names)
  if type(settings) ~= "table" then
    core.fail_usage(("%s: expected one table of settings, got %s"):format(who, type(settings)))
  end
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  for key in pairs(settings) do
    if not known[key] then
      check.fail_name(who .. ": unknown key", key, names)
    end
  end
end

--- Fails unless settings has each of these keys.
function check.required(who, settings, names)
  for _, name in ipairs(names) do
    if settings[name] == nil then
      core.fail_usage(("%s: expected '%s'"):format(who, name))
    end
  end
end

return check
