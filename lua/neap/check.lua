--- Checks of what a recipe hands over.
local core = require "neap.core"

local check = {}

--- `; did you mean 'x'?`, or nothing.
function check.suggestion(word, names)
  local nearest = core.nearest(tostring(word), names)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

--- Every key of the table is one of names.
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
      core.fail_usage(("%s: unknown key '%s'%s"):format(who, tostring(key), check.suggestion(key, names)))
    end
  end
end

return check
