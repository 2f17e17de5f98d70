--- The parameters of components as tables.
local core = require "neap.core"

local config = {}

--- { parameter = value } of a component; a parameter that is a component is { kind, name, config }.
function config.of(instance)
  local values, reason = core.json_decode(instance:json())
  if type(values) ~= "table" then
    core.fail(("%s: its config cannot be read: %s"):format(instance:name(), reason))
  end
  return values
end

return config
