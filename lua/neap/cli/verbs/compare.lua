--- neap compare RUN RUN [RUN ...] [-o FILE]: the settings in which runs differ and what they reached; to a file, their curves
-- and samples as well.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local columns = require "neap.cli.columns"
local compare = require "neap.report.compare"
local flags = require "neap.cli.flags"
local output = require "neap.output"

local RULES = flags.rules(require "neap.cli.flags.compare")

-- All columns may be cut off.
local function soft(count)
  local list = {}
  for i = 1, count do
    list[i] = i
  end
  return list
end

local function print_tables(runs)
  local rows = compare.settings(runs)
  table.insert(rows, 1, compare.heading("setting", runs))
  rows[#rows + 1] = compare.heading("", {})
  for _, row in ipairs(compare.results(runs)) do
    rows[#rows + 1] = row
  end
  columns.print(rows, { soft = soft(#runs + 1) })
end

local function check_file(path, runs)
  local inputs = {}
  for i, run in ipairs(runs) do
    inputs[i] = { name = "the samples of " .. run.name, path = run.picture }
  end
  output.check_all("compare", { { name = "-o", path = path, endings = compare.endings } }, inputs)
end

return function(list)
  local given, paths = arguments.split(list, RULES)
  if #paths < 2 then
    core.fail_usage("compare: expected two runs or more: neap compare RUN RUN [RUN ...] [-o FILE]")
  end
  local runs = compare.read(paths)
  check_file(given.out, runs)
  print_tables(runs)
  if given.out then
    compare.write(given.out, runs)
    output.announce(given.out)
  end
end
