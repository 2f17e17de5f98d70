--- neap list [KIND]
local core = require "neap.core"
local check = require "neap.check"
local wrap = require "neap.help.wrap"

local function list(kind)
  for _, component in ipairs(core.components(kind)) do
    io.stdout:write(wrap.row(0, 30, ("%-13s %s"):format(kind, component.name), component.help))
  end
end

return function(arguments)
  local wanted, found = arguments[1], false
  if #arguments > 1 then
    core.fail_usage(("list: expected at most one kind, got %d"):format(#arguments))
  end
  for _, kind in ipairs(core.kinds()) do
    if wanted == nil or wanted == kind then
      found = true
      list(kind)
    end
  end
  if not found then
    check.fail_name("list: unknown kind", wanted, core.kinds())
  end
end
