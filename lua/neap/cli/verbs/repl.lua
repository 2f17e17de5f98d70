--- neap repl: a prompt.
local arguments = require "neap.cli.arguments"
local session = require "neap.repl.session"

return function(list)
  arguments.none("repl", list)
  session.run()
end
