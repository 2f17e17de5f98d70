--- neap export RUN -o FILE-or-FOLDER --as FORMAT: writes the network of a run for another program, or without the state of
-- training.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local export = require "neap.foreign.export"
local flags = require "neap.cli.flags"
local output = require "neap.output"

local RULES = flags.rules(require "neap.cli.flags.export")

local function check(given, rest)
  if #rest ~= 1 then
    core.fail_usage(("export: expected a run: neap export RUN -o FILE-or-FOLDER --as FORMAT; got %d words"):format(#rest))
  elseif not given.out or not given.as then
    core.fail_usage(("export: expected -o PATH and --as %s"):format(RULES["--as"].kind))
  elseif core.exists(given.out) then
    core.fail_usage(("export: -o: %s exists"):format(given.out))
  end
  output.check("export: -o", given.out, given.as ~= "diffusers" and { "safetensors" } or nil)
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  check(given, rest)
  local path = checkpoint.find("export", rest[1])
  if given.as == "neap" then
    checkpoint.export(path, given.out)
  else
    for _, line in ipairs(export.run(path, given.out, given.as)) do
      print(line)
    end
  end
  output.announce(given.out)
end
