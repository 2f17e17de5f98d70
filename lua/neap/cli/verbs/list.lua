--- neap list [KIND]
local core = require "neap.core"
local check = require "neap.check"

local function list(kind)
  for _, component in ipairs(core.components(kind)) do
    print(("%-13s %-15s %s"):format(kind, component.name, component.help))
  end
end

return function(arguments)
  local wanted, kinds = arguments[1], core.kinds()
  if #arguments > 1 then
    core.fail_usage(("list: expected at most one kind, got %d"):format(#arguments))
  end
  local found = wanted == nil
  for _, kind in ipairs(kinds) do
    if wanted == nil or wanted == kind then
      found = true
      list(kind)
    end
  end
  if not found then
    core.fail_usage(("list: unknown kind '%s'%s"):format(wanted, check.suggestion(wanted, kinds)))
  end
end
