--- The components that were defined in Lua: { kind, name, origin, fingerprint, file }, where `file` { path, text } is that of
-- neap.define.load, or nil.
local known = {}

local definitions = {}

function known.add(definition)
  definitions[definition.kind .. "." .. definition.name] = definition
end

--- The definition of a component; nil for a component of a plugin.
function known.find(kind, name)
  return definitions[kind .. "." .. name]
end

return known
