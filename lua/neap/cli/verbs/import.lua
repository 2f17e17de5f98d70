--- neap import FILE-or-FOLDER -o RUN.safetensors [--verbose] [key=value ...]: reads weights of another program.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local flags = require "neap.cli.flags"
local import = require "neap.foreign.import"
local output = require "neap.output"

local RULES = flags.rules(require "neap.cli.flags.import")

local function check_output(path)
  if not path then
    core.fail_usage "import: expected -o FILE.safetensors"
  elseif core.exists(path) then
    core.fail_usage(("import: -o: %s exists"):format(path))
  end
  output.check("import: -o", path, { "safetensors" })
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  local path = table.remove(rest, 1)
  if not path then
    core.fail_usage "import: expected weights: neap import FILE-or-FOLDER -o RUN.safetensors [key=value ...]"
  end
  local settings = {}
  for _, pair in ipairs(arguments.pairs(rest)) do
    settings[pair[1]] = pair[2]
  end
  check_output(given.out)
  for _, line in ipairs(import.run(path, given.out, settings, given.verbose)) do
    print(line)
  end
  output.announce(given.out)
end
