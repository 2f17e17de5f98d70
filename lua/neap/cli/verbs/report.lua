--- neap report RUN: writes report.html into the folder of a run, which may be in progress or stopped.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local output = require "neap.output"
local report = require "neap.report"

return function(list)
  local _, rest = arguments.split(list, {})
  local path = table.remove(rest, 1)
  if not path then
    core.fail_usage "report: expected a run: neap report RUN"
  end
  arguments.none("report " .. path, rest)
  output.announce(report.write(path))
end
