--- neap help NAME ...: explains verbs, components, ops, functions of Lua and settings.
local arguments = require "neap.cli.arguments"
local flags = require "neap.cli.flags"
local help = require "neap.help"

local RULES = flags.rules(require "neap.cli.flags.help")

return function(list)
  local given, names = arguments.split(list, RULES)
  if given.write then
    require("neap.help.pages").write(given.write)
  end
  for i, name in ipairs(names) do
    io.stdout:write(i > 1 and "\n" or "")
    help.show(name)
  end
end
